//! The HTTP client of exporters. It blocks, so it is for their threads only.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use ureq::Agent;

use super::failures::Failures;

/// Maximum time of one request to the collector.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// Longest wait of a server that ends for what is still to be exported: of metrics and traces, and then of logs. Together with
/// `listen.drain_delay` and `listen.shutdown_timeout` that stays within the grace periods of the chart and of the package.
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Maximum length of a response, in bytes: they are short messages.
const MAX_RESPONSE: u64 = 1 << 20;

/// Sends what one kind of exporter exports.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    failures: Failures,
}

impl Client {
    /// A client for this signal, such as `traces`.
    pub fn new(signal: &'static str) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .user_agent(concat!("pixmill/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { agent: config.into(), failures: Failures::new(signal) }
    }

    /// Sends a request, and logs a failure.
    pub fn send_logged(&self, request: Request<Bytes>) -> Result<Response<Bytes>, ureq::Error> {
        let result = self.send(request);
        self.log(&result);
        result
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, ureq::Error> {
        let response = self.agent.run(request.map(|body| body.to_vec()))?;
        let (head, mut body) = response.into_parts();
        let body = body.with_config().limit(MAX_RESPONSE).read_to_vec()?;
        Ok(Response::from_parts(head, body.into()))
    }

    fn log(&self, result: &Result<Response<Bytes>, ureq::Error>) {
        self.failures.record(match result {
            Ok(response) if response.status().is_success() => None,
            Ok(response) => Some(format!("the collector answered {}", response.status())),
            Err(error) => Some(error.to_string()),
        });
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        Ok(self.send_logged(request)?)
    }
}

/// Suppresses the export of what this thread logs, until the guard is dropped: for threads of exporters that are not the SDK's.
pub fn suppress() -> impl Drop {
    opentelemetry::Context::enter_telemetry_suppressed_scope()
}
