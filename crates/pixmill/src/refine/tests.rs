//! The second pass with a fake renderer: when it runs, what it replaces, and what it leaves alone.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use bytes::Bytes;
use image_api::settings;
use result_cache::{PurgeScope, Refinement, clock};
use tokio::{sync::Notify, task::yield_now};
use vips_ops::{Refined, refine::Reason};

use super::Outcome;
use crate::{
    error::Error,
    model::{cache_status::CacheStatus, variant::ServedVariant},
    testing::{Core, Response},
};

const FIRST_MAX_AGE: Duration = Duration::from_secs(7);

fn settings() -> settings::Refine {
    settings::Refine {
        enabled: true,
        after: 3,
        first_max_age: FIRST_MAX_AGE,
        cpu_percent: 100,
        ..settings::Refine::default()
    }
}

/// A core whose second encodings are these bytes.
async fn core(settings: &settings::Refine, second: &'static [u8]) -> Core {
    let core = Core::refining(settings).await;
    *core.renderer.refined.lock() =
        Some(Refined::Saved { bytes: Bytes::from_static(second), scores: Some([80.0, 80.0]) });
    core
}

async fn serve(core: &Core, times: usize) -> ServedVariant {
    let mut served = None;
    for _ in 0..times {
        served = Some(core.variants.serve(core.request("width=20")).await.unwrap());
    }
    served.unwrap()
}

fn count(core: &Core, outcome: Outcome) -> u64 {
    core.refinement.as_ref().unwrap().outcomes()[outcome as usize].1
}

async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        yield_now().await;
    }
}

#[actix_web::test]
async fn the_second_encoding_replaces_the_first_after_enough_requests() {
    let core = core(&settings(), b"less").await;
    let first = serve(&core, 2).await;
    yield_now().await;
    assert_eq!((core.renderer.refinements.load(Relaxed), first.max_age), (0, Some(FIRST_MAX_AGE)));
    serve(&core, 1).await;
    until(|| count(&core, Outcome::Saved) == 1).await;
    let second = serve(&core, 10).await;
    assert_eq!(second.entry.body, b"less"[..]);
    let [one, two] = [&first.entry.meta, &second.entry.meta];
    assert_ne!(one.etag, two.etag);
    assert_eq!(
        (one.stored_at, one.lifetimes, one.generation),
        (two.stored_at, two.lifetimes, two.generation)
    );
    assert_eq!((&one.tags, two.refinement, second.max_age), (&two.tags, Refinement::Done, None));
    let refinement = core.refinement.as_ref().unwrap();
    assert_eq!((refinement.saved_bytes(), refinement.queued()), (4, 0));
    yield_now().await;
    assert_eq!(core.renderer.refinements.load(Relaxed), 1, "it is not refined twice");
}

#[actix_web::test]
async fn a_first_encoding_that_remains_is_not_tried_again() {
    for (reason, outcome) in [
        (Reason::NoGain, Outcome::NoGain),
        (Reason::Quality, Outcome::Quality),
        (Reason::Unsuitable, Outcome::Skipped),
    ] {
        let core = core(&settings(), b"").await;
        *core.renderer.refined.lock() = Some(Refined::Kept(reason));
        let first = serve(&core, 3).await;
        until(|| count(&core, outcome) == 1).await;
        let again = serve(&core, 10).await;
        assert_eq!((&again.entry.body, &again.entry.meta.etag), (&first.entry.body, &first.entry.meta.etag));
        assert_eq!((again.entry.meta.refinement, again.max_age), (Refinement::Done, None));
        yield_now().await;
        assert_eq!(core.renderer.refinements.load(Relaxed), 1);
    }
}

#[actix_web::test]
async fn a_failed_second_pass_leaves_the_first_encoding_for_good() {
    let core = core(&settings(), b"less").await;
    let first = serve(&core, 2).await;
    *core.renderer.error.lock() = Some(Error::RenderCrashed);
    serve(&core, 1).await;
    until(|| count(&core, Outcome::Failed) == 1).await;
    let again = serve(&core, 10).await;
    assert_eq!(again.entry.body, first.entry.body);
    assert_eq!(again.cache_status.name(), "hit-memory");
}

