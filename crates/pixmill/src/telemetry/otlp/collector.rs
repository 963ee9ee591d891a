//! Where telemetry is sent, and the attributes that say whose it is.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
};

use anyhow::Context;
use opentelemetry::KeyValue;
use opentelemetry_otlp::{
    LogExporter, Protocol, SpanExporter, WithExportConfig, WithHttpConfig, WithTonicConfig,
};
use opentelemetry_sdk::Resource;
use tonic::metadata::MetadataMap;
use ureq::http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

use super::{
    backlog::Backlog,
    client::{Client, TIMEOUT},
    exporter::{Exporter, Transport},
    failures::Failures,
    grpc::Connection,
};
use crate::{
    config::{self, OtlpProtocol},
    telemetry::export_losses::Signal,
};

/// The id of this process, in all that it exports.
static INSTANCE: LazyLock<Uuid> = LazyLock::new(Uuid::new_v4);

/// Where telemetry is sent, and as whose.
pub struct Collector {
    /// The settings.
    pub config: config::Otlp,
    /// The attributes of this process.
    pub resource: Resource,
    /// That of all its signals over gRPC; none over HTTP.
    pub connection: Option<Arc<Connection>>,
}

impl Collector {
    /// That of the configuration.
    ///
    /// # Errors
    ///
    /// The endpoint or the thread of its connection cannot be used.
    pub fn new(config: &config::Telemetry) -> anyhow::Result<Self> {
        let connection = match config.otlp.protocol {
            OtlpProtocol::Http => None,
            OtlpProtocol::Grpc => Some(Arc::new(Connection::open(&config.otlp.endpoint)?)),
        };
        Ok(Self { config: config.otlp.clone(), resource: resource(config), connection })
    }

    /// An exporter of the traces that wait in `backlog`.
    ///
    /// # Errors
    ///
    /// The endpoint or the headers cannot be used.
    pub fn span_exporter(&self, backlog: Arc<Backlog>) -> anyhow::Result<Exporter<SpanExporter>> {
        const SIGNAL: &str = Signal::Traces.name();
        let builder = SpanExporter::builder();
        let exporter = match &self.connection {
            None => self.over_http(builder.with_http(), SIGNAL).build(),
            Some(connection) => self.over_grpc(builder.with_tonic(), connection)?.build(),
        };
        let exporter = exporter.context("cannot export traces to telemetry.otlp.endpoint")?;
        Ok(Exporter::new(exporter, self.transport(SIGNAL), backlog))
    }

    /// An exporter of the log lines that wait in `backlog`.
    ///
    /// # Errors
    ///
    /// The endpoint or the headers cannot be used.
    pub fn log_exporter(&self, backlog: Arc<Backlog>) -> anyhow::Result<Exporter<LogExporter>> {
        const SIGNAL: &str = Signal::Logs.name();
        let builder = LogExporter::builder();
        let exporter = match &self.connection {
            None => self.over_http(builder.with_http(), SIGNAL).build(),
            Some(connection) => self.over_grpc(builder.with_tonic(), connection)?.build(),
        };
        let exporter = exporter.context("cannot export logs to telemetry.otlp.endpoint")?;
        Ok(Exporter::new(exporter, self.transport(SIGNAL), backlog))
    }

    fn over_http<B: WithExportConfig + WithHttpConfig>(&self, exporter: B, signal: &'static str) -> B {
        exporter
            .with_http_client(Client::new(signal))
            .with_headers(self.headers().collect::<HashMap<_, _>>())
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(self.config.url(signal))
            .with_timeout(TIMEOUT)
    }

    fn over_grpc<B: WithExportConfig + WithTonicConfig>(
        &self,
        exporter: B,
        connection: &Connection,
    ) -> anyhow::Result<B> {
        let exporter = exporter.with_channel(connection.channel()).with_metadata(self.metadata()?);
        Ok(exporter.with_timeout(TIMEOUT))
    }

    fn transport(&self, signal: &'static str) -> Transport {
        match &self.connection {
            None => Transport::Http,
            Some(connection) => Transport::Grpc(Arc::clone(connection), Failures::new(signal)),
        }
    }

    /// Additional headers of requests.
    pub fn headers(&self) -> impl Iterator<Item = (String, String)> {
        self.config.headers.iter().map(|(name, value)| (name.clone(), value.reveal().to_owned()))
    }

    /// The same as metadata of gRPC.
    ///
    /// # Errors
    ///
    /// One is no HTTP header. The error does not contain its value.
    pub fn metadata(&self) -> anyhow::Result<MetadataMap> {
        let mut headers = HeaderMap::new();
        for (name, value) in self.headers() {
            let parsed = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&value));
            let (Ok(name), Ok(value)) = parsed else {
                anyhow::bail!("telemetry.otlp.headers.{name} is no HTTP header");
            };
            headers.append(name, value);
        }
        Ok(MetadataMap::from_headers(headers))
    }
}

/// The attributes of all that this process exports.
fn resource(config: &config::Telemetry) -> Resource {
    let own = [
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        KeyValue::new("service.instance.id", INSTANCE.to_string()),
    ];
    let configured = config.resource.iter().map(|(name, value)| KeyValue::new(name.clone(), value.clone()));
    Resource::builder_empty()
        .with_attributes(own.into_iter().chain(configured))
        .with_service_name(config.service_name.clone())
        .build()
}
