//! The HTTP client of a worker, whatever makes its connections.

use std::{sync::Arc, time::Duration};

use actix_service::Service;
use actix_tls::connect::{ConnectError, ConnectInfo, Connection};
use awc::{Client, Connector, http::Uri};
use rustls::ClientConfig;

use super::wire::Wire;
use crate::Config;

/// How long a connection serves at most, however busy it is: the host is looked up again after that.
const LIFETIME: Duration = Duration::from_mins(5);

/// What holds for all connections of a client.
pub(crate) struct Terms {
    tls: Arc<ClientConfig>,
    connect_timeout: Duration,
    keep_alive: Duration,
    max_connections: u32,
}

impl Terms {
    pub(crate) fn new(config: &Config, tls: Arc<ClientConfig>) -> Self {
        let Config { connect_timeout, keep_alive, max_connections, .. } = *config;
        Self { tls, connect_timeout, keep_alive, max_connections }
    }

    /// A client that follows no redirects, sets no headers and has no time limit but for connecting.
    pub(crate) fn client<C>(&self, connector: C) -> Client
    where
        C: Service<ConnectInfo<Uri>, Response = Connection<Uri, Wire>, Error = ConnectError>,
        C: Clone + 'static,
    {
        let connector = Connector::new()
            .connector(connector)
            .rustls_0_23(Arc::clone(&self.tls))
            .timeout(self.connect_timeout)
            .handshake_timeout(self.connect_timeout)
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
