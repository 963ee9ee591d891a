//! An exporter of the OpenTelemetry SDK over either protocol.

use std::{future::Future, sync::Arc, time::Duration};

use opentelemetry_otlp as otlp;
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    logs::{LogBatch, LogExporter},
    trace::{SpanData, SpanExporter},
};

use super::{backlog::Backlog, failures::Failures, grpc::Connection};

/// An exporter of one signal.
#[derive(Debug)]
pub struct Exporter<E> {
    inner: E,
    transport: Transport,
    backlog: Arc<Backlog>,
}

/// How its requests are sent.
#[derive(Debug)]
pub enum Transport {
    /// By the client of `inner`, which blocks and logs failures.
    Http,
    /// Over a connection whose tasks run on another thread.
    Grpc(Arc<Connection>, Failures),
}

impl<E> Exporter<E> {
    /// Exports by `inner` what waits in `backlog`.
    pub fn new(inner: E, transport: Transport, backlog: Arc<Backlog>) -> Self {
        Self { inner, transport, backlog }
    }

    /// Runs the export of `count` items, and counts them if it fails.
    async fn run(&self, count: usize, export: impl Future<Output = OTelSdkResult> + Send) -> OTelSdkResult {
        self.backlog.remove(count);
        let result = self.transport.run(export).await;
        if result.is_err() {
            self.backlog.add_lost(count);
        }
        result
    }
}

impl Transport {
    async fn run(&self, export: impl Future<Output = OTelSdkResult> + Send) -> OTelSdkResult {
        match self {
            Self::Http => export.await,
            Self::Grpc(connection, failures) => {
                let result = connection.wait(export);
                failures.record(result.as_ref().err().map(ToString::to_string));
                result
            }
        }
    }
}

impl SpanExporter for Exporter<otlp::SpanExporter> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.run(batch.len(), self.inner.export(batch)).await
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

impl LogExporter for Exporter<otlp::LogExporter> {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        self.run(batch.iter().count(), self.inner.export(batch)).await
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}
