//! TCP and TLS connections to services that the operator configured: any address is allowed, unlike for `http/connector`.

use std::{io, sync::Arc, time::Duration};

use actix_rt::net::TcpStream;
use actix_service::Service;
use actix_tls::connect::{ConnectError, ConnectInfo, Connection};
use awc::{Client, http::Uri};
use futures_util::future::LocalBoxFuture;
use rustls::ClientConfig;
use tokio::time::timeout;

use crate::{
    config::origin_config::OriginConfig,
    http::{
        client::ClientSettings,
        counted_stream::{Connections, CountedStream, Stream},
        tls,
    },
};

/// Makes clients with the same settings.
pub(crate) struct ClientFactory {
    connector: TcpConnector,
    tls: Arc<ClientConfig>,
    settings: ClientSettings,
}

/// A client for services without TLS, and one for services with it.
#[derive(Clone)]
pub(crate) struct Clients {
    pub(crate) plain: Client,
    pub(crate) tls: Client,
}

/// The service that awc's connector calls for every new connection.
///
/// Hosts are the configured endpoints, those of the providers, and the metadata services that hand out credentials, which
/// are private by nature. What a request says becomes part of a host name only after a check, see `name`.
#[derive(Clone)]
struct TcpConnector {
    /// Set if the connections of the client use TLS: all do, or none.
    tls: Option<Arc<ClientConfig>>,
    /// For connecting, and again for the handshake.
    timeout: Duration,
    connections: Connections,
}

impl ClientFactory {
    pub(crate) fn new(config: &OriginConfig, connections: &Connections) -> Result<Self, String> {
        let roots = tls::roots(config.ca_file.as_deref())?;
        let tls = tls::client(roots).map_err(|error| format!("TLS cannot be set up: {error}"))?;
        let connector =
            TcpConnector { tls: None, timeout: config.connect_timeout, connections: connections.clone() };
        Ok(Self { connector, tls, settings: ClientSettings::new(config) })
    }

    /// New clients.
    pub(crate) fn clients(&self) -> Clients {
        let tls = TcpConnector { tls: Some(Arc::clone(&self.tls)), ..self.connector.clone() };
        Clients { plain: self.settings.client(self.connector.clone()), tls: self.settings.client(tls) }
    }
}

impl Service<ConnectInfo<Uri>> for TcpConnector {
    type Response = Connection<Uri, CountedStream>;
    type Error = ConnectError;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Self::Error>>;

    actix_service::always_ready!();

    fn call(&self, info: ConnectInfo<Uri>) -> Self::Future {
        let connector = self.clone();
        Box::pin(request_trace::in_span("origin.connect", async move {
            let stream = connector.stream(info.hostname(), info.port()).await.map_err(ConnectError::Io)?;
            Ok(Connection::new(info.request().clone(), CountedStream::new(stream, &connector.connections)))
        }))
    }
}

impl TcpConnector {
    async fn stream(&self, host: &str, port: u16) -> io::Result<Stream> {
        let tcp = timeout(self.timeout, connect(host, port)).await.map_err(|_| io::ErrorKind::TimedOut)??;
        tls::stream(tcp, self.tls.as_ref(), host, self.timeout).await
    }
}

/// Tries the addresses of a host in sequence.
async fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
