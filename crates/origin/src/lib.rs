//! Where originals come from: HTTP(S) servers, buckets and folders, behind one [`Origins`].
//!
//! What a request says of its original (a [`Selection`]) becomes a [`Target`], or is refused by a [`Rule`]; [`Origins`]
//! fetches a target whole, and what comes back says how long it may be kept ([`Freshness`]) and how to ask for news
//! ([`Validators`]). [`Hosts`] sees to it that the process as a whole asks no host for too much. Nothing here knows of
//! pictures, of our own HTTP server or of our caches.

mod allowed;
mod bucket;
mod config;
mod error;
mod folder;
mod freshness;
pub mod guard;
mod hosts;
mod http;
mod named;
mod network;
mod origins;
mod path;
mod selection;
mod site;
mod target;
mod validators;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;

use crate::bucket::{Bucket, Buckets, Decision, Line};
pub use crate::{
    bucket::{Addressing, BucketConfig, Provider},
    config::{Config, named_problems},
    error::{Blame, Error, ErrorKind, Phase, Result},
    freshness::{Freshness, FreshnessHeaders},
    hosts::{Circuit, HostStats, Hosts, Stats},
    origins::Origins,
    path::SourcePath,
    selection::{Refusal, Rule, Selection},
    target::Target,
    validators::Validators,
};
use crate::{config::Place, folder::Folder, network::Network, site::Site};

/// One configured origin, as one worker uses it.
struct Origin {
    source: Source,
}

enum Source {
    Nowhere,
    Http(Box<Site>),
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
    /// Its bytes, as they were before they were encoded for the way; there may be none.
    pub body: Bytes,
    /// Why the bytes may not be what the origin meant: it states a content coding that is unknown, or that the body does
    /// not have. Servers state such things of pictures that are in order, so whoever knows a picture from other bytes
    /// is to judge. For the log.
    pub doubt: Option<String>,
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
    /// Sets up an origin for the current worker; nothing is connected to yet.
    fn open(config: &Config, trusted: &[Network], max_bytes: u64, hosts: &Arc<Hosts>) -> Result<Self> {
        let misconfigured = |problem: String| Error::Misconfigured { problems: vec![problem] };
        let source = match config.place().map_err(|problem| misconfigured(problem.to_owned()))? {
            Place::Nowhere => Source::Nowhere,
            Place::Http(url) => {
                let site = Site::open(url, config, trusted, max_bytes, hosts);
                Source::Http(Box::new(site.map_err(misconfigured)?))
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

    async fn fetch(
        &self,
        path: &SourcePath,
        host: Option<&str>,
        known: Option<&Validators>,
    ) -> Result<Answer> {
        match &self.source {
            Source::Nowhere => Err(Error::NotConfigured),
            Source::Http(site) => site.fetch(path, host, known).await,
            Source::Folder(folder) => folder.fetch(path, known).await,
            Source::Bucket(bucket) => bucket.fetch(path, known).await,
        }
    }

    /// A stable name of the original: the origin without its credentials, and the path.
    fn identity(&self, path: &SourcePath) -> String {
        match &self.source {
            Source::Nowhere => path.canonical().to_owned(),
            Source::Http(site) => site.identity(path),
            Source::Folder(folder) => folder.identity(path),
            Source::Bucket(bucket) => bucket.identity(path),
        }
    }

    fn folder(&self) -> Option<&Folder> {
        match &self.source {
            Source::Folder(folder) => Some(folder),
            _ => None,
        }
    }

    /// Its name in the log.
    fn name(&self) -> &str {
        match &self.source {
            Source::Nowhere => "",
            Source::Http(site) => site.name(),
            Source::Folder(_) => "folder",
            Source::Bucket(bucket) => bucket.host(),
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
    doubt: Option<String>,
}

impl Answer {
    fn into_fetched(self, elapsed: Duration) -> Fetched {
        let Self { body, validators, freshness, content_type, doubt } = self;
        match body {
            Some(body) => {
                Fetched::Modified(Original { body, doubt, validators, freshness, content_type, elapsed })
            }
            None => Fetched::NotModified(Unchanged { validators, freshness, elapsed }),
        }
    }
}
