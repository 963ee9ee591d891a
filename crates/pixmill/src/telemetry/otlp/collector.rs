//! Where telemetry is sent, and the attributes that say whose it is.

use std::{collections::HashMap, sync::LazyLock};

use opentelemetry::KeyValue;
use opentelemetry_otlp::{Protocol, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use uuid::Uuid;

use super::client::{Client, TIMEOUT};
use crate::config;

/// The id of this process, in all that it exports.
static INSTANCE: LazyLock<Uuid> = LazyLock::new(Uuid::new_v4);

/// Where telemetry is sent, and as whose.
pub struct Collector {
    /// The settings.
    pub config: config::Otlp,
    /// The attributes of this process.
    pub resource: Resource,
}

impl Collector {
    /// That of the configuration.
    pub fn new(config: &config::Telemetry) -> Self {
        Self { config: config.otlp.clone(), resource: resource(config) }
    }

    /// An exporter of this signal, such as `traces`, by our client.
    pub fn configure<B: WithExportConfig + WithHttpConfig>(&self, exporter: B, signal: &'static str) -> B {
        exporter
            .with_http_client(Client::new(signal))
            .with_headers(self.headers().collect::<HashMap<_, _>>())
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(self.config.url(signal))
            .with_timeout(TIMEOUT)
    }

    /// Additional headers of requests.
    pub fn headers(&self) -> impl Iterator<Item = (String, String)> {
        self.config.headers.iter().map(|(name, value)| (name.clone(), value.reveal().to_owned()))
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
