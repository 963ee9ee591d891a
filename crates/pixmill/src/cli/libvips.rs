//! Starting libvips for a command.

use vips_ops::vips::{self, Settings, Vips};

use crate::telemetry::logs;

/// Starts it so that each picture is computed by one thread: the threads are spent on different pictures.
pub fn start() -> Result<Vips, vips::Error> {
    Vips::start(Settings { on_warning: logs::vips_warning, ..Settings::default() })
}
