//! A configured origin that speaks HTTP.

use std::sync::Arc;

use ipnet::IpNet;
use url::Url;

use crate::{
    Config, Hosts, OriginResponse, SourcePath, Validators,
    error::Result,
    http::{AddressPolicy, FetchRequest, HostPort, Http, RedirectPolicy, Trust, authority},
    object_ref::below,
};

/// A configured HTTP or HTTPS origin.
pub(crate) struct HttpOrigin {
    /// Without credentials.
    base: Url,
    name: String,
    http: Http,
}

impl HttpOrigin {
    pub(crate) fn open(
        mut url: Url,
        config: &Config,
        trusted: &[IpNet],
        max_bytes: u64,
        hosts: &Arc<Hosts>,
    ) -> Result<Self, String> {
        let no_host = || "origin.url has no host: expected http://host or https://host".to_owned();
        let exempt = HostPort::from_url(&url).ok_or_else(no_host)?;
        let guard = AddressPolicy { exempt: vec![exempt], trusted: trusted.to_vec() };
        let http = Http::open(config, Some(&url), (guard, RedirectPolicy::AnyPublic), max_bytes, hosts)?;
        url.set_username("").and_then(|()| url.set_password(None)).map_err(|()| no_host())?;
        Ok(Self { name: authority(&url), base: url, http })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn identity(&self, path: &SourcePath) -> String {
        format!("{}{}", self.base.as_str().trim_end_matches('/'), path.canonical())
    }

    /// With a `host` that a request chose, the credentials stay here: they are meant for one site, not for all that
    /// the server has.
    pub(crate) async fn fetch(
        &self,
        path: &SourcePath,
        host: Option<&str>,
        known: Option<&Validators>,
    ) -> Result<OriginResponse> {
        let ask = FetchRequest {
            url: below(&self.base, path),
            original: self.identity(path),
            trust: if host.is_some() { Trust::Foreign } else { Trust::Own },
            host: host.map(str::to_owned),
            address: None,
        };
        self.http.fetch(&ask, known).await
    }
}
