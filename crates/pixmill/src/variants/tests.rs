//! Variants with a fake origin and a fake renderer: coalescing, fallback to stale entries, errors that are not stored.

use std::sync::atomic::Ordering::Relaxed;

use bytes::Bytes;
use futures_util::future::{join_all, poll_immediate};
use result_cache::{PurgeScope, Tier};

use crate::{
    error::Error,
    model::{cache_status::CacheStatus, original::Storability},
    testing::{Core, JPEG, LONG, Response},
};

fn renders(core: &Core) -> usize {
    core.renderer.renders.load(Relaxed)
}

#[actix_web::test]
async fn a_miss_is_built_and_stored() {
    let core = Core::new().await;
    let built = core.variants.serve(core.request("width=20")).await.unwrap();
    assert_eq!(built.cache_status, CacheStatus::Miss);
    assert_eq!(built.entry.body, b"rendered"[..]);
    let hit = core.variants.serve(core.request("width=20")).await.unwrap();
    assert_eq!(hit.cache_status, CacheStatus::Hit(Tier::Memory));
    assert_eq!((hit.entry.meta.etag.clone(), renders(&core)), (built.entry.meta.etag.clone(), 1));
}

#[actix_web::test]
async fn concurrent_misses_share_one_build() {
    let core = Core::new().await;
    let gate = core.hold_fetches();
    let requests = join_all((0..10).map(|_| core.variants.serve(core.request("width=20"))));
    let release = async {
        while core.origin.fetches.get() == 0 {
            tokio::task::yield_now().await;
        }
        gate.notify_one();
    };
    let (served, ()) = tokio::join!(requests, release);
    let statuses: Vec<_> = served.into_iter().map(|served| served.unwrap().cache_status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == CacheStatus::Miss).count(), 1);
    assert_eq!(statuses.iter().filter(|status| **status == CacheStatus::Coalesced).count(), 9);
    assert_eq!((renders(&core), core.origin.fetches.get()), (1, 1));
}

#[actix_web::test]
async fn two_variants_share_one_fetch() {
    let core = Core::new().await;
    let (one, other) = tokio::join!(
        core.variants.serve(core.request("width=20")),
        core.variants.serve(core.request("width=10")),
    );
    assert!(one.is_ok() && other.is_ok());
    assert_eq!((renders(&core), core.origin.fetches.get()), (2, 1));
}

#[actix_web::test]
async fn a_build_goes_on_when_the_leader_leaves_and_ends_when_all_have_left() {
    let core = Core::new().await;
    let gate = core.hold_fetches();
    let mut leader = Box::pin(core.variants.serve(core.request("width=20")));
    let mut follower = Box::pin(core.variants.serve(core.request("width=20")));
    while core.origin.fetches.get() == 0 {
        assert!(poll_immediate(&mut leader).await.is_none());
        assert!(poll_immediate(&mut follower).await.is_none());
        tokio::task::yield_now().await;
    }
    drop(leader);
    gate.notify_one();
    assert_eq!(follower.await.unwrap().cache_status, CacheStatus::Coalesced);

    let mut alone = Box::pin(core.variants.serve(core.request("width=10")));
    core.respond(Response::NoStore);
    core.caches.coordinator.purge(PurgeScope::Everything).await.unwrap();
    while core.origin.fetches.get() == 1 {
        assert!(poll_immediate(&mut alone).await.is_none());
        tokio::task::yield_now().await;
    }
    drop(alone);
    while core.origin.abandoned.get() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(renders(&core), 1);
}

#[actix_web::test]
async fn a_stale_variant_is_served_at_once_and_refreshed() {
    let core = Core::new().await;
    core.respond(Response::Picture { etag: "\"1\"", max_age: 0 });
    core.variants.serve(core.request("width=20")).await.unwrap();
    core.respond(Response::Picture { etag: "\"2\"", max_age: 60 });
    let stale = core.variants.serve(core.request("width=20")).await.unwrap();
    assert_eq!(stale.cache_status, CacheStatus::Stale);
    loop {
        tokio::task::yield_now().await;
        let served = core.variants.serve(core.request("width=20")).await.unwrap();
        if served.cache_status == CacheStatus::Hit(Tier::Memory) {
            assert_ne!(served.entry.meta.etag, stale.entry.meta.etag);
            break;
        }
    }
    assert_eq!(renders(&core), 2);
}

