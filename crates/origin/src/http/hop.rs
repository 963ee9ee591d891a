//! One hop of a fetch: a request to one host, and what its response leads to.

use std::net::IpAddr;

use async_trait::async_trait;
use http_semantics::Validators;
use tokio::time::Instant;
use url::Url;

use crate::{
    error::Result,
    fetched::OriginResponse,
    http::{authority::host_and_port, redirect::Trust},
};

/// What is fetched, wherever redirects lead.
#[derive(Debug)]
pub(crate) struct FetchRequest {
    /// Without credentials and fragment.
    pub(crate) url: Url,
    /// The name of the original, for errors.
    pub(crate) original: String,
    pub(crate) trust: Trust,
    /// The `Host` to send, if it is not that of the URL.
    pub(crate) host: Option<String>,
    /// The address to connect to, if it is not one of the host's own.
    pub(crate) address: Option<IpAddr>,
}

/// One request to one host.
#[derive(Debug)]
pub(crate) struct Hop<'a> {
    pub(crate) fetch: &'a FetchRequest,
    /// The URL of the fetch, or where a redirect led.
    pub(crate) url: &'a Url,
    pub(crate) trust: Trust,
    pub(crate) known: Option<&'a Validators>,
    /// When the fetch as a whole must be done.
    pub(crate) deadline: Instant,
}

/// What a hop led to.
pub(crate) enum HopResult {
    Response(OriginResponse),
    Redirect(Url),
}

/// Sends one request to one host and receives the response. Limits and circuit breakers are decorators of this.
#[async_trait(?Send)]
pub(crate) trait Exchange {
    async fn exchange(&self, hop: &Hop<'_>) -> Result<HopResult>;
}

impl Hop<'_> {
    /// The host to send and the address to connect to; those of the fetch are for its own host only.
    pub(crate) fn host_and_address(&self) -> (Option<&str>, Option<IpAddr>) {
        if self.url.origin() == self.fetch.url.origin() {
            (self.fetch.host.as_deref(), self.fetch.address)
        } else {
            (None, None)
        }
    }

    /// The key of limits and circuit breakers. An address that a client chose has one of its own: what happens there must
    /// not close the host to all others.
    pub(crate) fn upstream_key(&self) -> String {
        let host = host_and_port(self.url);
        match self.host_and_address() {
            (_, Some(address)) => format!("{host} at {address}"),
            _ => host,
        }
    }
}
