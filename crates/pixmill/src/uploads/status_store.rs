//! Storage of jobs' statuses and pictures in the results cache, for all nodes.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use result_cache::{CacheEntry, EntryMeta, Key, Lifetimes, clock};
use tokio::time::timeout;

use super::status::{JobId, JobState, JobStatus};
use crate::{cache_key::CacheKeys, model::variant::ServedVariant, state::Shared};

/// How long the end of a job waits for the disk.
const DISK_TIMEOUT: Duration = Duration::from_secs(5);

/// What was stored.
pub struct Written {
    key: Key,
    entry: Arc<CacheEntry>,
}

/// Stores the status of a job, for all nodes.
pub async fn store(shared: &Shared, status: &JobStatus) -> Written {
    let body = shared.jobs.encode(status);
    let meta = EntryMeta { content_type: "application/json".to_owned(), ..meta(shared) };
    write(shared, status_key(status.id, status.state()), CacheEntry { meta, body }).await
}

/// Stores the picture of a job that is stored nowhere else.
pub async fn store_result(shared: &Shared, id: JobId, answer: &ServedVariant) -> Written {
    let CacheEntry { meta: source, body } = &*answer.entry;
    let EntryMeta { status, stored_at, lifetimes, .. } = meta(shared);
    let meta = EntryMeta { status, stored_at, lifetimes, ..source.clone() };
    write(shared, result_key(id), CacheEntry { meta, body: body.clone() }).await
}

async fn write(shared: &Shared, key: Key, entry: CacheEntry) -> Written {
    let entry = Arc::new(entry);
    shared.caches.results.put_shared(key, Arc::clone(&entry)).await;
    Written { key, entry }
}

/// Waits until what was stored last of a job is on disk, where there is one, for five seconds at most. Under load the disk
/// cache drops entries: they are written again. Without that, a restart could lose how the job ended.
pub async fn wait_for_disk(shared: &Shared, id: JobId, all: &[Written]) {
    let on_disk = async {
        for Written { key, entry } in all {
            if !shared.caches.results.verify_stored(key, entry).await {
                return false;
            }
        }
        true
    };
    if !timeout(DISK_TIMEOUT, on_disk).await.unwrap_or(false) {
        tracing::warn!(job = %id, "the end of a job is not on disk: a restart loses it");
    }
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

fn status_key(id: JobId, state: JobState) -> Key {
    CacheKeys::job(&id.to_string(), state.name())
}

fn result_key(id: JobId) -> Key {
    CacheKeys::job(&id.to_string(), "result")
}

fn meta(shared: &Shared) -> EntryMeta {
    let lifetimes = Lifetimes { fresh_for: shared.config.uploads.status_ttl, ..Lifetimes::default() };
    let generation = shared.caches.coordinator.generation();
    EntryMeta { status: 200, stored_at: clock::now(), lifetimes, generation, ..EntryMeta::default() }
}
