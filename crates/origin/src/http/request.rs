//! The requests that are sent to origins, and the clients that send them.

use std::{net::IpAddr, rc::Rc, sync::Arc};

use awc::{
    Client, ClientRequest,
    http::header::{
        ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, HOST, HeaderName, HeaderValue, IF_MODIFIED_SINCE,
        IF_NONE_MATCH, USER_AGENT,
    },
};
use base64::{Engine, prelude::BASE64_STANDARD};
use http_semantics::Validators;
use percent_encoding::percent_decode_str;
use rustls::ClientConfig;
use url::Url;

use super::{
    authority::authority,
    client::{ClientSettings, client_url},
    connector::{AddressPolicy, GuardedConnector},
    counted_stream::Connections,
    redirect::Trust,
};
use crate::config::origin_config::OriginConfig;

/// Makes clients with the same settings.
pub(crate) struct ClientFactory {
    connector: GuardedConnector,
    tls: Arc<ClientConfig>,
    settings: ClientSettings,
}

impl ClientFactory {
    pub(crate) fn new(
        config: &OriginConfig,
        guard: AddressPolicy,
        tls: Arc<ClientConfig>,
        connections: &Connections,
    ) -> Self {
        let connector = GuardedConnector {
            guard: Rc::new(guard),
            address: None,
            tls: None,
            timeout: config.connect_timeout,
            connections: connections.clone(),
        };
        Self { connector, tls, settings: ClientSettings::new(config) }
    }

    /// A client for URLs with the scheme of this one. With an address it connects there, whatever the host is.
    pub(crate) fn client(&self, url: &Url, address: Option<IpAddr>) -> Client {
        let tls = (url.scheme() == "https").then(|| Arc::clone(&self.tls));
        self.settings.client(GuardedConnector { address, tls, ..self.connector.clone() })
    }
}

/// The configured request headers.
pub(crate) struct Headers {
    user_agent: HeaderValue,
    /// For the configured origin only: its credentials and the additional headers. Empty if there is no such origin.
    own: Vec<(HeaderName, HeaderValue)>,
}

impl Headers {
    pub(crate) fn new(config: &OriginConfig, url: Option<&Url>) -> Result<Self, String> {
        let user_agent = HeaderValue::from_str(&config.user_agent)
            .map_err(|_| "origin.user_agent is no header value".to_owned())?;
        let mut own = Vec::new();
        let Some(url) = url else { return Ok(Self { user_agent, own }) };
        own.extend(basic_credentials(url).map(|value| (AUTHORIZATION, value)));
        for (name, value) in &config.headers {
            let problem = || format!("origin.headers.{name} is no header");
            let mut value = HeaderValue::from_str(value.reveal()).map_err(|_| problem())?;
            value.set_sensitive(true);
            own.push((HeaderName::from_bytes(name.as_bytes()).map_err(|_| problem())?, value));
        }
        Ok(Self { user_agent, own })
    }
}

/// The value of `Authorization` for user and password of a URL.
fn basic_credentials(url: &Url) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let mut plain: Vec<u8> = percent_decode_str(url.username()).collect();
    plain.push(b':');
    plain.extend(percent_decode_str(url.password().unwrap_or_default()));
    let mut value = HeaderValue::from_str(&format!("Basic {}", BASE64_STANDARD.encode(plain))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The request for an original. Later headers replace earlier ones, so a configured `Host` or `Accept` takes precedence. Ids of
/// traces are sent to the configured origin only.
pub(crate) fn get(
    client: &Client,
    url: &Url,
    headers: &Headers,
    trust: Trust,
    (known, host): (Option<&Validators>, Option<&str>),
) -> ClientRequest {
    let mut request = client
        .get(client_url(url))
        .no_decompress()
        .insert_header((HOST, host.map_or_else(|| authority(url), str::to_owned)))
        .insert_header((USER_AGENT, headers.user_agent.clone()))
        .insert_header((ACCEPT, "*/*"))
        .insert_header((ACCEPT_ENCODING, "identity"));
    if let Some(etag) = known.and_then(|known| known.etag.as_deref()) {
        request = request.insert_header((IF_NONE_MATCH, etag));
    }
    if let Some(date) = known.and_then(|known| known.last_modified.as_deref()) {
        request = request.insert_header((IF_MODIFIED_SINCE, date));
    }
    if trust == Trust::Own {
        if let Some(trace) = request_trace::current() {
            request = request.insert_header(("traceparent", trace.traceparent()));
            if !trace.tracestate().is_empty() {
                request = request.insert_header(("tracestate", trace.tracestate()));
            }
        }
        for (name, value) in &headers.own {
            request = request.insert_header((name.clone(), value.clone()));
        }
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials() {
        for (url, expected) in [
            ("http://a.example", None),
            ("http://user:pa%3Ass@a.example", Some("Basic dXNlcjpwYTpzcw==")),
            ("http://user@a.example", Some("Basic dXNlcjo=")),
        ] {
            let value = basic_credentials(&Url::parse(url).unwrap());
            assert_eq!(value.as_ref().map(|value| value.to_str().unwrap()), expected, "{url}");
        }
    }
}