#[actix_web::test]
async fn a_variant_purged_meanwhile_is_not_brought_back() {
    let core = core(&settings(), b"less").await;
    let gate = Arc::new(Notify::new());
    *core.renderer.gate.lock() = Some(Arc::clone(&gate));
    serve(&core, 3).await;
    until(|| core.renderer.refinements.load(Relaxed) == 1).await;
    core.caches.coordinator.purge(PurgeScope::Everything).await.unwrap();
    gate.notify_one();
    until(|| count(&core, Outcome::Skipped) == 1).await;
    let built = serve(&core, 1).await;
    assert_eq!((built.cache_status, &built.entry.body[..]), (CacheStatus::Miss, &b"rendered"[..]));
}

#[actix_web::test]
async fn a_variant_of_another_version_is_left_alone() {
    let core = core(&settings(), b"less").await;
    serve(&core, 2).await;
    core.caches.cache.clear().await.unwrap();
    core.respond(Response::Picture { etag: "\"2\"", max_age: 60 });
    serve(&core, 1).await;
    until(|| count(&core, Outcome::Skipped) == 1).await;
    assert_eq!(serve(&core, 1).await.entry.body, b"rendered"[..]);
}

#[actix_web::test]
async fn a_refined_variant_of_an_unchanged_original_stays() {
    let core = core(&settings::Refine { after: 1, ..settings() }, b"less").await;
    serve(&core, 1).await;
    until(|| count(&core, Outcome::Saved) == 1).await;
    let second = serve(&core, 1).await;
    // as if its time had passed
    let hit = core.results.get(&key(&core), clock::now()).await.unwrap();
    let mut old = hit.entry.as_ref().clone();
    old.meta.lifetimes.fresh_for = Duration::ZERO;
    old.meta.lifetimes.stale_while_revalidate = Duration::ZERO;
    old.meta.lifetimes.kept_for = Duration::from_mins(5);
    core.results.put(key(&core), Arc::new(old)).await;
    let renewed = serve(&core, 1).await;
    assert_eq!(renewed.cache_status, CacheStatus::Miss);
    assert_eq!(
        (&renewed.entry.body, &renewed.entry.meta.etag),
        (&second.entry.body, &second.entry.meta.etag)
    );
    assert_eq!(core.renderer.renders.load(Relaxed), 1);
}

fn key(core: &Core) -> result_cache::Key {
    core.variants.key(&core.request("width=20"))
}

#[actix_web::test]
async fn work_that_yields_is_tried_again_and_not_forever() {
    let core = core(&settings(), b"less").await;
    serve(&core, 2).await;
    *core.renderer.error.lock() = Some(Error::Overloaded { retry_after: Duration::ZERO });
    serve(&core, 1).await;
    until(|| count(&core, Outcome::Yielded) == 5).await;
    let refinement = core.refinement.as_ref().unwrap();
    until(|| refinement.queued() == 0).await;
    *core.renderer.error.lock() = None;
    serve(&core, 3).await;
    until(|| count(&core, Outcome::Saved) == 1).await;
}

#[actix_web::test]
async fn the_queue_is_bounded() {
    let core = core(&settings::Refine { queue: 0, ..settings() }, b"less").await;
    serve(&core, 3).await;
    assert_eq!(count(&core, Outcome::Skipped), 1);
    assert_eq!(serve(&core, 1).await.entry.body, b"rendered"[..]);
}

#[actix_web::test]
async fn without_a_second_pass_nothing_is_counted_or_shortened() {
    let core = core(&settings::Refine::default(), b"less").await;
    assert_eq!(serve(&core, 20).await.max_age, None);
    assert!(core.refinement.is_none());
    assert_eq!(core.renderer.refinements.load(Relaxed), 0);
}

#[test]
fn rests_keep_the_share_of_time() {
    let shared =
        |cpu_percent| super::SharedRefinement::new(&settings::Refine { cpu_percent, ..settings() }).unwrap();
    let second = Duration::from_secs(1);
    assert_eq!(shared(25).rest(Outcome::Saved, second), 3 * second);
    assert_eq!(shared(100).rest(Outcome::Saved, second), Duration::ZERO);
    assert_eq!(shared(100).rest(Outcome::Yielded, Duration::ZERO), second);
}
