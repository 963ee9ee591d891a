//! `Cache-Control` of origins: its effect on this cache, on downstream shared caches, and on browsers.

use std::time::Duration;

use crate::{
    client::get,
    fake_origin::{FakeOrigin, Reply},
    setup::{sample, serve, serve_origin},
};

const TARGET: &str = "/a.jpg?width=100";

fn picture() -> Reply {
    Reply::ok(&sample("china.jpg"))
}

fn with(headers: &[(&str, &str)]) -> Reply {
    headers.iter().fold(picture(), |reply, (name, value)| reply.with(name, value))
}

#[actix_web::test]
async fn directives_apply_to_their_cache_only() {
    let stale = "stale-while-revalidate=3600, stale-if-error=86400";
    for (headers, expected) in [
        (&[("cache-control", "max-age=60")][..], format!("public, max-age=60, {stale}")),
        (&[("cache-control", "s-maxage=600")], "public, s-maxage=600".to_owned()),
        (&[("cache-control", "s-maxage=600, max-age=60")], "public, max-age=60, s-maxage=600".to_owned()),
        (
            &[("cache-control", "max-age=60"), ("cache-control", "S-MaxAge=\"600\"")],
            "public, max-age=60, s-maxage=600".to_owned(),
        ),
        (
            &[("cache-control", "s-maxage=600, max-age=60"), ("age", "20")],
            "public, max-age=40, s-maxage=580".to_owned(),
        ),
        (
            &[("cache-control", "s-maxage=600, stale-if-error=9")],
            "public, s-maxage=600, stale-if-error=9".to_owned(),
        ),
        (
            &[("cache-control", "max-age=60, must-revalidate")],
            "public, max-age=60, must-revalidate".to_owned(),
        ),
        (
            &[("cache-control", "max-age=60, proxy-revalidate, stale-if-error=9")],
            "public, max-age=60, proxy-revalidate".to_owned(),
        ),
        (&[("cache-control", "no-cache, max-age=60")], "public, max-age=0, no-cache".to_owned()),
        (&[("expires", "0")], "public, max-age=0".to_owned()),
        (&[("expires", "Thu, 01 Jan 1970 00:00:00 GMT")], "public, max-age=0".to_owned()),
        (&[("vary", "Accept, *"), ("cache-control", "max-age=60")], "no-store".to_owned()),
        (&[("vary", "Accept")], format!("public, max-age=86400, {stale}")),
    ] {
        let origin = FakeOrigin::start(with(headers));
        let server = serve_origin(&origin).await;
        for target in [TARGET, "/a.jpg"] {
            assert_eq!(get(server.address, target).await.header("cache-control"), expected, "{headers:?}");
        }
    }
}

#[actix_web::test]
async fn directives_that_forbid_stale_responses_are_honoured() {
    for (name, value) in [
        ("cache-control", "no-cache"),
        ("cache-control", "no-cache, stale-if-error=600, stale-while-revalidate=600"),
        ("cache-control", "max-age=0, must-revalidate"),
        ("cache-control", "max-age=0, proxy-revalidate, stale-if-error=600"),
        ("cache-control", "s-maxage=0"),
        ("expires", "0"),
    ] {
        let origin = FakeOrigin::start(with(&[(name, value), ("etag", "\"1\"")]));
        let server = serve(&origin.url, |config| config.cache.origin_pause = Duration::from_hours(1)).await;
        let old = get(server.address, TARGET).await;
        assert_eq!(old.outcome(), (200, "miss"), "{value}");
        // not modified: neither sent nor rendered again
        origin.set_reply(Reply::status(304));
        let same = get(server.address, TARGET).await;
        assert_eq!((same.status, same.header("etag")), (200, old.header("etag")), "{value}");
        assert_eq!(same.header("cache-control"), old.header("cache-control"), "{value}: 304 without headers");
        assert_eq!(origin.last_if_none_match().as_deref(), Some("\"1\""), "{value}");
        assert_eq!((server.pool().load().begun, origin.request_count()), (1, 2), "{value}");
        // an origin error: reported, and the origin is requested each time
        origin.set_reply(Reply::status(500));
        for target in [TARGET, "/a.jpg?width=120", TARGET] {
            assert_eq!(get(server.address, target).await.status, 502, "{value}");
        }
        assert_eq!(origin.request_count(), 5, "{value}");
        origin.set_reply(with(&[(name, value), ("etag", "\"2\"")]));
        assert_eq!(get(server.address, TARGET).await.outcome(), (200, "miss"), "{value}");
    }
}

