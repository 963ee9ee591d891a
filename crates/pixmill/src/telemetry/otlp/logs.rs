//! Log lines for a collector: events, and lines of the access log, as records of the OpenTelemetry SDK.
//!
//! The batch processor of the SDK has a bounded queue and a thread of its own, on which the exporter blocks. A line that does
//! not fit into the queue is lost and counted; nobody waits. What the exporters themselves log is not exported.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};

use opentelemetry::{
    Context, InstrumentationScope,
    logs::{AnyValue, LogRecord, Logger, LoggerProvider, Severity},
    trace::{SpanId, TraceFlags, TraceId},
};
use opentelemetry_sdk::logs::{
    BatchConfigBuilder, BatchLogProcessor, SdkLogRecord, SdkLogger, SdkLoggerProvider,
};
use serde_json::Value;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{self, Layer};

use super::{backlog::Backlog, client, collector::Collector};
use crate::{
    config,
    telemetry::{
        access_line::{ACCESS, AccessFields},
        export_losses::Signal,
        layout::{Fields, TRACE_ID},
    },
};

/// Maximum number of lines that wait to be exported, of about 1 kB each; further ones are lost.
const QUEUE: usize = 16 * 1024;

/// Maximum number of lines of one request to the collector.
const BATCH: usize = 2048;

/// How long lines gather.
const GATHER: Duration = Duration::from_secs(2);

/// The export of this process.
static CURRENT: OnceLock<LogExport> = OnceLock::new();

/// Exports log lines.
#[derive(Debug, Clone)]
pub struct LogExport {
    provider: SdkLoggerProvider,
    logger: SdkLogger,
    backlog: Arc<Backlog>,
}

impl LogExport {
    /// Starts the export of this process, if it is configured. Whether the collector is there is not asked.
    ///
    /// # Errors
    ///
    /// The endpoint cannot be used.
    pub fn start(config: &config::Telemetry) -> anyhow::Result<Option<Self>> {
        if !config.otlp.has_logs() {
            return Ok(None);
        }
        let export = Self::open(&Collector::new(config)?)?;
        // the first one stays
        let _ = CURRENT.set(export.clone());
        Ok(Some(export))
    }

    fn open(collector: &Collector) -> anyhow::Result<Self> {
        let backlog = Arc::new(Backlog::new(Signal::Logs, QUEUE));
        let exporter = collector.log_exporter(Arc::clone(&backlog))?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUE)
            .with_max_export_batch_size(BATCH)
            .with_scheduled_delay(GATHER)
            .build();
        let processor = BatchLogProcessor::builder(exporter).with_batch_config(batches).build();
        let provider = SdkLoggerProvider::builder()
            .with_resource(collector.resource.clone())
            .with_log_processor(processor)
            .build();
        let scope = InstrumentationScope::builder("pixmill").with_version(env!("CARGO_PKG_VERSION")).build();
        Ok(Self { logger: provider.logger_with_scope(scope), provider, backlog })
    }

    /// That of this process; none if log lines are not exported.
    pub fn current() -> Option<&'static Self> {
        CURRENT.get()
    }

    /// What receives all events but those of the access log, see [`LogExport::access_line`].
    pub fn layer<S: Subscriber>(&self) -> impl Layer<S> + use<S> {
        ExportLayer(self.clone())
    }

    /// Exports a line of the access log. Its attributes have the names of OpenTelemetry's semantic conventions, as those of the
    /// request's span.
    pub fn access_line(&self, line: &AccessFields<'_>, trace: Option<&request_trace::Context>) {
        let mut record = self.record(Level::INFO, ACCESS);
        record.set_body(line.message().into());
        let text = |text: &str| AnyValue::from(text.to_owned());
        record.add_attribute("http.request.method", text(line.method));
        record.add_attribute("url.path", text(line.path));
        record.add_attribute("http.response.status_code", i64::from(line.status));
        record.add_attribute("http.response.body.size", line.bytes as i64);
        record.add_attribute("pixmill.elapsed_ms", line.elapsed_ms);
        record.add_attribute("pixmill.request_id", text(line.request_id));
        let client = line.client.map(|address| address.to_string());
        for (name, value) in [
            ("url.query", line.query.filter(|query| !query.is_empty())),
            ("pixmill.cache", line.cache),
            ("client.address", client.as_deref()),
            ("user_agent.original", line.user_agent),
            ("http.request.header.referer", line.referer),
        ] {
            if let Some(value) = value {
                record.add_attribute(name, text(value));
            }
        }
        self.emit(record, trace);
    }

    /// Exports what waits, and ends the thread. Blocks, for some seconds at most.
    pub fn close(self) {
        if let Err(error) = self.provider.shutdown_with_timeout(client::CLOSE_TIMEOUT) {
            tracing::warn!(%error, "the last log lines were not exported");
        }
    }

    fn record(&self, level: Level, target: &str) -> SdkLogRecord {
        let mut record = self.logger.create_log_record();
        record.set_timestamp(SystemTime::now());
        record.set_severity_text(level.as_str());
        record.set_severity_number(severity(level));
        record.set_target(target.to_owned());
        record
    }

    fn emit(&self, mut record: SdkLogRecord, trace: Option<&request_trace::Context>) {
        if let Some(trace) = trace {
            let flags = if trace.is_sampled() { TraceFlags::SAMPLED } else { TraceFlags::default() };
            let (id, span) = (trace.trace_id().to_bytes(), trace.span_id().to_bytes());
            record.set_trace_context(TraceId::from_bytes(id), SpanId::from_bytes(span), Some(flags));
        }
        if self.backlog.try_add() {
            self.logger.emit(record);
        }
    }

    fn event(&self, event: &Event<'_>) {
        let meta = event.metadata();
        let mut fields = Fields::recorded(event);
        fields.add_request();
        let mut record = self.record(*meta.level(), meta.target());
        record.set_body(fields.message.into());
        for (name, value) in fields.others.into_iter().filter(|(name, _)| *name != TRACE_ID) {
            record.add_attribute(attribute(name), any_value(value));
        }
        self.emit(record, request_trace::current().as_ref());
    }
}

