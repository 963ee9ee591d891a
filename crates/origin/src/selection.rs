//! What a request says about its original, and why it may be refused.

use crate::error::Error;

/// What a request says about where its original is: the raw values, unchecked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Selection<'a> {
    /// The path, percent-encoded as sent.
    pub path: &'a str,
    /// The `Host` header, which may select a configured origin.
    pub host: Option<&'a str>,
    /// `origin`: a base URL or a host.
    pub origin: Option<&'a str>,
    /// `source_url`: a whole URL.
    pub source_url: Option<&'a str>,
    /// `host_header`: the `Host` header to send to the origin.
    pub host_header: Option<&'a str>,
    /// `resolve`: `host:port:address`.
    pub resolve: Option<&'a str>,
    /// `bucket`: the name of a bucket.
    pub bucket: Option<&'a str>,
    /// `region`: the region of that bucket.
    pub region: Option<&'a str>,
}

/// Why a request is refused before anything is fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The path is not valid.
    #[error(transparent)]
    Path(Error),
    /// A value that cannot be parsed.
    #[error("{parameter} is {value:?}, expected {expected}")]
    Malformed {
        /// The parameter, or `path`.
        parameter: &'static str,
        /// The value.
        value: String,
        /// What was expected.
        expected: &'static str,
    },
    /// A rule of the operator forbids it.
    #[error("{parameter} is forbidden by {rule}")]
    Forbidden {
        /// The parameter, or `path`.
        parameter: &'static str,
        /// The rule.
        rule: Rule,
    },
}

/// A rule about what requests may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// `origin.allow_dynamic`: they may at all.
    AllowDynamic,
    /// `origin.hosts_allowed`: these hosts.
    HostsAllowed,
    /// `origin.private_allowed`: public addresses, and those of these networks.
    PrivateAllowed,
    /// `origin.buckets_allowed`: these buckets.
    BucketsAllowed,
}

impl Selection<'_> {
    /// The first parameter that names another origin.
    pub(crate) fn dynamic(&self, is_url: bool) -> Option<&'static str> {
        let parameters = [
            ("path", is_url),
            ("origin", self.origin.is_some()),
            ("source_url", self.source_url.is_some()),
            ("bucket", self.bucket.is_some()),
            ("host_header", self.host_header.is_some()),
            ("resolve", self.resolve.is_some()),
        ];
        parameters.into_iter().find_map(|(name, there)| there.then_some(name))
    }
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::AllowDynamic => "origin.allow_dynamic",
            Self::HostsAllowed => "origin.hosts_allowed",
            Self::PrivateAllowed => "origin.private_allowed",
            Self::BucketsAllowed => "origin.buckets_allowed",
        })
    }
}
