//! The HTTP client of exporters. It blocks, so it is for their threads only.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use parking_lot::Mutex;
use ureq::Agent;

/// Maximum time of one request to the collector.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// How often a collector that is away is logged.
const LOG_EVERY: Duration = Duration::from_mins(1);

/// Maximum length of a response, in bytes: they are short messages.
const MAX_RESPONSE: u64 = 1 << 20;

/// Sends what one kind of exporter exports.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    signal: &'static str,
    failures: Mutex<Failures>,
}

/// The failures in a row.
#[derive(Debug, Default)]
struct Failures {
    logged: Option<Instant>,
    since_logged: u64,
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
        Self { agent: config.into(), signal, failures: Mutex::default() }
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

    /// Logs failures, at most once per [`LOG_EVERY`], and the end of them.
    fn log(&self, result: &Result<Response<Bytes>, ureq::Error>) {
        let problem = match result {
            Ok(response) if response.status().is_success() => None,
            Ok(response) => Some(format!("the collector answered {}", response.status())),
            Err(error) => Some(error.to_string()),
        };
        let mut failures = self.failures.lock();
        let signal = self.signal;
        let Some(error) = problem else {
            if std::mem::take(&mut *failures).logged.is_some() {
                tracing::info!(signal, "exporting telemetry again");
            }
            return;
        };
        failures.since_logged += 1;
        if failures.logged.is_none_or(|at| at.elapsed() >= LOG_EVERY) {
            let batches = failures.since_logged;
            tracing::warn!(signal, error, batches, "cannot export telemetry: what was collected is lost");
            *failures = Failures { logged: Some(Instant::now()), since_logged: 0 };
        }
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

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_collector_that_is_away_is_logged_once() {
        // a port that was free a moment ago
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let client = Client::new("traces");
        for attempts in 1..4 {
            let request = Request::post(format!("http://{address}/v1/traces")).body(Bytes::new()).unwrap();
            assert!(client.send_bytes(request).now_or_never().unwrap().is_err());
            let failures = client.failures.lock();
            assert!(failures.logged.is_some());
            assert_eq!(failures.since_logged, attempts - 1, "the first is logged, the others are counted");
        }
        client.log(&Ok(Response::new(Bytes::new())));
        assert!(client.failures.lock().logged.is_none(), "the next failure is logged at once");
    }
}
