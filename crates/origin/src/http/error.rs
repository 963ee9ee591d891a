//! Maps the errors of the HTTP client to errors of a fetch.

use std::{io, time::Duration};

use actix_http::error::ParseError;
use awc::error::{ConnectError, SendRequestError};

use crate::{
    config::origin_config::OriginConfig,
    error::{Error, Phase},
    http::{connector::Refused, interim_filter::TooManyInterim},
};

/// The time limits of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) connect: Duration,
    pub(crate) response: Duration,
    pub(crate) fetch: Duration,
}

impl Limits {
    pub(crate) fn new(config: &OriginConfig) -> Self {
        let OriginConfig { connect_timeout, response_timeout, timeout, .. } = config;
        Self { connect: *connect_timeout, response: *response_timeout, fetch: *timeout }
    }
}

/// Whether a connection ended before a response: an origin may close an idle connection at the very moment it is reused.
/// Retrying is safe, since all requests are reads.
pub(crate) fn is_retryable(error: &SendRequestError) -> bool {
    match error {
        SendRequestError::Connect(ConnectError::Disconnected) | SendRequestError::Send(_) => true,
        SendRequestError::Response(ParseError::Io(error)) => !is_deliberate(error),
        _ => false,
    }
}

/// The error of a request to `host` that brought no response.
pub(crate) fn send_error(host: String, error: SendRequestError, limits: &Limits) -> Error {
    match error {
        SendRequestError::Connect(ConnectError::Timeout) => connect_timeout(host, limits),
        SendRequestError::Connect(ConnectError::Disconnected) => {
            Error::Unreachable { host, reason: "the connection ended, expected a response".to_owned() }
        }
        SendRequestError::Connect(ConnectError::Io(error)) => unconnected(host, &error, limits),
        SendRequestError::Connect(error) => Error::Unreachable { host, reason: error.to_string() },
        SendRequestError::Send(error) => Error::Unreachable { host, reason: error.to_string() },
        SendRequestError::Response(ParseError::Io(error)) if is_deliberate(&error) => {
            Error::Broken { host, reason: error.to_string() }
        }
        SendRequestError::Response(error) if is_io(&error) => {
            Error::Unreachable { host, reason: error.to_string() }
        }
        SendRequestError::Timeout => Error::Timeout { host, phase: Phase::Response, limit: limits.response },
        error => Error::Broken { host, reason: error.to_string() },
    }
}

fn unconnected(host: String, error: &io::Error, limits: &Limits) -> Error {
    if let Some(refused) = error.get_ref().and_then(|inner| inner.downcast_ref::<Refused>()) {
        return Error::RefusedAddress { host, address: refused.address, why: refused.why };
    }
    if error.kind() == io::ErrorKind::TimedOut {
        return connect_timeout(host, limits);
    }
    Error::Unreachable { host, reason: error.to_string() }
}

fn connect_timeout(host: String, limits: &Limits) -> Error {
    Error::Timeout { host, phase: Phase::Connect, limit: limits.connect }
}

/// Whether a response could not be parsed because the connection failed, not because it was wrong.
fn is_io(error: &ParseError) -> bool {
    matches!(error, ParseError::Io(_))
}

/// Whether we closed the connection ourselves, because of what was received.
fn is_deliberate(error: &io::Error) -> bool {
    error.get_ref().and_then(|inner| inner.downcast_ref::<TooManyInterim>()).is_some()
}
