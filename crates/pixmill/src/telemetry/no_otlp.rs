//! In place of exporters, in a build without the feature `otlp`. An endpoint is a problem of the configuration there.

use tracing::Subscriber;
use tracing_subscriber::layer::{Identity, Layer};

use super::{access_line::AccessFields, traces::Tracer};
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

/// No exporters.
pub enum Exporters {}

impl Exporters {
    /// None: this build has none.
    #[expect(clippy::unnecessary_wraps, reason = "as with the feature `otlp`")]
    pub fn start(_: &config::Telemetry) -> anyhow::Result<Option<Self>> {
        Ok(None)
    }

    /// Never called.
    pub fn tracer(&self) -> Option<Tracer> {
        match *self {}
    }

    /// Never called.
    pub fn export_metrics(&mut self, _: impl Fn() -> String + Send + 'static) -> anyhow::Result<()> {
        match *self {}
    }

    /// Never called.
    pub fn close(self) {
        match self {}
    }
}
