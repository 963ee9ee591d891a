//! Connects to services that the operator named: any address will do, there is nothing to guard.

use std::io;

use actix_rt::net::TcpStream;
use actix_service::Service;
use actix_tls::connect::{ConnectError, ConnectInfo, Connection};
use awc::{Client, http::Uri};
use futures_util::future::LocalBoxFuture;

use crate::{
    Config,
    http::{
        client::Terms,
        tls,
        wire::{Connections, Wire},
    },
};

/// Makes clients, all alike.
pub(crate) struct Dialler {
    connector: OpenConnector,
    terms: Terms,
}

/// The service that awc's connector calls for every new connection.
///
/// Hosts are endpoints of the configuration, those of the providers, and the metadata services that give credentials,
/// which are private by nature. What a request says can become part of a host as a checked name only, see `name`.
#[derive(Clone)]
struct OpenConnector {
    connections: Connections,
}

impl Dialler {
    pub(crate) fn new(config: &Config, connections: &Connections) -> Result<Self, String> {
        let roots = tls::roots(config.ca_file.as_deref())?;
        let tls = tls::client(roots).map_err(|error| format!("TLS cannot be set up: {error}"))?;
        let connector = OpenConnector { connections: connections.clone() };
        Ok(Self { connector, terms: Terms::new(config, tls) })
    }

    /// A client.
    pub(crate) fn client(&self) -> Client {
        self.terms.client(self.connector.clone())
    }
}

impl Service<ConnectInfo<Uri>> for OpenConnector {
    type Response = Connection<Uri, Wire>;
    type Error = ConnectError;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Self::Error>>;

    actix_service::always_ready!();

    fn call(&self, info: ConnectInfo<Uri>) -> Self::Future {
        let connections = self.connections.clone();
        Box::pin(async move {
            let stream = connect(info.hostname(), info.port()).await.map_err(ConnectError::Io)?;
            Ok(Connection::new(info.request().clone(), Wire::new(stream, &connections)))
        })
    }
}

/// Tries the addresses of a host one after another.
async fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
