//! The part of a running task in a decode that several tasks share.

use std::sync::Arc;

use super::{
    Shared,
    decodes::{Role, SharedDecode},
};
use crate::render::shared_pixels::SharedPixels;

/// The part of a task, given to its work at its start.
pub struct Part {
    /// Its part in the decode of its original.
    pub role: Role<SharedPixels>,
    /// Its place among the tasks that share the decode, if others may.
    pub decoding: Option<Arc<Decoding>>,
}

/// The place of a running task among those that share its decode.
pub struct Decoding {
    /// The decode.
    pub decode: SharedDecode,
    pub(super) shared: Arc<Shared>,
    pub(super) number: u64,
}

impl Decoding {
    /// Ends the wait of the other tasks: with pixels, or without, so that each decodes for itself. Only the first call of the
    /// task that decodes for the others has an effect. To be called on a thread of the pool.
    pub fn publish(&self, pixels: Option<SharedPixels>) {
        let mut state = self.shared.state.lock();
        state.scheduler.decodes.publish(self.decode.key, self.number, pixels);
        // this thread starts others as long as there are tasks for them
        if state.scheduler.has_waiting() && state.wants_thread(self.shared.limits.threads) {
            let shared = Arc::clone(&self.shared);
            rayon::spawn(move || shared.work());
        }
    }

    /// Whether other tasks wait for this one to decode.
    pub fn is_awaited(&self) -> bool {
        self.shared.state.lock().scheduler.decodes.is_awaited(self.decode.key, self.number)
    }
}
