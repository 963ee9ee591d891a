//! Everything that can go wrong on the way to an original, and whose fault it is.

use std::{net::IpAddr, time::Duration};

use crate::guard::AddressClass;

/// The result of getting an original.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failed fetch.
///
/// The text names hosts, folders and what the origin said: it is for the log and must never be shown to a client.
/// Code outside this crate looks at [`Error::kind`] and [`Error::blame`] only.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The path of the request cannot be the name of an original.
    #[error("path {path:?} is refused: {reason}")]
    InvalidPath {
        /// The path as it came, cut to a readable length.
        path: String,
        /// What was wrong with it.
        reason: &'static str,
    },
    /// There is no origin to fetch from.
    #[error("no origin is configured: expected an http(s) URL or a folder as origin.url")]
    NotConfigured,
    /// The configuration cannot be used.
    #[error("the origin cannot be set up: {}", problems.join("; "))]
    Misconfigured {
        /// Each problem, naming its key.
        problems: Vec<String>,
    },
    /// The origin has no such original.
    #[error("{original} does not exist")]
    NotFound {
        /// What was asked for.
        original: String,
    },
    /// The origin says that the original existed and will not come back.
    #[error("{original} is gone for good")]
    Gone {
        /// What was asked for.
        original: String,
    },
    /// The origin will not let us have the original.
    #[error("{original} is forbidden: {reason}")]
    Forbidden {
        /// What was asked for.
        original: String,
        /// What the origin said.
        reason: String,
    },
    /// The original is larger than the limit.
    #[error("{original} is too large: expected at most {limit} bytes")]
    TooLarge {
        /// What was asked for.
        original: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// The private-network guard forbids the address.
    #[error("{host} is refused: {address} is {why}, expected a public address")]
    RefusedAddress {
        /// The host that was to be connected to.
        host: String,
        /// The first of its addresses that was refused.
        address: IpAddr,
        /// What sort of address it is.
        why: AddressClass,
    },
    /// A host that may be named by requests sends on to one that may not.
    #[error("{host} redirects to {target}, expected a host of origin.hosts_allowed")]
    RefusedHost {
        /// The host that redirects.
        host: String,
        /// Where to.
        target: String,
    },
    /// No connection could be made, or it broke before an answer came.
    #[error("{host} cannot be reached: {reason}")]
    Unreachable {
        /// The host, or the folder.
        host: String,
        /// What the network, the resolver or TLS said.
        reason: String,
    },
    /// The origin answered with something that is of no use.
    #[error("{host} is broken: {reason}")]
    Broken {
        /// The host, or the folder.
        host: String,
        /// What was wrong, and what was expected.
        reason: String,
    },
    /// The origin answered with a status that is of no use.
    #[error("{host} answered {status}, expected 200")]
    Status {
        /// The host.
        host: String,
        /// The status.
        status: u16,
    },
    /// More is wanted of the host than it may be asked for at once.
    #[error("{host} is busy: expected fewer requests at the same time")]
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
    /// The origin took too long.
    #[error("{host} took too long: {phase} was not done after {limit:?}")]
    Timeout {
        /// The host, or the folder.
        host: String,
        /// What was being waited for.
        phase: Phase,
        /// The limit that was exceeded.
        limit: Duration,
    },
}

/// What a fetch was waiting for when its time ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Looking up the host and connecting to it, TLS included.
    Connect,
    /// The head of the response.
    Response,
    /// The next piece of the body.
    Body,
    /// The fetch as a whole.
    Fetch,
}

/// What sort of failure it was: the part of an error that code may depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The path cannot be the name of an original.
    InvalidPath,
    /// There is no origin.
    NotConfigured,
    /// The configuration cannot be used.
    Misconfigured,
    /// There is no such original.
    NotFound,
    /// There is no such original any more.
    Gone,
    /// The origin refuses.
    Forbidden,
    /// Larger than the limit.
    TooLarge,
    /// An address of a private network, or a host that is not listed.
    RefusedAddress,
    /// No connection, or none that lasted until an answer.
    Unreachable,
    /// An answer of no use.
    Broken,
    /// Too many requests at once for one host.
    Busy,
    /// A host that is left alone.
    CircuitOpen,
    /// Too slow.
    Timeout,
}

/// Who has to do something about a failure.
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
    /// What sort of failure it was.
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

    /// Who has to do something about it.
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
            Self::Body => "the next piece of the body",
            Self::Fetch => "the whole fetch",
        })
    }
}
