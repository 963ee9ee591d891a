//! Export to an OpenTelemetry collector, by OTLP over HTTP with protobuf.
//!
//! The batch processor of the OpenTelemetry SDK has a thread of its own, on which `Client` blocks. While the collector is
//! away, batches are lost and no request waits.

mod client;
mod metrics;
mod text_metrics;
mod traces;

use std::{collections::HashMap, sync::Arc};

use anyhow::Context;
use opentelemetry::KeyValue;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_proto::tonic::resource::v1 as proto;
use opentelemetry_sdk::Resource;
use uuid::Uuid;

use self::{
    client::{Client, TIMEOUT},
    metrics::{Destination, OtlpMetrics},
    traces::OtlpTraces,
};
use super::traces::Tracer;
use crate::config;

/// Exporters of a server.
pub struct Exporters {
    config: config::Telemetry,
    resource: Resource,
    traces: Option<Arc<OtlpTraces>>,
    metrics: Option<OtlpMetrics>,
}

impl Exporters {
    /// Starts that of traces, if it is configured. None if nothing is exported.
    ///
    /// # Errors
    ///
    /// The endpoint or a thread cannot be used. Whether the collector is there is not asked.
    pub fn start(config: &config::Telemetry) -> anyhow::Result<Option<Self>> {
        if !config.otlp.has_traces() && !config.otlp.has_metrics() {
            return Ok(None);
        }
        let resource = resource(config);
        let mut exporters = Self { config: config.clone(), resource, traces: None, metrics: None };
        if config.otlp.has_traces() {
            exporters.traces = Some(Arc::new(exporters.start_traces()?));
        }
        Ok(Some(exporters))
    }

    fn start_traces(&self) -> anyhow::Result<OtlpTraces> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Client::new("traces"))
            .with_headers(self.headers().collect::<HashMap<_, _>>())
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(self.config.otlp.url("traces"))
            .with_timeout(TIMEOUT)
            .build()
            .context("cannot export traces to telemetry.otlp.endpoint")?;
        Ok(OtlpTraces::start(exporter, &self.resource))
    }

    /// Starts that of metrics, if it is configured; `scrape` gives the text of `/metrics`.
    ///
    /// # Errors
    ///
    /// The thread cannot be started.
    pub fn export_metrics(&mut self, scrape: impl Fn() -> String + Send + 'static) -> anyhow::Result<()> {
        if self.config.otlp.has_metrics() {
            let (url, headers) = (self.config.otlp.url("metrics"), self.headers().collect());
            let attributes = self.resource.iter();
            let attributes =
                attributes.map(|(name, value)| text_metrics::attribute(name.as_str(), value.as_str()));
            let resource = proto::Resource { attributes: attributes.collect(), ..proto::Resource::default() };
            let destination = Destination { url, headers, resource };
            self.metrics = Some(OtlpMetrics::start(destination, scrape).context("cannot export metrics")?);
        }
        Ok(())
    }

    fn headers(&self) -> impl Iterator<Item = (String, String)> {
        self.config.otlp.headers.iter().map(|(name, value)| (name.clone(), value.reveal().to_owned()))
    }

    /// What starts the traces of requests; none if they are not traced.
    pub fn tracer(&self) -> Option<Tracer> {
        let sink = self.traces.clone()?;
        Some(Tracer { sink, ratio: self.config.otlp.sample_ratio })
    }

    /// Exports what waits. Blocks, for some seconds at most.
    pub fn close(self) {
        if let Some(metrics) = self.metrics {
            metrics.close();
        }
        if let Some(traces) = self.traces {
            traces.close();
        }
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
