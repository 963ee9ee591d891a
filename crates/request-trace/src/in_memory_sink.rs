//! A sink for tests.

use parking_lot::Mutex;

use crate::{FinishedSpan, Sink, TraceInfo};

/// Keeps all spans that it receives, of all traces, in their order.
#[derive(Debug, Default)]
pub struct InMemorySink(pub Mutex<Vec<FinishedSpan>>);

impl Sink for InMemorySink {
    fn export(&self, _: &TraceInfo, spans: Vec<FinishedSpan>) {
        self.0.lock().extend(spans);
    }
}
