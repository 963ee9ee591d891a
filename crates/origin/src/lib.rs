//! Where originals come from: an HTTP(S) server, a bucket or a folder, behind one [`Origin`].
//!
//! A path of a request becomes a [`SourcePath`], an [`Origin`] fetches it whole, and what comes back says how long it
//! may be kept ([`Freshness`]) and how to ask for news ([`Validators`]). Nothing here knows of pictures, of our own
//! HTTP server or of our caches.

mod bucket;
mod config;
mod error;
mod folder;
mod freshness;
pub mod guard;
mod http;
mod path;
mod validators;

use std::time::{Duration, Instant};

use bytes::Bytes;

pub use crate::{
    bucket::{Addressing, BucketConfig, Buckets, Provider},
    config::Config,
    error::{Blame, Error, ErrorKind, Phase, Result},
    freshness::{Freshness, FreshnessHeaders},
    path::SourcePath,
    validators::Validators,
};
use crate::{
    bucket::{Bucket, Decision, Line},
    config::Place,
    folder::Folder,
    http::Http,
};

/// The configured origin, as one worker uses it: its connections and its limits belong to this worker alone.
pub struct Origin {
    source: Source,
}

enum Source {
    Nowhere,
    Http(Box<Http>),
    Folder(Folder),
    Bucket(Box<Bucket>),
}

/// What a fetch brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// The original.
    Modified(Original),
    /// The version that the caller knows is still the current one.
    NotModified(Unchanged),
}

/// An original, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    /// Its bytes, exactly as the origin has them; there may be none.
    pub body: Bytes,
    /// What tells this version from others.
    pub validators: Validators,
    /// How long it may be kept.
    pub freshness: Freshness,
    /// The media type that the origin claims. Folders claim none.
    pub content_type: Option<String>,
    /// How long the fetch took.
    pub elapsed: Duration,
}

/// The answer that a known version is still the current one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unchanged {
    /// What to ask with the next time.
    pub validators: Validators,
    /// How long it may be kept from now on.
    pub freshness: Freshness,
    /// How long the fetch took.
    pub elapsed: Duration,
}

impl Origin {
    /// Sets up the origin for the current worker; nothing is connected to yet. Originals larger than `max_bytes` are
    /// refused. An empty URL is no error here: each fetch then fails with [`ErrorKind::NotConfigured`].
    pub fn open(config: &Config, max_bytes: u64) -> Result<Self> {
        let problems = config.problems();
        if !problems.is_empty() {
            return Err(Error::Misconfigured { problems });
        }
        let misconfigured = |problem: String| Error::Misconfigured { problems: vec![problem] };
        let source = match config.place().map_err(|problem| misconfigured(problem.to_owned()))? {
            Place::Nowhere => Source::Nowhere,
            Place::Http(url) => {
                Source::Http(Box::new(Http::open(url, config, max_bytes).map_err(misconfigured)?))
            }
            Place::Folder(path) => {
                Source::Folder(Folder::open(&path, config, max_bytes).map_err(misconfigured)?)
            }
            Place::Bucket(place) => {
                let line = Line::new(config).map_err(misconfigured)?;
                let bucket = Bucket::open(place, Decision::Configured, config, line, max_bytes);
                Source::Bucket(Box::new(bucket.map_err(misconfigured)?))
            }
        };
        Ok(Self { source })
    }

    /// Fetches an original; with `known`, only if it is no longer the version with these validators.
    ///
    /// Dropping the future abandons the fetch.
    pub async fn fetch(&self, path: &SourcePath, known: Option<&Validators>) -> Result<Fetched> {
        let started = Instant::now();
        let known = known.filter(|known| !known.is_empty());
        let fetched = match &self.source {
            Source::Nowhere => Err(Error::NotConfigured),
            Source::Http(http) => http.fetch(path, known).await,
            Source::Folder(folder) => folder.fetch(path, known).await,
            Source::Bucket(bucket) => bucket.fetch(path, known).await,
        };
        let elapsed = started.elapsed();
        self.log(&fetched, elapsed);
        fetched.map(|answer| answer.into_fetched(elapsed))
    }

    /// A stable name of the original for keys of caches: the origin without its credentials, and the path.
    pub fn identity(&self, path: &SourcePath) -> String {
        match &self.source {
            Source::Nowhere => path.canonical().to_owned(),
            Source::Http(http) => http.identity(path),
            Source::Folder(folder) => folder.identity(path),
            Source::Bucket(bucket) => bucket.identity(path),
        }
    }

    fn log(&self, answer: &Result<Answer>, elapsed: Duration) {
        let host = match &self.source {
            Source::Nowhere => "",
            Source::Http(http) => http.host(),
            Source::Folder(_) => "folder",
            Source::Bucket(bucket) => bucket.host(),
        };
        match answer {
            Ok(Answer { body: Some(body), .. }) => {
                tracing::debug!(host, status = 200, bytes = body.len(), ?elapsed, "fetched");
            }
            Ok(Answer { body: None, .. }) => tracing::debug!(host, status = 304, ?elapsed, "not modified"),
            Err(error) => tracing::debug!(host, kind = ?error.kind(), %error, ?elapsed, "fetch failed"),
        }
    }
}

/// What a source answers, before it is known how long that took.
struct Answer {
    /// `None`: not modified.
    body: Option<Bytes>,
    validators: Validators,
    freshness: Freshness,
    content_type: Option<String>,
}

impl Answer {
    fn into_fetched(self, elapsed: Duration) -> Fetched {
        let Self { body, validators, freshness, content_type } = self;
        match body {
            Some(body) => Fetched::Modified(Original { body, validators, freshness, content_type, elapsed }),
            None => Fetched::NotModified(Unchanged { validators, freshness, elapsed }),
        }
    }
}
