//! The status of an asynchronous job: its id and its progress.

use std::{fmt, time::Duration};

use uuid::Uuid;

use super::job::QueuedBy;
use crate::error::Error;

/// Prefix of the paths of job pages, on every listener that serves pictures.
pub const JOB_PREFIX: &str = "/async";

/// The id of a job: 122 random bits, which cannot be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct JobId(Uuid);

/// A stage of a job.
///
/// The status of each stage has a cache entry of its own that never changes. A node that has cached the status of an
/// earlier stage therefore does not respond with it once the job is in a later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// Waiting in the queue.
    Pending,
    /// In progress.
    Processing,
    /// Done or failed.
    Ended,
}

/// The status of a job, as `/async/{id}` shows it.
#[derive(Debug)]
pub struct JobStatus {
    /// The job.
    pub id: JobId,
    /// Its progress.
    pub progress: Progress,
    /// The request that queued it.
    pub queued_by: QueuedBy,
}

/// The progress of a job.
#[derive(Debug)]
pub enum Progress {
    /// Waiting in the queue.
    Pending,
    /// In progress.
    Processing,
    /// It produced a picture.
    Done {
        /// The path, with its query, under which the picture is served.
        result: String,
        /// The pictures that were stored.
        stored: Vec<Stored>,
    },
    /// It failed.
    Failed(Error),
}

/// A picture that a job stored, or could not produce.
#[derive(Debug)]
pub struct Stored {
    /// The path, with its query, under which the picture is served.
    pub location: String,
    /// The picture, or why there is none.
    pub outcome: Result<StoredPicture, Error>,
}

/// Description of a stored picture.
#[derive(Debug)]
pub struct StoredPicture {
    /// Its media type; none if its format is unknown.
    pub content_type: Option<String>,
    /// Its size in bytes.
    pub bytes: usize,
    /// Its entity tag; originals have none.
    pub etag: Option<String>,
    /// Its remaining freshness lifetime.
    pub fresh_for: Duration,
}

impl JobId {
    /// A new random id.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// Parses an id of 32 lower-case hexadecimal digits, as `Display` writes it.
    pub fn parse(text: &str) -> Option<Self> {
        let id = Self(Uuid::try_parse(text).ok()?);
        (id.to_string() == text).then_some(id)
    }

    /// Path of the job's status page.
    pub fn location(self) -> String {
        format!("{JOB_PREFIX}/{self}")
    }

    /// Path of the job's picture, if that is stored nowhere else.
    pub fn result_location(self) -> String {
        format!("{JOB_PREFIX}/{self}/result")
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0.simple().encode_lower(&mut Uuid::encode_buffer()))
    }
}

impl JobState {
    /// The name in cache keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Processing => "Processing",
            Self::Ended => "Ended",
        }
    }
}

impl JobStatus {
    /// The status of a job that has not ended.
    pub fn unfinished(id: JobId, state: JobState) -> Self {
        let progress = if state == JobState::Pending { Progress::Pending } else { Progress::Processing };
        Self { id, progress, queued_by: QueuedBy::default() }
    }

    /// The stage that the status describes.
    pub fn state(&self) -> JobState {
        match self.progress {
            Progress::Pending => JobState::Pending,
            Progress::Processing => JobState::Processing,
            Progress::Done { .. } | Progress::Failed(_) => JobState::Ended,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_one_spelling() {
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
