//! Originals over HTTP.

pub(crate) mod body;
pub(crate) mod client;
mod client_pool;
mod connector;
pub(crate) mod content_coding;
pub(crate) mod counted_stream;
pub(crate) mod error;
mod interim_filter;
mod redirect;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod tls;
mod unframed;

use std::{net::IpAddr, sync::Arc};

use awc::{
    ClientResponse,
    http::header::{HeaderValue, LOCATION},
};
use tokio::time::{Instant, timeout, timeout_at};
use url::Url;

use self::{
    client_pool::ClientPool,
    counted_stream::Connections,
    error::Limits,
    request::{ClientFactory, Headers},
};
pub(crate) use self::{
    connector::{AddressPolicy, HostPort},
    redirect::Trust,
};
use crate::{
    Config, Hosts, OriginResponse, Validators,
    error::{Error, Phase, Result},
    host_allowlist::HostPattern,
    upstream::Outcome,
};

/// HTTP as one worker speaks it under one configuration: with the origin of that configuration, or with whatever hosts
/// requests may name.
pub(crate) struct Http {
    pool: ClientPool,
    headers: Headers,
    redirects: RedirectPolicy,
    limits: Limits,
    max_redirects: u8,
    max_bytes: u64,
    connections: Connections,
    hosts: Arc<Hosts>,
}

/// Where redirects may lead.
pub(crate) enum RedirectPolicy {
    /// To every public address: the configured origin is trusted to know.
    AnyPublic,
    /// To these hosts only, as requests themselves.
    Listed(Vec<HostPattern>),
}

/// What is to be fetched.
#[derive(Debug)]
pub(crate) struct FetchRequest {
    /// Without credentials and fragment.
    pub(crate) url: Url,
    /// The original's name, for errors.
    pub(crate) original: String,
    pub(crate) trust: Trust,
    /// What is sent as `Host`, if not what the URL says.
    pub(crate) host: Option<String>,
    /// What is connected to, if not what the name of the host stands for.
    pub(crate) address: Option<IpAddr>,
}

/// What one request led to.
enum Hop {
    Response(OriginResponse),
    Redirect(Url),
}

impl Http {
    /// Sets it up; nothing is connected to. `url` is the origin's own, if there is one, with its credentials.
    pub(crate) fn open(
        config: &Config,
        url: Option<&Url>,
        (guard, redirects): (AddressPolicy, RedirectPolicy),
        max_bytes: u64,
        hosts: &Arc<Hosts>,
    ) -> Result<Self, String> {
        let headers = Headers::new(config, url)?;
        let roots = tls::roots(config.ca_file.as_deref())?;
        let tls = tls::client(roots).map_err(|error| format!("TLS cannot be set up: {error}"))?;
        let connections = Connections::default();
        let factory = ClientFactory::new(config, guard, tls, &connections);
        Ok(Self {
            pool: ClientPool::new(factory),
            headers,
            redirects,
            limits: Limits {
                connect: config.connect_timeout,
                response: config.response_timeout,
                fetch: config.timeout,
            },
            max_redirects: config.max_redirects,
            max_bytes,
            connections,
            hosts: Arc::clone(hosts),
        })
    }

    /// Asks for the original, and again wherever a redirect leads.
    pub(crate) async fn fetch(
        &self,
        ask: &FetchRequest,
        known: Option<&Validators>,
    ) -> Result<OriginResponse> {
        let deadline = Instant::now() + self.limits.fetch;
        let mut url = ask.url.clone();
        let mut trust = ask.trust;
        for _ in 0..=self.max_redirects {
            match self.step(ask, &url, trust, known, deadline).await? {
                Hop::Response(answer) => return Ok(answer),
                Hop::Redirect(target) => {
                    trust = trust.after(&target, &ask.url);
                    url = target;
                }
            }
        }
        let reason = format!("too many redirects, expected at most {}", self.max_redirects);
        Err(Error::Broken { host: authority(&ask.url), reason })
    }

