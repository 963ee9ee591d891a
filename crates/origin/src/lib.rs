//! Where originals come from: HTTP(S) servers, buckets and folders, behind one [`Origins`].
//!
//! What a request says about its original (a [`Selection`]) becomes an [`ObjectRef`], or is refused by a [`Rule`].
//! [`Origins`] fetches it whole; what comes back says what caches may do with it ([`CachePolicy`]) and how to ask
//! whether it has changed ([`Validators`]). [`Hosts`] limits what the process as a whole asks of each host, and stops
//! asking those that keep failing. Nothing here knows of images, of our own HTTP server or of our caches.
//!
//! ```
//! use std::{collections::BTreeMap, sync::Arc};
//!
//! use origin::{Config, Fetched, Hosts, Origins, Selection};
//!
//! # let folder = tempfile::tempdir().unwrap();
//! # std::fs::write(folder.path().join("a.jpg"), "bytes").unwrap();
//! # let url = folder.path().to_str().unwrap().to_owned();
//! # actix_rt::System::new().block_on(async {
//! // `url` is that of a server or a bucket, or the path of a folder
//! let config = Config { url: url.into(), ..Config::default() };
//! let hosts = Arc::new(Hosts::new(&config));
//! let origins = Origins::open(&config, &BTreeMap::new(), 64 << 20, &hosts)?;
//!
//! let object = origins.locate(&Selection { path: "/a.jpg", ..Selection::default() }).expect("it may be fetched");
//! let Fetched::Modified(original) = origins.fetch(&object, None).await? else { unreachable!() };
//! assert_eq!(original.body, "bytes");
//! # Ok::<(), origin::Error>(())
//! # }).unwrap();
//! ```
//!
//! Inside, a configured origin is an implementation of the trait `Origin` (`http_origin`, `bucket/`, `filesystem/`),
//! `routing` decides which one a request means, and `upstream/` puts limits and circuit breakers around each request
//! to a host.

mod bucket;
mod config;
mod error;
mod fetched;
mod filesystem;
pub mod guard;
mod host_allowlist;
mod http;
mod http_origin;
mod kinds;
mod object_ref;
mod origin;
mod origins;
mod path;
mod routing;
mod selection;
mod upstream;
mod url_param;

pub use circuit_breaker::State as Circuit;
pub use http_semantics::{CachePolicy, Validators};

pub use crate::{
    bucket::{
        bucket_url::Provider,
        config::{Addressing, Config as BucketConfig},
    },
    config::{named_origins::named_problems, section::Config},
    error::{Blame, Error, ErrorKind, Phase, Result},
    fetched::{Fetched, Original, Unchanged},
    filesystem::listing::folder_files,
    object_ref::ObjectRef,
    origins::Origins,
    path::SourcePath,
    selection::{Refusal, Rule, Selection},
    upstream::{HostStats, Hosts, Stats},
};
