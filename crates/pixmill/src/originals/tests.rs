//! Originals with a fake origin: coalescing, validation, fallback to stale entries, negative caching.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::poll_immediate;
use result_cache::Lifetimes;

use crate::{
    error::Error,
    model::original::Storability,
    testing::{Core, JPEG, Response},
};

#[actix_web::test]
async fn concurrent_misses_share_one_fetch() {
    let core = Core::new().await;
    let gate = core.hold_fetches();
    let target = core.target("/a.jpg");
    let mut requests = Vec::new();
    for _ in 0..10 {
        let mut request = Box::pin(core.originals.get(&target));
        assert!(poll_immediate(&mut request).await.is_none());
        requests.push(request);
    }
    let wait = futures_util::future::join_all(requests);
    let release = async {
        while core.origin.fetches.get() == 0 {
            tokio::task::yield_now().await;
        }
        gate.notify_one();
    };
    let (originals, ()) = tokio::join!(wait, release);
    assert!(originals.iter().all(|original| original.as_ref().unwrap().entry.body == JPEG));
    assert_eq!(core.origin.fetches.get(), 1);
    core.originals.get(&target).await.unwrap();
    assert_eq!(core.origin.fetches.get(), 1, "the cache has it");
}

#[actix_web::test]
async fn other_originals_are_not_joined() {
    let core = Core::new().await;
    let (a, b) = (core.target("/a.jpg"), core.target("/b.jpg"));
    let (one, other) = tokio::join!(core.originals.get(&a), core.originals.get(&b));
    assert!(one.is_ok() && other.is_ok());
    assert_eq!(core.origin.fetches.get(), 2);
}

#[actix_web::test]
async fn a_fetch_ends_when_its_last_waiter_has_left() {
    let core = Core::new().await;
    let _gate = core.hold_fetches();
    let target = core.target("/a.jpg");
    let mut first = Box::pin(core.originals.get(&target));
    let mut second = Box::pin(core.originals.get(&target));
    while core.origin.fetches.get() == 0 {
        assert!(poll_immediate(&mut first).await.is_none());
        assert!(poll_immediate(&mut second).await.is_none());
        tokio::task::yield_now().await;
    }
    drop(first);
    tokio::task::yield_now().await;
    assert_eq!(core.origin.abandoned.get(), 0, "one still waits");
    drop(second);
    while core.origin.abandoned.get() == 0 {
        tokio::task::yield_now().await;
    }
}

#[actix_web::test]
async fn a_stale_original_is_validated() {
    let core = Core::new().await;
    let target = core.target("/a.jpg");
    core.respond(Response::Picture { etag: "\"1\"", max_age: 0 });
    core.originals.get(&target).await.unwrap();
    core.respond(Response::NotModified { etag: "\"1\"" });
    let original = core.originals.get(&target).await.unwrap();
    assert_eq!(original.entry.body, JPEG);
    let asked = core.origin.validators.borrow().clone().unwrap();
    assert_eq!(asked.etag.as_deref(), Some("\"1\""));
}

#[actix_web::test]
async fn a_stale_original_is_used_after_an_origin_error_and_the_origin_is_backed_off() {
    let core = Core::new().await;
    let target = core.target("/a.jpg");
    core.respond(Response::Picture { etag: "\"1\"", max_age: 0 });
    core.originals.get(&target).await.unwrap();
    core.respond(Response::Broken);
    for _ in 0..3 {
        let original = core.originals.get(&target).await.unwrap();
        assert_eq!(original.storability, Storability::Stale);
    }
    assert_eq!(core.origin.fetches.get(), 2, "the second failure would have been a third fetch");
}

#[actix_web::test]
async fn an_origin_error_is_not_cached() {
    let core = Core::new().await;
    let target = core.target("/a.jpg");
    core.respond(Response::Broken);
    assert!(matches!(core.originals.get(&target).await, Err(Error::Origin(_))));
    core.respond(Response::Picture { etag: "\"1\"", max_age: 60 });
    assert!(core.originals.get(&target).await.is_ok());
    assert_eq!(core.origin.fetches.get(), 2);
}

#[actix_web::test]
async fn an_absence_is_cached() {
    let core = Core::new().await;
    let target = core.target("/a.jpg");
    core.respond(Response::NotFound);
    for _ in 0..2 {
        let error = core.originals.get(&target).await.unwrap_err();
        let Error::Absent { fresh_for } = error else { panic!("{error}") };
        assert!(fresh_for > Duration::from_secs(5), "{fresh_for:?}");
    }
    assert_eq!(core.origin.fetches.get(), 1);
}

#[actix_web::test]
async fn what_must_not_be_stored_is_fetched_each_time() {
    let core = Core::new().await;
    let target = core.target("/a.jpg");
    core.respond(Response::NoStore);
    for _ in 0..2 {
        let original = core.originals.get(&target).await.unwrap();
        assert_eq!(original.storability, Storability::NotStorable);
    }
    assert_eq!(core.origin.fetches.get(), 2);
}

#[actix_web::test]
async fn a_stored_upload_replaces_what_the_origin_has() {
    let core = Core::new().await;
    let target = core.target("/a.jpg");
    let upload = core.originals.uploaded(Bytes::from_static(b"uploaded")).await.unwrap();
    assert_eq!(upload.storability, Storability::NotStorable);
    let lifetimes = Lifetimes { fresh_for: Duration::from_hours(1), ..Lifetimes::default() };
    core.originals.store_uploaded(&target, &upload, lifetimes).await.unwrap();
    let original = core.originals.get(&target).await.unwrap();
    assert_eq!(original.entry.body, b"uploaded"[..]);
    assert_eq!(core.origin.fetches.get(), 0);
}
