//! Export to an OpenTelemetry collector, by OTLP over HTTP with protobuf.
//!
//! The batch processor of the OpenTelemetry SDK has a thread of its own, on which [`Client`] blocks. While the collector is
//! away, batches are lost and no request waits.

mod client;
mod traces;

use std::{collections::HashMap, sync::Arc};

use anyhow::Context;
use opentelemetry::KeyValue;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use uuid::Uuid;

use self::{
    client::{Client, TIMEOUT},
    traces::OtlpTraces,
};
use super::traces::Tracer;
use crate::config;

/// Exporters of a server.
pub struct Exporters {
    traces: Arc<OtlpTraces>,
    ratio: f64,
}

impl Exporters {
    /// Starts those that are configured.
    ///
    /// # Errors
    ///
    /// The endpoint or a thread cannot be used. Whether the collector is there is not asked.
    pub fn start(config: &config::Telemetry) -> anyhow::Result<Option<Self>> {
        if !config.otlp.has_traces() {
            return Ok(None);
        }
        let headers = config.otlp.headers.iter();
        let headers = headers.map(|(name, value)| (name.clone(), value.reveal().to_owned()));
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Client::new("traces"))
            .with_headers(headers.collect::<HashMap<_, _>>())
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(config.otlp.url("traces"))
            .with_timeout(TIMEOUT)
            .build()
            .context("cannot export traces to telemetry.otlp.endpoint")?;
        let traces = OtlpTraces::start(exporter, &resource(config));
        Ok(Some(Self { traces: Arc::new(traces), ratio: config.otlp.sample_ratio }))
    }

    /// What starts the traces of requests.
    pub fn tracer(&self) -> Tracer {
        Tracer { sink: self.traces.clone(), ratio: self.ratio }
    }

    /// Exports what waits. Blocks, for a few seconds at most.
    pub fn close(&self) {
        self.traces.close();
    }
}

/// The attributes of all that this process exports.
fn resource(config: &config::Telemetry) -> Resource {
    let own = [
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        KeyValue::new("service.instance.id", Uuid::new_v4().to_string()),
    ];
    let configured = config.resource.iter().map(|(name, value)| KeyValue::new(name.clone(), value.clone()));
    Resource::builder_empty()
        .with_attributes(own.into_iter().chain(configured))
        .with_service_name(config.service_name.clone())
        .build()
}
