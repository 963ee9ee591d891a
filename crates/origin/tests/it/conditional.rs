//! Conditional requests, and what responses state about caching.

use std::time::Duration;

use origin::{ErrorKind, Fetched, Validators};

use crate::{
    body, config, fetch, open, path,
    server::{Server, empty, ok, say},
};

const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

fn known(etag: Option<&str>, last_modified: Option<&str>) -> Validators {
    Validators { etag: etag.map(str::to_owned), last_modified: last_modified.map(str::to_owned) }
}

#[actix_rt::test]
async fn an_original_brings_its_validators() {
    let server = Server::start(|_| {
        let headers = format!(
            "ETag: W/\"v1\"\r\nLast-Modified: {DATE}\r\nContent-Type: image/webp\r\nAge: 10\r\n\
             Cache-Control: public, max-age=60\r\nCache-Control: stale-if-error=5\r\n"
        );
        ok(&headers, "picture")
    })
    .await;
    let original = fetch(&open(&config(server.url())), "/a").await.unwrap();
    assert_eq!(original.validators, known(Some("W/\"v1\""), Some(DATE)));
    assert_eq!(original.content_type.as_deref(), Some("image/webp"));
    assert_eq!(original.cache_policy.remaining(), Some(Duration::from_secs(50)));
    assert_eq!(original.cache_policy.stale_if_error, Some(Duration::from_secs(5)));
    assert!(!original.elapsed.is_zero());
    let request = &server.requests()[0];
    assert_eq!((request.header("if-none-match"), request.header("if-modified-since")), (None, None));
}

#[actix_rt::test]
async fn a_known_version_makes_the_request_conditional() {
    let server = Server::start(|request| match request.header("if-none-match") {
        Some("\"v1\"") => empty(304, "Cache-Control: max-age=9\r\nETag: \"v1\"\r\n"),
        _ => ok("ETag: \"v2\"\r\n", "new"),
    })
    .await;
    let origin = open(&config(server.url()));
    let current = known(Some("\"v1\""), Some(DATE));
    let Fetched::NotModified(unchanged) = origin.fetch(&path("/a"), Some(&current)).await.unwrap() else {
        panic!("expected not modified")
    };
    assert_eq!(unchanged.validators, current);
    assert_eq!(unchanged.cache_policy.lifetime(), Some(Duration::from_secs(9)));
    assert_eq!(server.requests()[0].header("if-modified-since"), Some(DATE));

    let old = known(Some("\"v0\""), None);
    let Fetched::Modified(original) = origin.fetch(&path("/a"), Some(&old)).await.unwrap() else {
        panic!("expected the new version")
    };
    assert_eq!((original.body.as_ref(), original.validators.etag.as_deref()), (&b"new"[..], Some("\"v2\"")));
    assert_eq!(server.requests()[1].header("if-modified-since"), None);
    assert_eq!(server.connections(), 1);
}

#[actix_rt::test]
async fn not_modified_without_a_condition_is_invalid() {
    let server = Server::start(|_| empty(304, "")).await;
    let origin = open(&config(server.url()));
    assert_eq!(fetch(&origin, "/a").await.unwrap_err().kind(), ErrorKind::Broken);
    let error = origin.fetch(&path("/a"), Some(&Validators::default())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Broken);
}

#[actix_rt::test]
async fn not_modified_that_states_the_length_of_the_body_it_leaves_out() {
    let server = Server::start(|request| match request.header("if-none-match") {
        Some(_) => say("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n"),
        None => ok("", "picture"),
    })
    .await;
    let origin = open(&config(server.url()));
    let fetched = origin.fetch(&path("/a"), Some(&known(Some("\"v1\""), None))).await.unwrap();
    assert!(matches!(fetched, Fetched::NotModified(_)));
    assert_eq!(body(&origin, "/a").await, "picture");
}

#[actix_rt::test]
async fn an_invalid_validator_is_an_error_and_no_panic() {
    let server = Server::start(|_| ok("", "picture")).await;
    let origin = open(&config(server.url()));
    let error = origin.fetch(&path("/a"), Some(&known(Some("\"a\r\nX: y\""), None))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Broken);
    assert!(server.requests().is_empty());
}

#[actix_rt::test]
async fn an_invalid_date_is_dropped() {
    for (date, kept) in [
        (DATE, true),
        ("Sunday, 06-Nov-94 08:49:37 GMT", true),
        ("Sun Nov  6 08:49:37 1994", true),
        ("yesterday", false),
        ("0", false),
        ("1994-11-06T08:49:37Z", false),
        ("Sun, 06 Nov 1994 08:49:37 +0000", false),
        ("Sun, 32 Nov 1994 08:49:37 GMT", false),
    ] {
        let server = Server::start(move |_| ok(&format!("Last-Modified: {date}\r\n"), "picture")).await;
        let original = fetch(&open(&config(server.url())), "/a").await.unwrap();
        assert_eq!(original.validators, known(None, kept.then_some(date)), "{date}");
    }
}
