//! In place of exporters, in a build without the feature `otlp`. An endpoint is a problem of the configuration there.

use super::traces::Tracer;
use crate::config;

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