/// Passes events on.
struct ExportLayer(LogExport);

impl<S: Subscriber> Layer<S> for ExportLayer {
    fn on_event(&self, event: &Event<'_>, _: layer::Context<'_, S>) {
        // threads of exporters suppress what they log: it would be exported, and logged, for ever
        if event.metadata().target() != ACCESS && !Context::is_current_telemetry_suppressed() {
            self.0.event(event);
        }
    }
}

/// The name of a field as an attribute: one of the semantic conventions, or below a name of ours.
fn attribute(name: &str) -> String {
    match name {
        "error" => "exception.message".to_owned(),
        _ => format!("pixmill.{name}"),
    }
}

fn any_value(value: Value) -> AnyValue {
    match value {
        Value::Bool(value) => AnyValue::Boolean(value),
        Value::Number(number) => number
            .as_i64()
            .map(AnyValue::Int)
            .or_else(|| number.as_f64().map(AnyValue::Double))
            .unwrap_or_else(|| number.to_string().into()),
        Value::String(text) => text.into(),
        other => other.to_string().into(),
    }
}

fn severity(level: Level) -> Severity {
    match level {
        Level::ERROR => Severity::Error,
        Level::WARN => Severity::Warn,
        Level::INFO => Severity::Info,
        Level::DEBUG => Severity::Debug,
        Level::TRACE => Severity::Trace,
    }
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, time::Instant};

    use super::*;
    use crate::config::OtlpProtocol;

    #[test]
    fn numbers_and_names_are_kept() {
        assert_eq!(any_value(3.into()), AnyValue::Int(3));
        assert_eq!(any_value(u64::MAX.into()), AnyValue::Double(u64::MAX as f64));
        assert_eq!(any_value(true.into()), AnyValue::Boolean(true));
        assert_eq!(any_value("a".into()), AnyValue::from("a"));
        assert_eq!((&*attribute("error"), &*attribute("job")), ("exception.message", "pixmill.job"));
    }

    #[test]
    fn nobody_waits_for_a_collector_that_does_not_answer() {
        check_a_silent_collector(OtlpProtocol::Http);
    }

    #[test]
    fn nobody_waits_for_a_collector_that_does_not_answer_over_grpc() {
        check_a_silent_collector(OtlpProtocol::Grpc);
    }

    fn check_a_silent_collector(protocol: OtlpProtocol) {
        // the kernel accepts connections, and nobody reads
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut config = config::Telemetry::default();
        config.otlp.endpoint = format!("http://{}", listener.local_addr().unwrap());
        config.otlp.protocol = protocol;
        let export = LogExport::open(&Collector::new(&config).unwrap()).unwrap();
        let (began, lost_before) = (Instant::now(), Signal::Logs.lost());
        for _ in 0..3 * QUEUE {
            export.emit(export.record(Level::INFO, "x"), None);
        }
        // one export waits 10 s for the collector
        assert!(began.elapsed() < client::TIMEOUT / 2, "{:?}", began.elapsed());
        let lost = Signal::Logs.lost() - lost_before;
        assert!(lost >= (2 * QUEUE - BATCH) as u64, "all but those that wait and one batch: {lost}");
        let began = Instant::now();
        export.close();
        assert!(began.elapsed() < 2 * client::CLOSE_TIMEOUT, "{:?}", began.elapsed());
    }
}
