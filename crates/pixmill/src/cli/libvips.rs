//! Starting libvips for a command.

use vips_ops::vips::{self, Settings, Vips};

use crate::telemetry::logs;

/// Starts libvips with one thread per picture: commands process several pictures in parallel.
pub fn start() -> Result<Vips, vips::Error> {
    Vips::start(Settings { on_warning: logs::vips_warning, ..Settings::default() })
}
