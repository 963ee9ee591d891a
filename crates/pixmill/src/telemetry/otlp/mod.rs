//! Export to an OpenTelemetry collector, by OTLP over HTTP with protobuf, or over gRPC.
//!
//! The batch processor of the OpenTelemetry SDK has a thread of its own, on which `Client` or `Connection` blocks. While the
//! collector is away, batches are lost and no request waits.

mod backlog;
mod client;
mod collector;
mod exporter;
mod failures;
mod grpc;
pub mod logs;
mod metrics;
mod text_metrics;
mod traces;

use std::{sync::Arc, thread};

use anyhow::Context;
use opentelemetry_proto::tonic::resource::v1 as proto;

use self::{
    collector::Collector,
    metrics::{OtlpMetrics, Sender},
    traces::OtlpTraces,
};
use super::traces::Tracer;
use crate::config;

/// Exporters of traces and metrics of a server.
pub struct Exporters {
    collector: Collector,
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
        let mut exporters = Self { collector: Collector::new(config)?, traces: None, metrics: None };
        if config.otlp.has_traces() {
            exporters.traces = Some(Arc::new(OtlpTraces::start(&exporters.collector)?));
        }
        Ok(Some(exporters))
    }

    /// Starts that of metrics, if it is configured; `scrape` gives the text of `/metrics`.
    ///
    /// # Errors
    ///
    /// The headers cannot be used, or the thread cannot be started.
    pub fn export_metrics(&mut self, scrape: impl Fn() -> String + Send + 'static) -> anyhow::Result<()> {
        let collector = &self.collector;
        if collector.config.has_metrics() {
            let sender = Sender::new(collector)?;
            let attributes = collector.resource.iter();
            let attributes =
                attributes.map(|(name, value)| text_metrics::attribute(name.as_str(), value.as_str()));
            let resource = proto::Resource { attributes: attributes.collect(), ..proto::Resource::default() };
            let metrics = OtlpMetrics::start(sender, resource, scrape);
            self.metrics = Some(metrics.context("cannot export metrics")?);
        }
        Ok(())
    }

    /// What starts the traces of requests; none if they are not traced.
    pub fn tracer(&self) -> Option<Tracer> {
        let sink = self.traces.clone()?;
        Some(Tracer { sink, ratio: self.collector.config.sample_ratio })
    }

    /// Exports what waits. Blocks, for two seconds at most.
    pub fn close(self) {
        let Self { metrics, traces, .. } = self;
        thread::scope(|scope| {
            scope.spawn(|| metrics.map(OtlpMetrics::close));
            if let Some(traces) = traces {
                traces.close();
            }
        });
    }
}
