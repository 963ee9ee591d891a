//! The signals of the operating system that the server obeys.

use std::io;

use tokio::{
    runtime::Builder,
    signal::unix::{Signal as Stream, SignalKind, signal},
};

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM: drain, then stop.
    Drain,
    /// SIGINT: stop without the delay of draining, since a person waits.
    Stop,
    /// SIGHUP: check the configuration.
    CheckConfig,
}

/// The signals from the time of [`Signals::watch`] on. None of them ends the process any more.
pub struct Signals {
    terminate: Stream,
    interrupt: Stream,
    hangup: Stream,
}

impl Signals {
    /// Begins to watch, within a runtime.
    ///
    /// # Errors
    ///
    /// If the system refuses a handler.
    pub fn watch() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// The next signal. Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => Signal::Drain,
            _ = self.interrupt.recv() => Signal::Stop,
            _ = self.hangup.recv() => Signal::CheckConfig,
        }
    }

    /// Completes at the next SIGTERM or SIGINT.
    pub async fn stop(&mut self) {
        while self.next().await == Signal::CheckConfig {}
    }
}

/// Keeps the signals of [`Signals`] from ending this process, from now on.
///
/// For render workers, which end when their server does: a signal to all processes of a service or of a terminal must not end
/// renders that the server still waits for.
///
/// # Errors
///
/// As [`Signals::watch`].
pub fn ignore() -> io::Result<()> {
    // a handler stays when its stream is dropped
    within_runtime(|| Signals::watch().map(drop))
}

/// The same for SIGHUP alone, for a server that does not watch yet.
///
/// # Errors
///
/// As [`Signals::watch`].
pub fn ignore_hangup() -> io::Result<()> {
    within_runtime(|| signal(SignalKind::hangup()).map(drop))
}

/// Calls what sets handlers in the runtime that this needs.
fn within_runtime(set: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let _entered = runtime.enter();
    set()
}
