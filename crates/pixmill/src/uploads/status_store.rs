//! Storage of jobs' statuses and pictures in the results cache, for all nodes.

use std::sync::Arc;

use bytes::Bytes;
use result_cache::{CacheEntry, EntryMeta, Lifetimes, clock};

use super::status::{JobId, JobState, JobStatus};
use crate::{cache_key::CacheKeys, model::variant::ServedVariant, state::Shared};

/// Stores the status of a job, for all nodes. Waits until a final status is on disk, where there is one: under load the disk
/// cache drops entries, and nobody would ever learn how the job ended.
pub async fn store(shared: &Shared, status: &JobStatus) {
    let body = shared.jobs.encode(status);
    let meta = EntryMeta { content_type: "application/json".to_owned(), ..meta(shared) };
    let (key, entry) = (status_key(status.id, status.state()), Arc::new(CacheEntry { meta, body }));
    let results = &shared.caches.results;
    results.put_shared(key, Arc::clone(&entry)).await;
    if status.state() == JobState::Ended && !results.verify_stored(&key, &entry).await {
        tracing::warn!(job = %status.id, "the final status of a job could not be stored");
    }
}

/// Stores the picture of a job that is stored nowhere else.
pub async fn store_result(shared: &Shared, id: JobId, answer: &ServedVariant) {
    let CacheEntry { meta: source, body } = &*answer.entry;
    let EntryMeta { status, stored_at, lifetimes, .. } = meta(shared);
    let meta = EntryMeta { status, stored_at, lifetimes, ..source.clone() };
    let envelope = Arc::new(CacheEntry { meta, body: body.clone() });
    shared.caches.results.put_shared(result_key(id), envelope).await;
}

/// The encoded status of a job: from this node's queue if the job is in it, else from the cache that nodes share.
pub async fn load(shared: &Shared, id: JobId) -> Option<Bytes> {
    if let Some(state) = shared.jobs.state_of(id) {
        return Some(shared.jobs.encode(&JobStatus::unfinished(id, state)));
    }
    for state in [JobState::Ended, JobState::Processing, JobState::Pending] {
        if let Some(hit) = shared.caches.results.get(&status_key(id, state), clock::now()).await {
            return Some(hit.entry.body.clone());
        }
    }
    None
}

/// The picture of a job that is stored nowhere else.
pub async fn load_result(shared: &Shared, id: JobId) -> Option<result_cache::Hit> {
    shared.caches.results.get(&result_key(id), clock::now()).await
}

fn status_key(id: JobId, state: JobState) -> result_cache::Key {
    CacheKeys::job(&id.to_string(), state.name())
}

fn result_key(id: JobId) -> result_cache::Key {
    CacheKeys::job(&id.to_string(), "result")
}

fn meta(shared: &Shared) -> EntryMeta {
    let lifetimes = Lifetimes { fresh_for: shared.config.uploads.status_ttl, ..Lifetimes::default() };
    let generation = shared.caches.coordinator.generation();
    EntryMeta { status: 200, stored_at: clock::now(), lifetimes, generation, ..EntryMeta::default() }
}
