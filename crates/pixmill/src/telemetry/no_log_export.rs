//! In place of the export of log lines, in a build without the feature `otlp`.

use tracing::Subscriber;
use tracing_subscriber::layer::{Identity, Layer};

use super::access_line::AccessFields;
use crate::config;

/// No export of log lines.
pub enum LogExport {}

impl LogExport {
    /// None: this build has none.
    #[expect(clippy::unnecessary_wraps, reason = "as with the feature `otlp`")]
    pub fn start(_: &config::Telemetry) -> anyhow::Result<Option<Self>> {
        Ok(None)
    }

    /// None.
    pub fn current() -> Option<&'static Self> {
        None
    }

    /// Never called.
    pub fn layer<S: Subscriber>(&self) -> impl Layer<S> + use<S> {
        Identity::new()
    }

    /// Never called.
    pub fn access_line(&self, _: &AccessFields<'_>, _: Option<&request_trace::Context>) {
        match *self {}
    }

    /// Never called.
    pub fn close(self) {
        match self {}
    }
}
