//! The second pass of one variant: from its entry in the caches to a smaller one.

use std::{
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::rt;
use futures_util::{FutureExt, future::LocalBoxFuture};
use result_cache::{CacheEntry, EntryMeta, Key, Refinement, clock};
use vips_ops::{Refined, refine::Reason};

use super::{Variants, content::QUALITY};
use crate::{
    cache_key::{CacheKeys, refined_etag},
    coalescing::distributed::{Claim, Publication, claim},
    error::Error,
    model::variant::{VariantJob, VariantRequest},
    refine::{Candidate, Ended, Outcome, RefineVariant},
    render::{Class, Done},
};

impl RefineVariant for Rc<Variants> {
    fn refine<'a>(&'a self, candidate: &'a Candidate) -> LocalBoxFuture<'a, Ended> {
        self.refined(candidate).boxed_local()
    }
}

impl Variants {
    /// Refines a variant whose turn it is, if it is still fresh and not refined yet, here or by another node.
    async fn refined(self: &Rc<Self>, candidate: &Candidate) -> Ended {
        let Candidate { request, key, .. } = candidate;
        let known = self.store.look_up(key).await;
        let hit = known.hit.as_ref().filter(|hit| known.is_fresh(&hit.entry));
        let Some(first) = hit.map(|hit| Arc::clone(&hit.entry)).filter(|entry| is_pending(entry)) else {
            return Outcome::Skipped.into();
        };
        let (cache, coordinator) = (&self.store.cache, &self.store.coordinator);
        let done_elsewhere =
            async || cache.shared_entry(key, clock::now()).await.filter(|entry| !is_pending(entry));
        match claim(coordinator, cache, CacheKeys::refinement(key), done_elsewhere).await {
            Claim::Found(_) => Outcome::Skipped.into(),
            Claim::Granted(publication) => self.encode_again(request, *key, &first, publication).await,
        }
    }

    async fn encode_again(
        self: &Rc<Self>,
        request: &VariantRequest,
        key: Key,
        first: &Arc<CacheEntry>,
        publication: Publication,
    ) -> Ended {
        let Some(etag) = first.meta.etag.as_deref() else { return Outcome::Skipped.into() };
        let job = self.refinement_job(request, key);
        let (second, ended) = match self.builder.refine(&job, (&first.body, etag), self).await {
            Ok(None) => return Outcome::Skipped.into(),
            Ok(Some(Done { value: Refined::Saved { bytes, .. }, waited })) => {
                let saved = first.body.len().saturating_sub(bytes.len());
                let second = CacheEntry { meta: refined(&first.meta, etag, &bytes), body: bytes };
                (second, Ended { outcome: Outcome::Saved, saved, waited })
            }
            Ok(Some(Done { value: Refined::Kept(reason), waited })) => {
                (kept(first), Ended { waited, ..outcome(reason).into() })
            }
            Err(error) if yielded(&error, job.deadline) => return Outcome::Yielded.into(),
            Err(error) => {
                tracing::debug!(%error, original = %job.identity, "a result was not refined");
                if error.excuses_stale() && !is_deadline(&error) {
                    return Outcome::Failed.into();
                }
                (kept(first), Outcome::Failed.into())
            }
        };
        if !self.store.cache.replace(key, first, Arc::new(second)).await {
            return Outcome::Skipped.into();
        }
        publication.publish(key);
        if ended.outcome == Outcome::Saved {
            let cache = self.store.cache.clone();
            rt::spawn(async move { cache.announce_replacement(&key).await });
        }
        ended
    }

    fn refinement_job(&self, request: &VariantRequest, key: Key) -> VariantJob {
        // overlays with parameters may be joined by requests, which must not wait for idle workers
        let request = VariantRequest { class: Class::Warming, ..request.clone() };
        let identity = self.names.origins.identity(&request.target);
        let deadline = Instant::now() + self.deadline;
        VariantJob { request, key, coalescing_key: key, identity, stale: None, uploaded: None, deadline }
    }
}

fn is_pending(entry: &CacheEntry) -> bool {
    entry.meta.refinement == Refinement::Pending
}

/// Whether the work stopped, or was not begun, because of other work.
fn yielded(error: &Error, deadline: Instant) -> bool {
    match error {
        Error::Overloaded { .. } => true,
        _ => is_deadline(error) && Instant::now() + LATE < deadline,
    }
}

fn is_deadline(error: &Error) -> bool {
    matches!(error, Error::Deadline | Error::Image(vips_ops::Error::Deadline))
}

/// What ends this long before its deadline was stopped for other work.
const LATE: Duration = Duration::from_millis(200);

fn outcome(reason: Reason) -> Outcome {
    match reason {
        Reason::NoGain => Outcome::NoGain,
        Reason::Quality => Outcome::Quality,
        Reason::Unsuitable => Outcome::Skipped,
    }
}

/// The first encoding, which remains.
fn kept(first: &CacheEntry) -> CacheEntry {
    let meta = EntryMeta { refinement: Refinement::Done, ..first.meta.clone() };
    CacheEntry { meta, body: first.body.clone() }
}

/// The metadata of the second encoding. Lifetimes, tags and generation are those of the first: it is as fresh, and what purges the
/// one purges the other. Without a date: that could not tell the two encodings from each other.
fn refined(first: &EntryMeta, etag: &str, bytes: &[u8]) -> EntryMeta {
    let mut meta = EntryMeta {
        etag: Some(refined_etag(etag, bytes)),
        last_modified: None,
        refinement: Refinement::Done,
        ..first.clone()
    };
    // the quality is another one now
    meta.headers.retain(|(name, _)| name != QUALITY);
    meta
}