#[actix_web::test]
async fn not_modified_without_headers_keeps_the_lifetimes() {
    let first = with(&[("cache-control", "max-age=0, stale-if-error=600"), ("etag", "\"1\"")]);
    let origin = FakeOrigin::start(first);
    let server = serve(&origin.url, |config| config.cache.stale_while_revalidate = Duration::ZERO).await;
    let old = get(server.address, TARGET).await.header("cache-control").to_owned();
    assert_eq!(old, "public, max-age=0, stale-if-error=600");
    for (reply, expected) in [
        (Reply::status(304), old.as_str()),
        (
            Reply::status(304).with("cache-control", "max-age=0, must-revalidate"),
            "public, max-age=0, must-revalidate",
        ),
        (Reply::status(304), "public, max-age=0, must-revalidate"),
        (Reply::status(304).with("cache-control", "s-maxage=0, max-age=7"), "public, max-age=7, s-maxage=0"),
    ] {
        origin.set_reply(reply);
        assert_eq!(get(server.address, TARGET).await.header("cache-control"), expected);
    }
}

#[actix_web::test]
async fn the_strictest_cache_control_of_all_pictures_applies() {
    let origin = FakeOrigin::start(with(&[("cache-control", "max-age=600")]));
    let logo = Reply::ok(&sample("pixmill-logo.svg"));
    let server = serve_origin(&origin).await;
    for (number, (overlay, expected)) in [
        ("max-age=60, must-revalidate", "public, max-age=60, must-revalidate"),
        ("s-maxage=900", "public, max-age=600, s-maxage=600"),
        ("s-maxage=60, max-age=5", "public, max-age=5, s-maxage=60"),
        ("no-cache", "public, max-age=0, no-cache"),
        ("private", "no-store"),
    ]
    .into_iter()
    .enumerate()
    {
        let path = format!("/logo{number}.svg");
        origin.set_reply_at(&path, logo.clone().with("cache-control", overlay));
        for mark in [path.clone(), format!("{path}%3Fwidth=9")] {
            let answer = get(server.address, &format!("/a.jpg?width=100&mark={mark}")).await;
            // an overlay is fetched slightly earlier or later than the original, and fractions of a second are rounded down
            let told = answer.header("cache-control").replace("=59", "=60").replace("=4,", "=5,");
            assert_eq!((answer.status, told.as_str()), (200, expected), "{overlay} {mark}");
        }
    }
}

#[actix_web::test]
async fn invalid_dates_are_not_passed_on() {
    for (date, expected) in [
        ("Sun, 06 Nov 1994 08:49:37 GMT", Some("Sun, 06 Nov 1994 08:49:37 GMT")),
        ("Sunday, 06-Nov-94 08:49:37 GMT", Some("Sun, 06 Nov 1994 08:49:37 GMT")),
        ("1994-11-06", None),
        ("0", None),
    ] {
        let origin = FakeOrigin::start(with(&[("last-modified", date)]));
        let server = serve_origin(&origin).await;
        for target in [TARGET, "/a.jpg"] {
            assert_eq!(get(server.address, target).await.find("last-modified"), expected, "{date}");
        }
    }
}

#[actix_web::test]
async fn wrong_content_codings_are_tolerated() {
    let gzipped = gzip(&sample("pixmill-logo.svg"));
    for (body, coding, status) in [
        (sample("china.jpg"), "aws-chunked", 200),
        (sample("china.jpg"), "gzip", 200),
        (sample("chelsea.png"), "br", 200),
        (sample("mill.webp"), "utf-8", 200),
        (gzipped, "gzip", 200),
        (bytes::Bytes::from_static(b"not a picture"), "aws-chunked", 502),
        (bytes::Bytes::from_static(b"not a picture"), "gzip", 502),
    ] {
        let origin =
            FakeOrigin::start(Reply::ok(&body).with("content-encoding", coding).with("etag", "\"1\""));
        let server = serve_origin(&origin).await;
        for target in [TARGET, "/a.jpg"] {
            let answer = get(server.address, target).await;
            assert_eq!((answer.status, answer.find("content-encoding")), (status, None), "{coding}");
        }
    }
}

/// Gzip with stored blocks (RFC 1952): a header, blocks of up to 65,535 bytes, a checksum and the length.
fn gzip(plain: &[u8]) -> bytes::Bytes {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let blocks: Vec<_> = plain.chunks(0xffff).collect();
    for (number, block) in blocks.iter().enumerate() {
        out.push(u8::from(number + 1 == blocks.len()));
        let length = block.len() as u16;
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend_from_slice(block);
    }
    let mut sum = !0_u32;
    for byte in plain {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 };
        }
    }
    out.extend((!sum).to_le_bytes());
    out.extend((plain.len() as u32).to_le_bytes());
    out.into()
}
