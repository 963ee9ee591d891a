//! Where originals come from: HTTP(S) servers, buckets and folders, behind one [`Origins`].
//!
//! What a request says of its original (a [`Selection`]) becomes an [`ObjectRef`], or is refused by a [`Rule`]; [`Origins`]
//! fetches a target whole, and what comes back says how long it may be kept ([`CachePolicy`]) and how to ask for news
//! ([`Validators`]). [`Hosts`] sees to it that the process as a whole asks no host for too much. Nothing here knows of
//! pictures, of our own HTTP server or of our caches.

mod bucket;
mod config;
mod error;
mod filesystem;
pub mod guard;
mod host_allowlist;
mod http;
mod http_origin;
mod object_ref;
mod origins;
mod path;
mod selection;
mod upstream;
mod url_param;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
pub use circuit_breaker::State as Circuit;
pub use http_semantics::{CachePolicy, Validators};
use ipnet::IpNet;

use crate::bucket::{Bucket, BucketTransport, NamedBuckets, RegionChoice};
pub use crate::{
    bucket::{Addressing, BucketConfig, Provider},
    config::{Config, named_problems},
    error::{Blame, Error, ErrorKind, Phase, Result},
    object_ref::ObjectRef,
    origins::Origins,
    path::SourcePath,
    selection::{Refusal, Rule, Selection},
    upstream::{HostStats, Hosts, Stats},
};
use crate::{config::OriginKind, filesystem::FolderOrigin, http_origin::HttpOrigin};

/// One configured origin, as one worker uses it.
struct Origin {
    source: Source,
}

enum Source {
    None,
    Http(Box<HttpOrigin>),
    Folder(FolderOrigin),
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
    pub coding_warning: Option<String>,
    /// What tells this version from others.
    pub validators: Validators,
    /// How long it may be kept.
    pub cache_policy: CachePolicy,
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
    pub cache_policy: CachePolicy,
    /// How long the fetch took.
    pub elapsed: Duration,
}

impl Origin {
    /// Sets up an origin for the current worker; nothing is connected to yet.
    fn open(config: &Config, trusted: &[IpNet], max_bytes: u64, hosts: &Arc<Hosts>) -> Result<Self> {
        let misconfigured = |problem: String| Error::Misconfigured { problems: vec![problem] };
        let source = match config.kind().map_err(|problem| misconfigured(problem.to_owned()))? {
            OriginKind::None => Source::None,
            OriginKind::Http(url) => {
                let site = HttpOrigin::open(url, config, trusted, max_bytes, hosts);
                Source::Http(Box::new(site.map_err(misconfigured)?))
            }
            OriginKind::Folder(path) => {
                Source::Folder(FolderOrigin::open(&path, config, max_bytes).map_err(misconfigured)?)
            }
            OriginKind::Bucket(url) => {
                let transport = BucketTransport::new(config).map_err(misconfigured)?;
                let bucket = Bucket::open(url, RegionChoice::Configured, config, transport, max_bytes);
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
    ) -> Result<OriginResponse> {
        match &self.source {
            Source::None => Err(Error::NotConfigured),
            Source::Http(origin) => origin.fetch(path, host, known).await,
            Source::Folder(folder) => folder.fetch(path, known).await,
            Source::Bucket(bucket) => bucket.fetch(path, known).await,
        }
    }

    /// A stable name of the original: the origin without its credentials, and the path.
    fn identity(&self, path: &SourcePath) -> String {
        match &self.source {
            Source::None => path.canonical().to_owned(),
            Source::Http(origin) => origin.identity(path),
            Source::Folder(folder) => folder.identity(path),
            Source::Bucket(bucket) => bucket.identity(path),
        }
    }

    fn folder(&self) -> Option<&FolderOrigin> {
        match &self.source {
            Source::Folder(folder) => Some(folder),
            _ => None,
        }
    }

    /// Its name in the log.
    fn name(&self) -> &str {
        match &self.source {
            Source::None => "",
            Source::Http(origin) => origin.name(),
            Source::Folder(_) => "folder",
            Source::Bucket(bucket) => bucket.host(),
        }
    }
}

/// What a source answers, before it is known how long that took.
struct OriginResponse {
    /// `None`: not modified.
    body: Option<Bytes>,
    validators: Validators,
    cache_policy: CachePolicy,
    content_type: Option<String>,
    coding_warning: Option<String>,
}

impl OriginResponse {
    fn into_fetched(self, elapsed: Duration) -> Fetched {
        let Self { body, validators, cache_policy, content_type, coding_warning } = self;
        match body {
            Some(body) => Fetched::Modified(Original {
                body,
                coding_warning,
                validators,
                cache_policy,
                content_type,
                elapsed,
            }),
            None => Fetched::NotModified(Unchanged { validators, cache_policy, elapsed }),
        }
    }
}
