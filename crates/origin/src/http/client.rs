//! The HTTP client of a worker, whatever makes its connections.

use std::time::Duration;

use actix_service::Service;
use actix_tls::connect::{ConnectError, ConnectInfo, Connection};
use awc::{Client, Connector, http::Uri};
use url::{Position, Url};

use super::counted_stream::CountedStream;
use crate::config::origin_config::OriginConfig;

/// The longest lifetime of a connection, however busy it is: the host is looked up again after that.
const LIFETIME: Duration = Duration::from_mins(5);

/// Settings of all connections of a client.
pub(crate) struct ClientSettings {
    connect_timeout: Duration,
    keep_alive: Duration,
    max_connections: u32,
}

impl ClientSettings {
    pub(crate) fn new(config: &OriginConfig) -> Self {
        let OriginConfig { connect_timeout, keep_alive, max_connections, .. } = *config;
        Self { connect_timeout, keep_alive, max_connections }
    }

    /// A client that follows no redirects, sets no headers and has no time limit except for connecting. TLS is done by the
    /// connector, below the client: its URLs are made by [`client_url`].
    pub(crate) fn client<C>(&self, connector: C) -> Client
    where
        C: Service<ConnectInfo<Uri>, Response = Connection<Uri, CountedStream>, Error = ConnectError>,
        C: Clone + 'static,
    {
        let connector = Connector::new()
            .connector(connector)
            // the connector has limits of its own, for connecting and for the handshake each
            .timeout(2 * self.connect_timeout)
            .limit(self.max_connections as usize)
            .conn_keep_alive(self.keep_alive)
            .conn_lifetime(LIFETIME);
        Client::builder()
            .connector(connector)
            .disable_redirects()
            .disable_timeout()
            .no_default_headers()
            .finish()
    }
}

/// A URL for such a client: `http`, with the port of the original scheme.
pub(crate) fn client_url(url: &Url) -> String {
    let port = url.port_or_known_default().unwrap_or_default();
    let rest = &url[Position::BeforePath..Position::AfterQuery];
    format!("http://{}:{port}{rest}", url.host_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_keep_their_port_and_target() {
        for (url, expected) in [
            ("http://a.example", "http://a.example:80/"),
            ("https://a.example/x?y#z", "http://a.example:443/x?y"),
            ("https://a.example:8443//%28", "http://a.example:8443//%28"),
            ("http://[::1]/x", "http://[::1]:80/x"),
            ("https://a.example:80/x", "http://a.example:80/x"),
        ] {
            assert_eq!(client_url(&Url::parse(url).unwrap()), expected);
        }
    }
}
