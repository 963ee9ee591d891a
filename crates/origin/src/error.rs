//! Errors of fetching an original, and who can do something about them.

use std::{net::IpAddr, time::Duration};

use crate::guard::AddressClass;

/// The result of fetching an original.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failed fetch.
///
/// The text names hosts, folders and what the origin answered: it is for the log and must never be sent to a client.
/// Code outside this crate depends on [`Error::kind`] and [`Error::blame`] only.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The path of the request is not a valid path of an original.
    #[error("invalid path {path:?}: {reason}")]
    InvalidPath {
        /// The path as it was sent, truncated.
        path: String,
        /// What was wrong with it.
        reason: &'static str,
    },
    /// No origin is configured.
    #[error("no origin is configured: expected an http(s) URL or a folder as origin.url")]
    NotConfigured,
    /// The configuration is invalid.
    #[error("invalid configuration of the origin: {}", problems.join("; "))]
    Misconfigured {
        /// Each problem, naming its key.
        problems: Vec<String>,
    },
    /// The origin has no such original.
    #[error("{original} does not exist")]
    NotFound {
        /// The name of the original.
        original: String,
    },
    /// The origin says that the original existed and was removed for good (410).
    #[error("{original} was removed permanently")]
    Gone {
        /// The name of the original.
        original: String,
    },
    /// The origin denies access to the original.
    #[error("access to {original} is denied: {reason}")]
    Forbidden {
        /// The name of the original.
        original: String,
        /// What the origin answered.
        reason: String,
    },
    /// The original is larger than the limit.
    #[error("{original} is too large: expected at most {limit} bytes")]
    TooLarge {
        /// The name of the original.
        original: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// The private-network guard forbids the address.
    #[error("connecting to {host} is refused: {address} is {why}, expected a public address")]
    RefusedAddress {
        /// The host that was to be connected to.
        host: String,
        /// The first of its addresses that was refused.
        address: IpAddr,
        /// The class of the address.
        why: AddressClass,
    },
    /// A host that requests may name redirects to one that they may not name.
    #[error("{host} redirects to {target}, expected a host of origin.hosts_allowed")]
    RefusedHost {
        /// The host that redirects.
        host: String,
        /// Where to.
        target: String,
    },
    /// No connection could be made, or it broke before a response came.
    #[error("cannot connect to {host}: {reason}")]
    Unreachable {
        /// The host, or the folder.
        host: String,
        /// The error of the network, the resolver or TLS.
        reason: String,
    },
    /// The origin sent an invalid response.
    #[error("invalid response of {host}: {reason}")]
    Broken {
        /// The host, or the folder.
        host: String,
        /// What was wrong, and what was expected.
        reason: String,
    },
    /// The origin answered with an unexpected status.
    #[error("unexpected status {status} of {host}, expected 200")]
    Status {
        /// The host.
        host: String,
        /// The status.
        status: u16,
    },
    /// The limit of concurrent requests to the host is reached, and so is that of waiting ones.
    #[error("too many concurrent requests to {host}")]
    Busy {
        /// The host and port.
        host: String,
    },
    /// The circuit breaker of the host is open: it failed repeatedly a moment ago.
    #[error("circuit breaker open for {host} after {failures} consecutive failures")]
    CircuitOpen {
        /// The host and port.
        host: String,
        /// How many requests failed since the last one that succeeded.
        failures: u32,
    },
    /// A time limit was exceeded.
    #[error("timeout of {host}: {phase} took longer than {limit:?}")]
    Timeout {
        /// The host, or the folder.
        host: String,
        /// What was being waited for.
        phase: Phase,
        /// The limit that was exceeded.
        limit: Duration,
    },
}

/// What a fetch was waiting for when a time limit was exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Looking up the host and connecting to it, TLS included.
    Connect,
    /// The head of the response.
    Response,
    /// The next chunk of the body.
    Body,
    /// The fetch as a whole.
    Fetch,
}

/// The kind of an error: the part that code may depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The path is not valid.
    InvalidPath,
    /// No origin is configured.
    NotConfigured,
    /// The configuration is invalid.
    Misconfigured,
    /// There is no such original.
    NotFound,
    /// The original was removed for good.
    Gone,
    /// The origin denies access.
    Forbidden,
    /// Larger than the limit.
    TooLarge,
    /// A private address, or a host that is not in the allowlist.
    RefusedAddress,
    /// No connection, or it broke before a response.
    Unreachable,
    /// An invalid response.
    Broken,
    /// Too many concurrent requests to one host.
    Busy,
    /// The circuit breaker of the host is open.
    CircuitOpen,
    /// A time limit was exceeded.
    Timeout,
}

/// Who can do something about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Blame {
    /// Whoever sent the request.
    Client,
    /// Whoever runs the origin.
    Origin,
    /// Whoever runs this server.
    Us,
}

impl Error {
    /// The kind of the error.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::InvalidPath { .. } => ErrorKind::InvalidPath,
            Self::NotConfigured => ErrorKind::NotConfigured,
            Self::Misconfigured { .. } => ErrorKind::Misconfigured,
            Self::NotFound { .. } => ErrorKind::NotFound,
            Self::Gone { .. } => ErrorKind::Gone,
            Self::Forbidden { .. } => ErrorKind::Forbidden,
            Self::TooLarge { .. } => ErrorKind::TooLarge,
            Self::RefusedAddress { .. } | Self::RefusedHost { .. } => ErrorKind::RefusedAddress,
            Self::Unreachable { .. } => ErrorKind::Unreachable,
            Self::Broken { .. } | Self::Status { .. } => ErrorKind::Broken,
            Self::Busy { .. } => ErrorKind::Busy,
            Self::CircuitOpen { .. } => ErrorKind::CircuitOpen,
            Self::Timeout { .. } => ErrorKind::Timeout,
        }
    }

    /// Who can do something about it.
    pub fn blame(&self) -> Blame {
        match self.kind() {
            ErrorKind::InvalidPath | ErrorKind::NotFound | ErrorKind::Gone => Blame::Client,
            ErrorKind::NotConfigured | ErrorKind::Misconfigured | ErrorKind::Busy => Blame::Us,
            ErrorKind::Forbidden
            | ErrorKind::TooLarge
            | ErrorKind::RefusedAddress
            | ErrorKind::Unreachable
            | ErrorKind::Broken
            | ErrorKind::CircuitOpen
            | ErrorKind::Timeout => Blame::Origin,
        }
    }
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Connect => "the connection",
            Self::Response => "the head of the response",
            Self::Body => "the next chunk of the body",
            Self::Fetch => "the whole fetch",
        })
    }
}
