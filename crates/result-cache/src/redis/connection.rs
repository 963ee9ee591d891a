//! Connections to a server, to the master that sentinels report, or to a cluster.

use std::fmt;
use std::fs;
use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::{ClusterClient, ClusterClientBuilder};
use redis::cluster_async::ClusterConnection;
use redis::sentinel::{SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo,
    ProtocolVersion, PushInfo, RedisError, RedisResult, TlsCertificates, TlsMode, Value,
};
use tokio::sync::mpsc::UnboundedSender;

use super::config::{RedisConfig, RedisMode};

/// Commands in flight per connection. Further ones wait, within their own timeout.
const PIPELINE_DEPTH: usize = 256;
/// Bytes that are collected before they are written: an entry is sent in few pieces.
const WRITE_BUFFER: usize = 256 * 1024;

/// An open connection. Cloning shares it.
#[derive(Clone)]
pub(crate) enum Connection {
    Server(MultiplexedConnection),
    Cluster(ClusterConnection),
}

/// What is needed to open a connection.
#[derive(Clone)]
pub(crate) struct Connector {
    config: RedisConfig,
    nodes: Vec<ConnectionInfo>,
    authorities: Option<Vec<u8>>,
}

impl Connector {
    /// Reads the configuration, and the file of certificate authorities.
    pub(crate) fn new(config: &RedisConfig) -> RedisResult<Self> {
        let node = |url: &str| {
            let info = url.into_connection_info()?;
            let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
            Ok(info.set_redis_settings(settings))
        };
        let nodes = config.urls().map(node).collect::<RedisResult<_>>()?;
        // rustls refuses to choose a provider when several crates bring one, or none does; another part of the process may
        // have installed one already
        drop(rustls::crypto::ring::default_provider().install_default());
        let named = !config.ca_file.as_os_str().is_empty();
        let authorities = if named { Some(fs::read(&config.ca_file)?) } else { None };
        Ok(Self { config: config.clone(), nodes, authorities })
    }

    /// Opens a connection. `pushes` receives what the server sends unasked.
    pub(crate) async fn open(&self, pushes: Option<UnboundedSender<PushInfo>>) -> RedisResult<Connection> {
        // the client library bounds single steps; this bounds a resolver or a handshake that hangs
        let limit = 3 * self.config.connect_timeout;
        match tokio::time::timeout(limit, self.open_all(pushes)).await {
            Ok(result) => result,
            Err(_) => Err(RedisError::from((ErrorKind::Io, "connecting took too long"))),
        }
    }

    async fn open_all(&self, pushes: Option<UnboundedSender<PushInfo>>) -> RedisResult<Connection> {
        match self.config.mode {
            RedisMode::Single => {
                let info = self.nodes.first().cloned().ok_or(NO_ADDRESS)?;
                let client = match self.certificates() {
                    Some(authorities) => Client::build_with_tls(info, authorities)?,
                    None => Client::open(info)?,
                };
                let settings = self.settings(pushes);
                let connection = client.get_multiplexed_async_connection_with_config(&settings).await?;
                Ok(Connection::Server(connection))
            }
            RedisMode::Sentinel => {
                let mut client = self.sentinels()?.build()?;
                let connection = client.get_async_connection_with_config(&self.settings(pushes)).await?;
                Ok(Connection::Server(connection))
            }
            RedisMode::Cluster => {
                Ok(Connection::Cluster(self.cluster(pushes)?.get_async_connection().await?))
            }
        }
    }

    fn settings(&self, pushes: Option<UnboundedSender<PushInfo>>) -> AsyncConnectionConfig {
        let settings = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.config.connect_timeout))
            // callers have timeouts of their own
            .set_response_timeout(None)
            .set_pipeline_buffer_size(PIPELINE_DEPTH)
            .set_write_backpressure_boundary(WRITE_BUFFER);
        match pushes {
            Some(pushes) => settings.set_push_sender(pushes),
            None => settings,
        }
    }

    fn sentinels(&self) -> RedisResult<SentinelClientBuilder> {
        let servers = self.nodes.first().ok_or(NO_ADDRESS)?;
        let addresses = self.nodes.iter().map(|node| node.addr().clone());
        let master = &self.config.sentinel_master;
        let settings = servers.redis_settings();
        let mut builder = SentinelClientBuilder::new(addresses, master, SentinelServerType::Master)?
            .set_client_to_redis_protocol(ProtocolVersion::RESP3)
            .set_client_to_redis_db(settings.db());
        if let Some(user) = settings.username() {
            builder = builder.set_client_to_redis_username(user);
        }
        if let Some(password) = settings.password() {
            builder = builder.set_client_to_redis_password(password);
        }
        if matches!(servers.addr(), ConnectionAddr::TcpTls { .. }) {
            builder = builder
                .set_client_to_redis_tls_mode(TlsMode::Secure)
                .set_client_to_sentinel_tls_mode(TlsMode::Secure);
            if let Some(authorities) = self.certificates() {
                builder = builder.set_client_to_redis_certificates(authorities);
            }
            if let Some(authorities) = self.certificates() {
                builder = builder.set_client_to_sentinel_certificates(authorities);
            }
        }
        let credentials = self.config.sentinel_credentials.reveal().trim_end_matches('@');
        if let Some((user, password)) = credentials.split_once(':') {
            if !user.is_empty() {
                builder = builder.set_client_to_sentinel_username(user);
            }
            builder = builder.set_client_to_sentinel_password(password);
        }
        Ok(builder)
    }

    fn cluster(&self, pushes: Option<UnboundedSender<PushInfo>>) -> RedisResult<ClusterClient> {
        let mut builder = ClusterClientBuilder::new(self.nodes.iter().cloned())
            .use_protocol(ProtocolVersion::RESP3)
            .connection_timeout(self.config.connect_timeout)
            // the caller stops waiting by its own timeout; this one ends what nobody waits for
            .response_timeout(CLUSTER_RESPONSE)
            .overall_response_timeout(None)
            .retries(1)
            .write_backpressure_boundary(WRITE_BUFFER);
        if let Some(authorities) = self.certificates() {
            builder = builder.certs(authorities);
        }
        if let Some(pushes) = pushes {
            builder = builder.push_sender(pushes);
        }
        builder.build()
    }

    fn certificates(&self) -> Option<TlsCertificates> {
        let root_cert = Some(self.authorities.clone()?);
        Some(TlsCertificates { client_tls: None, root_cert })
    }
}

/// Longer than any command waits, including the blocking read of purges.
const CLUSTER_RESPONSE: Duration = Duration::from_secs(10);

const NO_ADDRESS: (ErrorKind, &str) = (ErrorKind::InvalidClientConfig, "no address");

impl Connection {
    /// Sends a command and waits for its reply, without a timeout.
    pub(crate) async fn request(&mut self, command: &Cmd) -> RedisResult<Value> {
        match self {
            Self::Server(connection) => connection.req_packed_command(command).await,
            Self::Cluster(connection) => connection.req_packed_command(command).await,
        }
    }

    /// Subscribes to a channel: what is published there is pushed.
    pub(crate) async fn subscribe(&mut self, channel: &str) -> RedisResult<()> {
        match self {
            Self::Server(connection) => connection.subscribe(channel).await,
            Self::Cluster(connection) => connection.subscribe(channel).await,
        }
    }
}

/// Shows no address, which may contain a password.
impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").field("config", &self.config).finish_non_exhaustive()
    }
}
