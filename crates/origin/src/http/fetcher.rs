//! Fetches originals over HTTP: one hop after another, wherever redirects lead.

use http_semantics::Validators;
use tokio::time::Instant;
use url::Url;

use crate::{
    config::origin_config::OriginConfig,
    error::{Error, Result},
    fetched::OriginResponse,
    http::{
        authority::authority,
        client_pool::ClientPool,
        connector::AddressPolicy,
        counted_stream::Connections,
        error::Limits,
        exchange::HttpExchange,
        hop::{Exchange, FetchRequest, Hop, HopResult},
        redirect::RedirectPolicy,
        request::{ClientFactory, Headers},
        tls,
    },
    origin::OpenContext,
    upstream::limited::Limited,
};

/// HTTP as one worker speaks it under one configuration: with the origin of that configuration, or with whatever hosts
/// requests may name.
pub(crate) struct HttpFetcher {
    exchange: Limited<HttpExchange>,
    limits: Limits,
    max_redirects: u8,
}

impl HttpFetcher {
    /// Sets it up without connecting. `url` is the origin's own, if there is one, with its credentials.
    pub(crate) fn open(
        config: &OriginConfig,
        url: Option<&Url>,
        (addresses, redirects): (AddressPolicy, RedirectPolicy),
        context: &OpenContext<'_>,
    ) -> Result<Self, String> {
        let headers = Headers::new(config, url)?;
        let roots = tls::roots(config.ca_file.as_deref())?;
        let tls = tls::client(roots).map_err(|error| format!("TLS cannot be set up: {error}"))?;
        let connections = Connections::default();
        let pool = ClientPool::new(ClientFactory::new(config, addresses, tls, &connections));
        let limits = Limits::new(config);
        let max_bytes = context.max_bytes;
        let exchange = HttpExchange { pool, headers, redirects, limits, max_bytes, connections };
        let exchange = Limited::new(exchange, context.hosts, limits.response, limits.fetch);
        Ok(Self { exchange, limits, max_redirects: config.max_redirects })
    }

    /// Fetches the original, and again wherever a redirect leads.
    pub(crate) async fn fetch(
        &self,
        fetch: &FetchRequest,
        known: Option<&Validators>,
    ) -> Result<OriginResponse> {
        let deadline = Instant::now() + self.limits.fetch;
        let mut url = fetch.url.clone();
        let mut trust = fetch.trust;
        for _ in 0..=self.max_redirects {
            match self.exchange.exchange(&Hop { fetch, url: &url, trust, known, deadline }).await? {
                HopResult::Response(response) => return Ok(response),
                HopResult::Redirect(target) => {
                    trust = trust.after(&target, &fetch.url);
                    url = target;
                }
            }
        }
        let reason = format!("too many redirects, expected at most {}", self.max_redirects);
        Err(Error::Broken { host: authority(&fetch.url), reason })
    }
}
