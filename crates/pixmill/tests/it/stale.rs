//! Stale entries: when they are served, and when they are refreshed.

use std::time::Duration;

use crate::{
    client::get,
    fake_origin::{FakeOrigin, Reply},
    setup::{sample, serve, serve_origin, until},
};

const TARGET: &str = "/a.jpg?width=100";

fn reply(name: &str, cache_control: &'static str) -> Reply {
    Reply::ok(&sample(name)).with("cache-control", cache_control)
}

#[actix_web::test]
async fn stale_while_revalidate() {
    let origin = FakeOrigin::start(reply("china.jpg", "max-age=0, stale-while-revalidate=600"));
    let server = serve_origin(&origin).await;
    let old = get(server.address, TARGET).await;
    assert_eq!(old.outcome(), (200, "miss"));
    assert_eq!(old.header("cache-control").split(", ").nth(2), Some("stale-while-revalidate=600"));
    origin.set_reply(reply("flower.jpg", "max-age=600"));
    origin.hold();
    let stale = get(server.address, TARGET).await;
    assert_eq!((stale.outcome(), stale.header("etag")), ((200, "stale"), old.header("etag")));
    origin.wait_for_requests(2).await;
    origin.release();
    until(async || get(server.address, TARGET).await.header("x-cache") == "hit-memory").await;
    assert_ne!(get(server.address, TARGET).await.header("etag"), old.header("etag"));
    assert_eq!(origin.request_count(), 2);
}

#[actix_web::test]
async fn stale_if_error() {
    let origin =
        FakeOrigin::start(reply("china.jpg", "max-age=0, stale-while-revalidate=0, stale-if-error=600"));
    let server = serve_origin(&origin).await;
    let old = get(server.address, TARGET).await;
    origin.set_reply(Reply::status(500));
    let stale = get(server.address, TARGET).await;
    assert_eq!((stale.outcome(), stale.header("etag")), ((200, "stale"), old.header("etag")));
    assert_eq!((server.pool().load().begun, origin.request_count()), (1, 2));
    let variant = get(server.address, "/a.jpg?width=120").await;
    assert_eq!(variant.outcome(), (200, "stale"), "made of the old original");
    assert_eq!(get(server.address, "/a.jpg?width=120").await.body, variant.body);
    assert_eq!(server.pool().load().begun, 2, "and not made twice");
    origin.set_reply(Reply::status(404));
    assert_eq!(get(server.address, TARGET).await.status, 404, "gone is not broken");
}

#[actix_web::test]
async fn no_store_after_revalidation_removes_the_entry() {
    for (name, value) in [("cache-control", "no-store"), ("cache-control", "private"), ("vary", "*")] {
        for changed in [true, false] {
            let tagged = |reply: Reply| reply.with("etag", "\"v1\"");
            let first =
                tagged(reply("china.jpg", "max-age=0, stale-while-revalidate=600, stale-if-error=600"));
            let origin = FakeOrigin::start(first);
            let server = serve_origin(&origin).await;
            let old = get(server.address, TARGET).await;
            let other =
                Reply::ok(&sample(if changed { "flower.jpg" } else { "china.jpg" })).with(name, value);
            let unchanged = Reply::status(304).with("etag", "\"v1\"").with(name, value);
            origin.set_reply(if changed { other } else { unchanged });
            assert_eq!(get(server.address, TARGET).await.outcome(), (200, "stale"));
            until(async || origin.request_count() == 2).await;
            origin.set_reply(Reply::ok(&sample("flower.jpg")).with(name, value));
            until(async || get(server.address, TARGET).await.header("x-cache") == "miss").await;
            let new = get(server.address, TARGET).await;
            assert_eq!(
                (new.outcome(), new.header("cache-control")),
                ((200, "miss"), "no-store"),
                "{name}: {value}"
            );
            assert_ne!(new.body, old.body, "{name}: {value}");
        }
    }
}

#[actix_web::test]
async fn originals_removed_from_the_origin_are_not_served() {
    for taken_back in [404, 403] {
        let origin =
            FakeOrigin::start(reply("china.jpg", "max-age=0, stale-while-revalidate=0, stale-if-error=600"));
        let server = serve(&origin.url, |config| config.cache.negative_ttl = Duration::ZERO).await;
        assert_eq!(get(server.address, TARGET).await.status, 200);
        origin.set_reply(Reply::status(taken_back));
        assert_eq!(get(server.address, TARGET).await.status, taken_back);
        origin.set_reply(Reply::status(500));
        assert_eq!(get(server.address, TARGET).await.status, 502, "after a {taken_back}");
    }
}

