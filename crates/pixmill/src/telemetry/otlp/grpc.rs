//! The connection of exporters to a collector over gRPC.
//!
//! It is opened with the first export, and again after it was lost. Its tasks run on a thread of their own, because the
//! threads of exporters block, and so does the end of the process.

use std::{future::Future, thread::Builder, time::Duration};

use anyhow::Context;
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, metrics_service_client::MetricsServiceClient,
};
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use tokio::{runtime, sync::oneshot};
use tonic::{
    Request, Status,
    metadata::MetadataMap,
    transport::{Channel, ClientTlsConfig, Endpoint},
};

use super::client::{TIMEOUT, suppress};

/// How often an idle connection is probed by TCP, so that one that was lost is known before the next export. Pings of HTTP/2
/// make gRPC servers close idle connections.
const PROBE_EVERY: Duration = Duration::from_secs(30);

/// A connection, and the thread of its tasks, which ends when this is dropped.
#[derive(Debug)]
pub struct Connection {
    channel: Channel,
    runtime: runtime::Handle,
    /// Dropping it asks the thread to end.
    _stop: oneshot::Sender<()>,
}

impl Connection {
    /// That to this endpoint, by TLS if its scheme is `https`. Whether the collector is there is not asked.
    ///
    /// # Errors
    ///
    /// The endpoint is no URL, or the thread cannot be started.
    pub fn open(endpoint: &str) -> anyhow::Result<Self> {
        let endpoint = settings(endpoint).context("cannot use telemetry.otlp.endpoint")?;
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let channel = {
            let _entered = runtime.enter();
            endpoint.connect_lazy()
        };
        let (stop, stopped) = oneshot::channel::<()>();
        Builder::new().name("otlp-grpc".to_owned()).spawn(move || {
            let _suppressed = suppress();
            // that the sender is gone is the signal
            let _ = runtime.block_on(stopped);
        })?;
        Ok(Self { channel, runtime: handle, _stop: stop })
    }

    /// For a client of one service.
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// Waits for an export, for [`TIMEOUT`] at most. Blocks, so it is for threads of exporters only.
    pub fn wait(&self, export: impl Future<Output = OTelSdkResult>) -> OTelSdkResult {
        let bounded = async { tokio::time::timeout(TIMEOUT, export).await };
        self.runtime.block_on(bounded).unwrap_or(Err(OTelSdkError::Timeout(TIMEOUT)))
    }

    /// Sends metrics. Blocks, for [`TIMEOUT`] at most.
    ///
    /// # Errors
    ///
    /// The collector is away or refuses them.
    pub fn send_metrics(&self, metrics: ExportMetricsServiceRequest, metadata: MetadataMap) -> OTelSdkResult {
        let mut client = MetricsServiceClient::new(self.channel());
        let mut request = Request::new(metrics);
        *request.metadata_mut() = metadata;
        self.wait(async move {
            let answer = client.export(request).await;
            answer.map(drop).map_err(|status| OTelSdkError::InternalFailure(text(&status)))
        })
    }
}

fn settings(endpoint: &str) -> Result<Endpoint, tonic::transport::Error> {
    let endpoint = Endpoint::from_shared(endpoint.to_owned())?;
    let has_tls = endpoint.uri().scheme_str() == Some("https");
    let endpoint = endpoint
        .timeout(TIMEOUT)
        .connect_timeout(TIMEOUT)
        .tcp_keepalive(Some(PROBE_EVERY))
        .user_agent(concat!("pixmill/", env!("CARGO_PKG_VERSION")))?;
    if has_tls { endpoint.tls_config(ClientTlsConfig::new().with_webpki_roots()) } else { Ok(endpoint) }
}

/// The code, and the cause if it is on this side. What the collector says may repeat headers, so it is left out.
fn text(status: &Status) -> String {
    let mut text = format!("gRPC code {:?}", status.code());
    let mut cause = std::error::Error::source(status);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::{io::Read, net::TcpListener, thread};

    use super::*;

    #[test]
    fn the_scheme_decides_about_tls() {
        // the type of a TLS handshake record, and the first byte of HTTP/2's preface
        for (scheme, first) in [("https", 0x16), ("http", b'P')] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let connection =
                Connection::open(&format!("{scheme}://{}", listener.local_addr().unwrap())).unwrap();
            let received = thread::spawn(move || {
                let mut byte = [0];
                listener.accept().unwrap().0.read_exact(&mut byte).unwrap();
                byte[0]
            });
            let sent =
                connection.send_metrics(ExportMetricsServiceRequest::default(), MetadataMap::default());
            assert_eq!(received.join().unwrap(), first, "{scheme}");
            assert!(sent.unwrap_err().to_string().contains("gRPC code"));
        }
    }
}
