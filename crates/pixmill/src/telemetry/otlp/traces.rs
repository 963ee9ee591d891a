//! Spans for the batch processor of the OpenTelemetry SDK.

use std::{sync::Arc, time::Duration};

use opentelemetry::{
    InstrumentationScope, KeyValue,
    trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState},
};
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, SpanData, SpanEvents, SpanLinks, SpanProcessor,
};
use request_trace::{FinishedSpan, Sink, TraceInfo, Value};

use super::{backlog::Backlog, client, collector::Collector};
use crate::telemetry::export_losses::Signal;

/// Maximum number of spans that wait to be exported; further ones are dropped. A miss has about ten.
const QUEUE: usize = 16 * 1024;

/// How long spans gather.
const GATHER: Duration = Duration::from_secs(2);

/// Exports spans in batches, on a thread of its own.
#[derive(Debug)]
pub struct OtlpTraces {
    processor: BatchSpanProcessor,
    scope: InstrumentationScope,
    backlog: Arc<Backlog>,
}

impl OtlpTraces {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// The endpoint or the headers cannot be used.
    pub fn start(collector: &Collector) -> anyhow::Result<Self> {
        let backlog = Arc::new(Backlog::new(Signal::Traces, QUEUE));
        let exporter = collector.span_exporter(Arc::clone(&backlog))?;
        let batches =
            BatchConfigBuilder::default().with_max_queue_size(QUEUE).with_scheduled_delay(GATHER).build();
        let mut processor = BatchSpanProcessor::builder(exporter).with_batch_config(batches).build();
        processor.set_resource(&collector.resource);
        let scope = InstrumentationScope::builder("pixmill").with_version(env!("CARGO_PKG_VERSION")).build();
        Ok(Self { processor, scope, backlog })
    }

    /// Exports what waits, and ends the thread.
    pub fn close(&self) {
        if let Err(error) = self.processor.shutdown_with_timeout(client::CLOSE_TIMEOUT) {
            tracing::warn!(%error, "the last traces were not exported");
        }
    }

    fn data(&self, trace: &TraceInfo, span: FinishedSpan) -> SpanData {
        let is_root = span.id == trace.root;
        // a root without a caller is its own parent
        let parent = if span.parent == span.id { SpanId::INVALID } else { span_id(span.parent) };
        let state = trace.parent.as_ref().and_then(|parent| parent.state.parse::<TraceState>().ok());
        let trace_id = TraceId::from_bytes(trace.id.to_bytes());
        let state = state.unwrap_or_default();
        SpanData {
            span_context: SpanContext::new(trace_id, span_id(span.id), TraceFlags::SAMPLED, false, state),
            parent_span_id: parent,
            parent_span_is_remote: is_root && trace.parent.is_some(),
            span_kind: kind(span.kind),
            name: span.name.into(),
            start_time: span.start,
            end_time: span.end,
            attributes: span.attributes.into_iter().map(attribute).collect(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: span.error.map_or(Status::Unset, Status::error),
            instrumentation_scope: self.scope.clone(),
        }
    }
}

impl Sink for OtlpTraces {
    fn export(&self, trace: &TraceInfo, spans: Vec<FinishedSpan>) {
        for span in spans.into_iter().filter(|_| self.backlog.try_add()) {
            self.processor.on_end(self.data(trace, span));
        }
    }
}

fn kind(kind: request_trace::SpanKind) -> SpanKind {
    match kind {
        request_trace::SpanKind::Internal => SpanKind::Internal,
        request_trace::SpanKind::Client => SpanKind::Client,
        request_trace::SpanKind::Server => SpanKind::Server,
        request_trace::SpanKind::Consumer => SpanKind::Consumer,
    }
}

fn span_id(id: request_trace::SpanId) -> SpanId {
    SpanId::from_bytes(id.to_bytes())
}

fn attribute((name, value): (&'static str, Value)) -> KeyValue {
    match value {
        Value::Static(text) => KeyValue::new(name, text),
        Value::Text(text) => KeyValue::new(name, text),
        Value::Number(number) => KeyValue::new(name, number),
    }
}
