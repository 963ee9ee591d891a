//! An origin that speaks HTTP.

pub(crate) mod body;
mod connector;
pub(crate) mod failure;
mod redirect;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod tls;
pub(crate) mod wire;

use std::cell::RefCell;

use awc::{
    Client, ClientResponse,
    http::header::{HeaderValue, LOCATION},
};
use tokio::time::timeout;
use url::Url;

use self::{
    connector::Exempt,
    failure::Limits,
    redirect::Standing,
    request::{Dialler, Headers},
    wire::Connections,
};
use crate::{
    Answer, Config, SourcePath, Validators,
    error::{Error, Phase, Result},
};

/// An HTTP or HTTPS origin, with the connections of one worker.
pub(crate) struct Http {
    /// Without credentials, without a trailing slash in its path.
    base: Url,
    host: String,
    dialler: Dialler,
    /// Replaced when one of its connections can no longer be trusted, see [`Http::retire`].
    client: RefCell<Client>,
    headers: Headers,
    limits: Limits,
    max_redirects: u8,
    max_bytes: u64,
    connections: Connections,
}

impl Http {
    pub(crate) fn open(mut url: Url, config: &Config, max_bytes: u64) -> Result<Self, String> {
        let headers = Headers::new(config, &url)?;
        let cleared = url.set_username("").and_then(|()| url.set_password(None));
        let port = url.port_or_known_default();
        let (Some(host), Some(port), Ok(())) = (url.host_str(), port, cleared) else {
            return Err("origin.url has no host: expected http://host or https://host".to_owned());
        };
        let exempt = Exempt { host: host.to_owned(), port };
        let roots = tls::roots(config.ca_file.as_deref())?;
        let tls = tls::client(roots).map_err(|error| format!("TLS cannot be set up: {error}"))?;
        let connections = Connections::default();
        let dialler = Dialler::new(config, exempt, tls, &connections);
        Ok(Self {
            host: authority(&url),
            base: url,
            client: RefCell::new(dialler.client()),
            dialler,
            headers,
            limits: Limits {
                connect: config.connect_timeout,
                response: config.response_timeout,
                fetch: config.timeout,
            },
            max_redirects: config.max_redirects,
            max_bytes,
            connections,
        })
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn identity(&self, path: &SourcePath) -> String {
        format!("{}{}", self.base.as_str().trim_end_matches('/'), path.canonical())
    }

    pub(crate) async fn fetch(&self, path: &SourcePath, known: Option<&Validators>) -> Result<Answer> {
        let original = self.identity(path);
        let limit = self.limits.fetch;
        timeout(limit, self.follow(&original, known))
            .await
            .unwrap_or_else(|_| Err(Error::Timeout { host: self.host.clone(), phase: Phase::Fetch, limit }))
    }

    /// Asks for the original, and again wherever a redirect leads.
    async fn follow(&self, original: &str, known: Option<&Validators>) -> Result<Answer> {
        let broken = |reason: &str| Error::Broken { host: self.host.clone(), reason: reason.to_owned() };
        let mut url = Url::parse(original).map_err(|_| broken("no URL can be made of the path"))?;
        let mut standing = Standing::Own;
        for _ in 0..=self.max_redirects {
            // held until the body is read: the pool must outlive its connections, see `body::read`
            let client = self.client.borrow().clone();
            let response = self.send(&client, &url, standing, known).await?;
            if !redirect::is_redirect(response.status()) {
                return self.receive(response, &url, original, known).await;
            }
            let location = response.headers().get(LOCATION).map(HeaderValue::as_bytes);
            let target = redirect::target(&url, location).map_err(broken)?;
            tracing::debug!(from = authority(&url), to = authority(&target), "redirected");
            standing = standing.after(&target, &self.base);
            url = target;
            body::drain(response).await;
        }
        Err(broken(&format!("too many redirects, expected at most {}", self.max_redirects)))
    }

    /// Sends a request and waits for the head of its response.
    async fn send(
        &self,
        client: &Client,
        url: &Url,
        standing: Standing,
        known: Option<&Validators>,
    ) -> Result<ClientResponse> {
        let request =
            || request::get(client, url, &self.headers, standing, known).send_body(awc::body::None::new());
        let sent = timeout(self.limits.response, async {
            match request().await {
                Err(error) if failure::is_early_end(&error) => request().await,
                result => result,
            }
        });
        match sent.await {
            Ok(Ok(response)) => {
                if !body::is_delimited(&response) {
                    self.retire();
                }
                Ok(response)
            }
            Ok(Err(error)) => Err(failure::unsent(authority(url), error, &self.limits)),
            Err(_) => Err(Error::Timeout {
                host: authority(url),
                phase: Phase::Response,
                limit: self.limits.response,
            }),
        }
    }

    /// Leaves all pooled connections behind.
    ///
    /// After a response whose end awc cannot tell (an early hint, no length) it takes the connection for idle, and
    /// what still comes on it would be taken for the answer to the next request: another picture.
    fn retire(&self) {
        tracing::debug!(host = self.host, "a response without an end: connections are left behind");
        self.client.replace(self.dialler.client());
    }
}

/// Host and port of a URL as they stand in it.
fn authority(url: &Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => String::new(),
    }
}