#[actix_web::test]
async fn a_variant_of_an_unchanged_original_is_not_rendered_again() {
    let core = Core::new().await;
    core.respond(Response::Picture { etag: "\"1\"", max_age: 0 });
    core.variants.serve(core.request("width=20")).await.unwrap();
    core.respond(Response::Picture { etag: "\"1\"", max_age: 60 });
    while core.variants.serve(core.request("width=20")).await.unwrap().cache_status == CacheStatus::Stale {
        tokio::task::yield_now().await;
    }
    assert_eq!((renders(&core), core.origin.fetches.get()), (1, 2));
}

#[actix_web::test]
async fn a_failed_render_is_not_stored() {
    let core = Core::new().await;
    *core.renderer.error.lock() = Some(Error::RenderCrashed);
    let failed = core.variants.serve(core.request("width=20")).await;
    assert!(matches!(failed, Err(Error::RenderCrashed)));
    *core.renderer.error.lock() = None;
    let built = core.variants.serve(core.request("width=20")).await.unwrap();
    assert_eq!((built.cache_status, renders(&core)), (CacheStatus::Miss, 2));
}

#[actix_web::test]
async fn an_absence_is_an_error_for_every_variant_and_fetched_once() {
    let core = Core::new().await;
    core.respond(Response::NotFound);
    for query in ["width=20", "width=10", ""] {
        let error = core.variants.serve(core.request(query)).await.unwrap_err();
        assert!(matches!(error, Error::Absent { .. }), "{error}");
    }
    assert_eq!((renders(&core), core.origin.fetches.get()), (0, 1));
}

#[actix_web::test]
async fn an_overloaded_renderer_spares_the_origin() {
    let core = Core::new().await;
    *core.renderer.refusal.lock() = Some(Error::Overloaded { retry_after: LONG });
    let refused = core.variants.serve(core.request("width=20")).await;
    assert!(matches!(refused, Err(Error::Overloaded { .. })));
    assert_eq!(core.origin.fetches.get(), 0);
    let original = core.variants.serve(core.request("")).await.unwrap();
    assert_eq!(original.entry.body, JPEG, "the original needs no render");
}

#[actix_web::test]
async fn a_variant_of_what_must_not_be_stored_is_built_each_time() {
    let core = Core::new().await;
    core.respond(Response::NoStore);
    for _ in 0..2 {
        let served = core.variants.serve(core.request("width=20")).await.unwrap();
        assert_eq!((served.cache_status, served.storability), (CacheStatus::Miss, Storability::NotStorable));
    }
    assert_eq!(renders(&core), 2);
}

#[actix_web::test]
async fn a_purged_variant_is_built_again() {
    let core = Core::new().await;
    core.variants.serve(core.request("width=20")).await.unwrap();
    core.caches.coordinator.purge(PurgeScope::Everything).await.unwrap();
    let built = core.variants.serve(core.request("width=20")).await.unwrap();
    assert_eq!((built.cache_status, renders(&core)), (CacheStatus::Miss, 2));
}

#[actix_web::test]
async fn an_analysis_is_computed_once_for_all_variants() {
    let core = Core::new().await;
    for query in ["width=20&height=20&crop=face", "width=10&height=10&crop=face"] {
        core.variants.serve(core.request(query)).await.unwrap();
    }
    assert_eq!((renders(&core), core.renderer.analyses.load(Relaxed)), (2, 1));
}

#[actix_web::test]
async fn a_variant_of_an_upload_is_built_without_the_origin_and_not_stored() {
    let core = Core::new().await;
    let original = core.originals.uploaded(Bytes::from_static(JPEG)).await.unwrap();
    let deadline = std::time::Instant::now() + LONG;
    let built = core.variants.build_uploaded(core.request("width=20"), original, deadline).await.unwrap();
    assert_eq!((built.cache_status, core.origin.fetches.get()), (CacheStatus::Miss, 0));
    let served = core.variants.serve(core.request("width=20")).await.unwrap();
    assert_eq!(served.cache_status, CacheStatus::Miss);
}