    /// One request, with a place at its host from the first byte to the last.
    async fn step(
        &self,
        ask: &FetchRequest,
        url: &Url,
        trust: Trust,
        known: Option<&Validators>,
        deadline: Instant,
    ) -> Result<Hop> {
        let late = || Error::Timeout { host: authority(url), phase: Phase::Fetch, limit: self.limits.fetch };
        let host = place(ask, url);
        let admission = self.hosts.admit(&host, self.limits.response);
        let admission = timeout_at(deadline, admission).await.map_err(|_| late())??;
        let exchange = self.exchange(ask, url, trust, known);
        let result = timeout_at(deadline, exchange).await.unwrap_or_else(|_| Err(late()));
        admission.end(verdict(&result));
        result
    }

    async fn exchange(
        &self,
        ask: &FetchRequest,
        url: &Url,
        trust: Trust,
        known: Option<&Validators>,
    ) -> Result<Hop> {
        // what was said of the host that was asked for holds for no other
        let home = url.origin() == ask.url.origin();
        let (host, address) = if home { (ask.host.as_deref(), ask.address) } else { (None, None) };
        // held until the body is read: the pool must outlive its connections, see `body::read`
        let client = self.pool.client(url, address);
        let request = || {
            request::get(&client, url, &self.headers, trust, (known, host)).send_body(awc::body::None::new())
        };
        let response = self.send(&request, url).await?;
        if !body::is_delimited(&response) {
            self.pool.retire(url, address);
        }
        if !redirect::is_redirect(response.status()) {
            return self.receive(response, url, &ask.original, known).await.map(Hop::Response);
        }
        let broken = |reason: &str| Error::Broken { host: authority(url), reason: reason.to_owned() };
        let location = response.headers().get(LOCATION).map(HeaderValue::as_bytes);
        let target = redirect::target(url, location).map_err(broken)?;
        if !self.redirects.permits(&target, &ask.url) {
            return Err(Error::RefusedHost { host: authority(url), target: authority(&target) });
        }
        tracing::debug!(from = authority(url), to = authority(&target), "redirected");
        body::drain(response).await;
        Ok(Hop::Redirect(target))
    }

    /// Sends a request and waits for the head of its response.
    async fn send<F>(&self, request: &impl Fn() -> F, url: &Url) -> Result<ClientResponse>
    where
        F: Future<Output = Result<ClientResponse, awc::error::SendRequestError>>,
    {
        let sent = timeout(self.limits.response, async {
            match request().await {
                Err(error) if error::is_retryable(&error) => request().await,
                result => result,
            }
        });
        match sent.await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(error::send_error(authority(url), error, &self.limits)),
            Err(_) => Err(Error::Timeout {
                host: authority(url),
                phase: Phase::Response,
                limit: self.limits.response,
            }),
        }
    }
}

impl RedirectPolicy {
    fn permits(&self, target: &Url, home: &Url) -> bool {
        match self {
            Self::AnyPublic => true,
            Self::Listed(patterns) => {
                target.origin() == home.origin() || patterns.iter().any(|pattern| pattern.names(target))
            }
        }
    }
}

/// What the outcome of a request says of its host. That something does not exist, or is not for us, is an answer.
fn verdict<T>(result: &Result<T>) -> Outcome {
    match result {
        Err(Error::Unreachable { .. } | Error::Timeout { .. } | Error::Broken { .. }) => Outcome::Failure,
        Err(Error::Status { status, .. }) if *status >= 500 => Outcome::Failure,
        Err(Error::RefusedAddress { .. }) => Outcome::Unknown,
        _ => Outcome::Success,
    }
}

/// Host and port of a URL as they stand in it.
pub(crate) fn authority(url: &Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => String::new(),
    }
}

/// By what limits and breakers know where a request goes. An address that a client chose is a place of its own: what
/// happens there must not close the host to all others.
fn place(ask: &FetchRequest, url: &Url) -> String {
    let host = host_and_port(url);
    match ask.address.filter(|_| url.origin() == ask.url.origin()) {
        Some(address) => format!("{host} at {address}"),
        None => host,
    }
}

/// Host and port of a URL, also where the port is the scheme's own.
pub(crate) fn host_and_port(url: &Url) -> String {
    format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default())
}
