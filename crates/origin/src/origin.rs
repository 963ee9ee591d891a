//! The trait of configured origins, which every kind implements.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use http_semantics::Validators;
use ipnet::IpNet;

use crate::{
    config::origin_config::OriginConfig, error::Result, fetched::OriginResponse, path::SourcePath,
    upstream::Hosts,
};

/// A configured origin, as one worker uses it.
///
/// A kind of origin is added by implementing this trait and [`Kind`], and by a line in [`crate::kinds`].
#[async_trait(?Send)]
pub(crate) trait Origin {
    /// Its name in the log, without credentials.
    fn name(&self) -> &str;

    /// A stable name of an original: the origin without its credentials, and the path.
    fn identity(&self, path: &SourcePath) -> String;

    /// Fetches an original whole. Dropping the future abandons the fetch.
    async fn fetch(&self, request: &OriginRequest<'_>) -> Result<OriginResponse>;

    /// Access to versions without a fetch, where originals are local files.
    fn files(&self) -> Option<&dyn LocalFiles> {
        None
    }
}

/// A request to a configured origin.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OriginRequest<'a> {
    pub(crate) path: &'a SourcePath,
    /// The `Host` that the request of a client wants to be sent; only HTTP origins have one.
    pub(crate) host: Option<&'a str>,
    /// The known version; the origin says "not modified" if it is the current one.
    pub(crate) known: Option<&'a Validators>,
}

/// Originals that are files of this machine, whose version can be checked without reading them.
#[async_trait(?Send)]
pub(crate) trait LocalFiles {
    /// The entity tag that the file would be fetched with now; `None` if there is no such file.
    async fn version(&self, path: &SourcePath) -> Result<Option<String>>;

    /// How long the result of a check holds.
    fn check_interval(&self) -> Duration;
}

/// Sets up an origin for the current worker, without connecting; an error says what is wrong with the configuration.
pub(crate) type Open = fn(&OriginConfig, &OpenContext<'_>) -> Result<Box<dyn Origin>, String>;

/// A kind of origin: how it is configured by `origin.url`, and opened.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// Whether a configured URL is one of this kind.
    pub(crate) recognizes: fn(&str) -> bool,
    /// Checks such a URL, and what it leads to on this machine; an error says what was expected.
    pub(crate) check: fn(&str) -> Result<(), &'static str>,
    pub(crate) open: Open,
}

/// What origins share.
pub(crate) struct OpenContext<'a> {
    /// Private networks that may be connected to.
    pub(crate) trusted: &'a [IpNet],
    /// The largest original, in bytes.
    pub(crate) max_bytes: u64,
    /// Limits and circuit breakers of the process.
    pub(crate) hosts: &'a Arc<Hosts>,
}
