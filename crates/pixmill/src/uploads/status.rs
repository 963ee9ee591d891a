//! A job that goes on after its request was answered: its id, what is known of it, and where that is kept.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use result_cache::{CacheEntry, EntryMeta, Lifetimes, clock};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{cache_key::CacheKeys, service::Answer, state::Shared};

/// Below this are the pages of jobs, on every listener with pictures.
pub const JOB_PREFIX: &str = "/async";

/// The name of a job: 122 random bits, which nobody guesses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct JobId(Uuid);

/// A state of a job's life.
///
/// Each has an entry of its own in the cache of answers, which is never changed: so a node that has read one does not
/// answer with it when the job is farther.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// It waits.
    Pending,
    /// It is worked on.
    Processing,
    /// It was done, or failed.
    Ended,
}

impl JobId {
    /// A new one.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// Reads one as it is written.
    pub fn parse(text: &str) -> Option<Self> {
        let id = Self(Uuid::try_parse(text).ok()?);
        (id.to_string() == text).then_some(id)
    }

    /// Where it can be read how the job goes.
    pub fn location(self) -> String {
        format!("{JOB_PREFIX}/{self}")
    }

    /// Where the picture of a job is that is kept nowhere else.
    pub fn result_location(self) -> String {
        format!("{JOB_PREFIX}/{self}/result")
    }

    /// What is said of a job that has not ended.
    pub fn unended(self, state: JobState) -> Value {
        let status = if state == JobState::Processing { "processing" } else { "pending" };
        json!({ "id": self.to_string(), "status": status, "location": self.location() })
    }

    /// What is said of a job that gave a picture.
    pub fn done(self, result: &str, stored: &[Value]) -> Value {
        let mut told = json!({
            "id": self.to_string(), "status": "done", "location": self.location(), "result": result,
        });
        if !stored.is_empty() {
            told["stored"] = stored.into();
        }
        told
    }

    /// What is said of a job that failed.
    pub fn failed(self, error: &Value) -> Value {
        json!({ "id": self.to_string(), "status": "failed", "location": self.location(), "error": error })
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0.simple().encode_lower(&mut Uuid::encode_buffer()))
    }
}

/// Remembers how far a job is, for all nodes.
pub async fn record(shared: &Shared, id: JobId, state: JobState, told: &Value) {
    let body = told.to_string().into();
    let key = CacheKeys::job(&id.to_string(), &format!("{state:?}"));
    let meta = EntryMeta { content_type: "application/json".to_owned(), ..meta(shared) };
    shared.results.put_shared(key, Arc::new(CacheEntry { meta, body })).await;
}

/// Keeps the picture of a job.
pub async fn keep_result(shared: &Shared, id: JobId, answer: &Answer) {
    let CacheEntry { meta: source, body } = &*answer.envelope;
    let EntryMeta { status, stored_at, lifetimes, .. } = meta(shared);
    let meta = EntryMeta { status, stored_at, lifetimes, ..source.clone() };
    let envelope = Arc::new(CacheEntry { meta, body: body.clone() });
    shared.results.put_shared(result_key(id), envelope).await;
}

/// What is known of a job: by this node if it is at work on it, else by all.
pub async fn look_up(shared: &Shared, id: JobId) -> Option<Bytes> {
    if let Some(state) = shared.jobs.state_of(id) {
        return Some(id.unended(state).to_string().into());
    }
    for state in [JobState::Ended, JobState::Processing, JobState::Pending] {
        let key = CacheKeys::job(&id.to_string(), &format!("{state:?}"));
        if let Some(hit) = shared.results.get(&key, clock::now()).await {
            return Some(hit.entry.body.clone());
        }
    }
    None
}

/// The picture of a job that is kept nowhere else.
pub async fn result(shared: &Shared, id: JobId) -> Option<result_cache::Hit> {
    shared.results.get(&result_key(id), clock::now()).await
}

fn result_key(id: JobId) -> result_cache::Key {
    CacheKeys::job(&id.to_string(), "result")
}

fn meta(shared: &Shared) -> EntryMeta {
    let lifetimes = Lifetimes { fresh_for: shared.config.uploads.status_ttl, ..Lifetimes::default() };
    let generation = shared.peers.generation();
    EntryMeta { status: 200, stored_at: clock::now(), lifetimes, generation, ..EntryMeta::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_they_are_written_and_not_otherwise() {
        let id = JobId::random();
        let text = id.to_string();
        assert_eq!((text.len(), JobId::parse(&text)), (32, Some(id)));
        assert_ne!(JobId::random(), id);
        for other in
            [text.to_uppercase(), format!("{{{text}}}"), id.0.hyphenated().to_string(), String::new()]
        {
            if other != text {
                assert_eq!(JobId::parse(&other), None, "{other}");
            }
        }
    }
}