#[actix_web::test]
async fn a_stale_variant_is_served_without_its_cached_original() {
    let origin =
        FakeOrigin::start(reply("china.jpg", "max-age=0, stale-while-revalidate=0, stale-if-error=600"));
    let server = serve(&origin.url, |config| config.cache.originals.enabled = false).await;
    let old = get(server.address, TARGET).await;
    origin.set_reply(Reply::status(500));
    let stale = get(server.address, TARGET).await;
    assert_eq!((stale.outcome(), stale.header("etag")), ((200, "stale"), old.header("etag")));
    assert_eq!(get(server.address, "/a.jpg?width=120").await.status, 502);
}

#[actix_web::test]
async fn an_unchanged_original_is_not_rendered_again() {
    let stale_soon = "max-age=0, stale-while-revalidate=0, stale-if-error=600";
    let origin = FakeOrigin::start(reply("china.jpg", stale_soon).with("etag", "\"1\""));
    let server = serve_origin(&origin).await;
    let old = get(server.address, TARGET).await;
    origin.set_reply(Reply::status(304).with("cache-control", "max-age=600"));
    let renewed = get(server.address, TARGET).await;
    assert_eq!((renewed.status, renewed.header("etag")), (200, old.header("etag")));
    assert!(renewed.header("cache-control").starts_with("public, max-age=600"));
    assert_eq!(origin.last_if_none_match().as_deref(), Some("\"1\""));
    assert_eq!(get(server.address, TARGET).await.outcome(), (200, "hit-memory"));
    assert_eq!((server.pool().load().begun, origin.request_count()), (1, 2));
}

#[actix_web::test]
async fn a_changed_original_is_rendered_again() {
    let origin = FakeOrigin::start(
        reply("china.jpg", "max-age=0, stale-while-revalidate=0, stale-if-error=9").with("etag", "\"1\""),
    );
    let server = serve_origin(&origin).await;
    let old = get(server.address, TARGET).await;
    origin.set_reply(reply("flower.jpg", "max-age=600").with("etag", "\"2\""));
    let new = get(server.address, TARGET).await;
    assert_eq!(new.outcome(), (200, "miss"));
    assert!(new.header("etag") != old.header("etag") && new.body != old.body);
}

#[actix_web::test]
async fn absences_are_cached_for_a_short_time() {
    for status in [404, 410] {
        let origin = FakeOrigin::start(Reply::status(status));
        let server = serve(&origin.url, |config| config.cache.negative_ttl = Duration::from_mins(1)).await;
        for target in [TARGET, "/a.jpg", TARGET] {
            let answer = get(server.address, target).await;
            assert_eq!((answer.status, &answer.json()["error"]["code"]), (404, &"not_found".into()));
            let left = answer.header("cache-control").strip_prefix("public, max-age=").unwrap();
            assert!((1..=60).contains(&left.parse::<u64>().unwrap()), "{left} of 60 s");
        }
        assert_eq!(origin.request_count(), 1);
    }
}

#[actix_web::test]
async fn failures_are_not_cached() {
    let origin = FakeOrigin::start(Reply::status(500));
    let server = serve_origin(&origin).await;
    let broken = get(server.address, TARGET).await;
    assert_eq!((broken.status, broken.header("cache-control")), (502, "no-store"));
    origin.set_reply(reply("china.jpg", "max-age=600"));
    assert_eq!(get(server.address, TARGET).await.outcome(), (200, "miss"));
}

#[actix_web::test]
async fn no_store_is_honoured() {
    for cache_control in ["no-store", "private, max-age=600"] {
        let origin = FakeOrigin::start(reply("china.jpg", cache_control));
        let server = serve_origin(&origin).await;
        for _ in 0..2 {
            let answer = get(server.address, TARGET).await;
            assert_eq!((answer.outcome(), answer.header("cache-control")), ((200, "miss"), "no-store"));
        }
        assert_eq!(origin.request_count(), 2);
    }
}
