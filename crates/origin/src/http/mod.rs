//! Originals over HTTP.

pub(crate) mod body;
pub(crate) mod client;
pub(crate) mod coding;
mod connector;
pub(crate) mod failure;
mod interim;
mod pools;
mod redirect;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod tls;
mod unframed;
pub(crate) mod wire;

use std::{net::IpAddr, sync::Arc};

use awc::{
    ClientResponse,
    http::header::{HeaderValue, LOCATION},
};
use tokio::time::{Instant, timeout, timeout_at};
use url::Url;

pub(crate) use self::{
    connector::{Exempt, Guard},
    redirect::Standing,
};
use self::{
    failure::Limits,
    pools::Pools,
    request::{Dialler, Headers},
    wire::Connections,
};
use crate::{
    Answer, Config, Hosts, Validators,
    allowed::Pattern,
    error::{Error, Phase, Result},
    hosts::Verdict,
};

/// HTTP as one worker speaks it under one configuration: with the origin of that configuration, or with whatever hosts
/// requests may name.
pub(crate) struct Http {
    pools: Pools,
    headers: Headers,
    reach: Reach,
    limits: Limits,
    max_redirects: u8,
    max_bytes: u64,
    connections: Connections,
    hosts: Arc<Hosts>,
}

/// Where redirects may lead.
pub(crate) enum Reach {
    /// To every public address: the configured origin is trusted to know.
    Public,
    /// To these hosts only, as requests themselves.
    Listed(Vec<Pattern>),
}

/// What is to be fetched.
#[derive(Debug)]
pub(crate) struct Ask {
    /// Without credentials and fragment.
    pub(crate) url: Url,
    /// The original's name, for errors.
    pub(crate) original: String,
    pub(crate) standing: Standing,
    /// What is sent as `Host`, if not what the URL says.
    pub(crate) host: Option<String>,
    /// What is connected to, if not what the name of the host stands for.
    pub(crate) address: Option<IpAddr>,
}

/// What one request led to.
enum Step {
    Answer(Answer),
    Redirect(Url),
}

impl Http {
    /// Sets it up; nothing is connected to. `url` is the origin's own, if there is one, with its credentials.
    pub(crate) fn open(
        config: &Config,
        url: Option<&Url>,
        (guard, reach): (Guard, Reach),
        max_bytes: u64,
        hosts: &Arc<Hosts>,
    ) -> Result<Self, String> {
        let headers = Headers::new(config, url)?;
        let roots = tls::roots(config.ca_file.as_deref())?;
        let tls = tls::client(roots).map_err(|error| format!("TLS cannot be set up: {error}"))?;
        let connections = Connections::default();
        let dialler = Dialler::new(config, guard, tls, &connections);
        Ok(Self {
            pools: Pools::new(dialler),
            headers,
            reach,
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
    pub(crate) async fn fetch(&self, ask: &Ask, known: Option<&Validators>) -> Result<Answer> {
        let deadline = Instant::now() + self.limits.fetch;
        let mut url = ask.url.clone();
        let mut standing = ask.standing;
        for _ in 0..=self.max_redirects {
            match self.step(ask, &url, standing, known, deadline).await? {
                Step::Answer(answer) => return Ok(answer),
                Step::Redirect(target) => {
                    standing = standing.after(&target, &ask.url);
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
        ask: &Ask,
        url: &Url,
        standing: Standing,
        known: Option<&Validators>,
        deadline: Instant,
    ) -> Result<Step> {
        let late = || Error::Timeout { host: authority(url), phase: Phase::Fetch, limit: self.limits.fetch };
        let host = place(ask, url);
        let admission = self.hosts.admit(&host, self.limits.response);
        let admission = timeout_at(deadline, admission).await.map_err(|_| late())??;
        let exchange = self.exchange(ask, url, standing, known);
        let result = timeout_at(deadline, exchange).await.unwrap_or_else(|_| Err(late()));
        admission.end(verdict(&result));
        result
    }

    async fn exchange(
        &self,
        ask: &Ask,
        url: &Url,
        standing: Standing,
        known: Option<&Validators>,
    ) -> Result<Step> {
        // what was said of the host that was asked for holds for no other
        let home = url.origin() == ask.url.origin();
        let (host, address) = if home { (ask.host.as_deref(), ask.address) } else { (None, None) };
        // held until the body is read: the pool must outlive its connections, see `body::read`
        let client = self.pools.client(url, address);
        let request = || {
            request::get(&client, url, &self.headers, standing, (known, host))
                .send_body(awc::body::None::new())
        };
        let response = self.send(&request, url).await?;
        if !body::is_delimited(&response) {
            self.pools.retire(url, address);
        }
        if !redirect::is_redirect(response.status()) {
            return self.receive(response, url, &ask.original, known).await.map(Step::Answer);
        }
        let broken = |reason: &str| Error::Broken { host: authority(url), reason: reason.to_owned() };
        let location = response.headers().get(LOCATION).map(HeaderValue::as_bytes);
        let target = redirect::target(url, location).map_err(broken)?;
        if !self.reach.permits(&target, &ask.url) {
            return Err(Error::RefusedHost { host: authority(url), target: authority(&target) });
        }
        tracing::debug!(from = authority(url), to = authority(&target), "redirected");
        body::drain(response).await;
        Ok(Step::Redirect(target))
    }

    /// Sends a request and waits for the head of its response.
    async fn send<F>(&self, request: &impl Fn() -> F, url: &Url) -> Result<ClientResponse>
    where
        F: Future<Output = Result<ClientResponse, awc::error::SendRequestError>>,
    {
        let sent = timeout(self.limits.response, async {
            match request().await {
                Err(error) if failure::is_early_end(&error) => request().await,
                result => result,
            }
        });
        match sent.await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(failure::unsent(authority(url), error, &self.limits)),
            Err(_) => Err(Error::Timeout {
                host: authority(url),
                phase: Phase::Response,
                limit: self.limits.response,
            }),
        }
    }
}

impl Reach {
    fn permits(&self, target: &Url, home: &Url) -> bool {
        match self {
            Self::Public => true,
            Self::Listed(patterns) => {
                target.origin() == home.origin() || patterns.iter().any(|pattern| pattern.names(target))
            }
        }
    }
}

/// What the outcome of a request says of its host. That something does not exist, or is not for us, is an answer.
fn verdict<T>(result: &Result<T>) -> Verdict {
    match result {
        Err(Error::Unreachable { .. } | Error::Timeout { .. } | Error::Broken { .. }) => Verdict::Failed,
        Err(Error::Status { status, .. }) if *status >= 500 => Verdict::Failed,
        Err(Error::RefusedAddress { .. }) => Verdict::Unknown,
        _ => Verdict::Worked,
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
fn place(ask: &Ask, url: &Url) -> String {
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
