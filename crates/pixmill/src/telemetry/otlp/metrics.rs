//! The metrics of `/metrics` for a collector: a thread sends them once a minute, and at the end.

use std::{
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError, channel},
    },
    thread::Builder,
    time::{Duration, SystemTime},
};

use opentelemetry_http::Request;
use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    common::v1::InstrumentationScope,
    metrics::v1::{ResourceMetrics, ScopeMetrics},
    resource::v1::Resource,
};
use prost::Message;
use tonic::metadata::MetadataMap;

use super::{
    client::{self, Client},
    collector::Collector,
    failures::Failures,
    grpc::Connection,
    text_metrics,
};
use crate::telemetry::export_losses::Signal;

/// How often metrics are sent: the default of OpenTelemetry's periodic readers.
const INTERVAL: Duration = Duration::from_mins(1);

/// The media type of OTLP's messages.
const PROTOBUF: &str = "application/x-protobuf";

/// What is sent with metrics, and how. Failures are logged.
pub enum Sender {
    /// As requests with protobuf.
    Http { client: Client, url: String, headers: Vec<(String, String)> },
    /// By the connection of all signals.
    Grpc { connection: Arc<Connection>, metadata: MetadataMap, failures: Failures },
}

impl Sender {
    /// That to this collector.
    ///
    /// # Errors
    ///
    /// The headers cannot be used.
    pub fn new(collector: &Collector) -> anyhow::Result<Self> {
        const SIGNAL: &str = Signal::Metrics.name();
        Ok(match &collector.connection {
            None => Self::Http {
                client: Client::new(SIGNAL),
                url: collector.config.url(SIGNAL),
                headers: collector.headers().collect(),
            },
            Some(connection) => Self::Grpc {
                connection: Arc::clone(connection),
                metadata: collector.metadata()?,
                failures: Failures::new(SIGNAL),
            },
        })
    }

    /// Blocks, for some seconds at most.
    fn send(&self, message: ExportMetricsServiceRequest) {
        if !self.is_sent(message) {
            Signal::Metrics.add_lost(1);
        }
    }

    fn is_sent(&self, message: ExportMetricsServiceRequest) -> bool {
        match self {
            Self::Http { client, url, headers } => {
                let request = Request::post(url).header("content-type", PROTOBUF);
                let headers = headers.iter();
                let request = headers.fold(request, |request, (name, value)| request.header(name, value));
                let Ok(request) = request.body(message.encode_to_vec().into()) else { return false };
                // a failure is logged by the client
                client.send_logged(request).is_ok_and(|response| response.status().is_success())
            }
            Self::Grpc { connection, metadata, failures } => {
                let result = connection.send_metrics(message, metadata.clone());
                failures.record(result.as_ref().err().map(ToString::to_string));
                result.is_ok()
            }
        }
    }
}

/// The thread that sends metrics. Dropping it ends the thread without waiting for it.
pub struct OtlpMetrics {
    /// Dropping it asks the thread to end.
    stop: mpsc::Sender<()>,
    /// Ends with the thread.
    ended: Receiver<()>,
}

impl OtlpMetrics {
    /// Starts the thread; `scrape` gives the text of `/metrics`.
    ///
    /// # Errors
    ///
    /// The thread cannot be started.
    pub fn start(
        sender: Sender,
        resource: Resource,
        scrape: impl Fn() -> String + Send + 'static,
    ) -> std::io::Result<Self> {
        let (stop, stopped) = channel();
        let (end, ended) = channel();
        let run = move || {
            run(&sender, &resource, &scrape, &stopped);
            drop(end);
        };
        Builder::new().name("otlp-metrics".to_owned()).spawn(run)?;
        Ok(Self { stop, ended })
    }

    /// Sends the last values, and ends the thread. A collector that does not answer is waited for until
    /// [`CLOSE_TIMEOUT`](client::CLOSE_TIMEOUT).
    pub fn close(self) {
        drop(self.stop);
        // an error is the end of the thread, too
        let _ = self.ended.recv_timeout(client::CLOSE_TIMEOUT);
    }
}

fn run(sender: &Sender, resource: &Resource, scrape: &impl Fn() -> String, stopped: &Receiver<()>) {
    let _suppressed = client::suppress();
    let began = SystemTime::now();
    loop {
        let has_ended = stopped.recv_timeout(INTERVAL) != Err(RecvTimeoutError::Timeout);
        sender.send(message(resource, &scrape(), [began, SystemTime::now()]));
        if has_ended {
            return;
        }
    }
}

fn message(resource: &Resource, text: &str, times: [SystemTime; 2]) -> ExportMetricsServiceRequest {
    let scope = InstrumentationScope {
        name: "pixmill".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    };
    let metrics = text_metrics::parse(text, times.map(nanoseconds));
    let scope = ScopeMetrics { scope: Some(scope), metrics, ..ScopeMetrics::default() };
    let resource = Some(resource.clone());
    let all = ResourceMetrics { resource, scope_metrics: vec![scope], ..ResourceMetrics::default() };
    ExportMetricsServiceRequest { resource_metrics: vec![all] }
}

fn nanoseconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}
