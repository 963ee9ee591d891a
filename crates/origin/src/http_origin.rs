//! A configured origin that speaks HTTP.

use async_trait::async_trait;
use url::{Host, Url};

use crate::{
    config::origin_config::OriginConfig,
    error::Result,
    fetched::OriginResponse,
    http::{
        authority::authority,
        connector::{AddressPolicy, HostPort},
        fetcher::HttpFetcher,
        hop::FetchRequest,
        redirect::{RedirectPolicy, Trust},
    },
    object_ref::below,
    origin::{Kind, OpenContext, Origin, OriginRequest},
    path::SourcePath,
};

pub(crate) const KIND: Kind = Kind {
    name: "http",
    recognizes: is_http,
    check: |url| parse_url(url).map(|_| ()),
    open: |config, context| Ok(Box::new(HttpOrigin::open(config, context)?)),
};

/// A configured HTTP or HTTPS origin.
pub(crate) struct HttpOrigin {
    /// Without credentials.
    base: Url,
    name: String,
    fetcher: HttpFetcher,
}

fn is_http(url: &str) -> bool {
    url.split_once("://").is_some_and(|(scheme, _)| {
        scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
    })
}

/// The URL of a configured HTTP origin, with its credentials; an error says what was expected.
pub(crate) fn parse_url(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "expected a valid URL")?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("expected an http or https URL");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("expected a URL without query and fragment");
    }
    if url.scheme() == "https" && matches!(url.host(), Some(Host::Ipv6(_))) {
        return Err("expected a host name: https to an IPv6 address is not supported");
    }
    Ok(url)
}

impl HttpOrigin {
    fn open(config: &OriginConfig, context: &OpenContext<'_>) -> Result<Self, String> {
        let no_host = || "origin.url has no host: expected http://host or https://host".to_owned();
        let mut url = parse_url(&config.url)?;
        let own = HostPort::from_url(&url).ok_or_else(no_host)?;
        let addresses = AddressPolicy { exempt: vec![own], trusted: context.trusted.to_vec() };
        let policies = (addresses, RedirectPolicy::AnyPublic);
        let fetcher = HttpFetcher::open(config, Some(&url), policies, context)?;
        url.set_username("").and_then(|()| url.set_password(None)).map_err(|()| no_host())?;
        Ok(Self { name: authority(&url), base: url, fetcher })
    }
}

#[async_trait(?Send)]
impl Origin for HttpOrigin {
    fn name(&self) -> &str {
        &self.name
    }

    fn identity(&self, path: &SourcePath) -> String {
        format!("{}{}", self.base.as_str().trim_end_matches('/'), path.canonical())
    }

    /// With a `host` that a request chose, no credentials are sent: they are meant for one site, not for all sites of the
    /// server.
    async fn fetch(&self, request: &OriginRequest<'_>) -> Result<OriginResponse> {
        let OriginRequest { path, host, known } = *request;
        let fetch = FetchRequest {
            url: below(&self.base, path),
            original: self.identity(path),
            trust: if host.is_some() { Trust::Foreign } else { Trust::Own },
            host: host.map(str::to_owned),
            address: None,
        };
        self.fetcher.fetch(&fetch, known).await
    }
}
