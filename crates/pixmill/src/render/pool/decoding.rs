//! The part of a running task in a decode that several tasks share.

use std::sync::Arc;

use vips_ops::vips::Deadline;

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

impl Part {
    /// A cancellation that has no effect while others wait for the pixels of this job.
    pub fn unless_awaited(&self, cancelled: Deadline) -> Deadline {
        match (&self.role, &self.decoding) {
            (Role::Provider, Some(decoding)) => {
                let decoding = Arc::clone(decoding);
                Deadline::never().or_when(move || cancelled.passed() && !decoding.is_awaited())
            }
            _ => cancelled,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::mpsc,
        time::{Duration, Instant},
    };

    use bytes::Bytes;
    use futures_util::future::poll_immediate;
    use image_api::{size::Size, source::Codec};
    use vips_ops::source::{DecodeStep, DecodedPixels};

    use super::*;
    use crate::render::{
        Class, Cost, Limits, PerClass, Pool, Task,
        pool::{DecodeKey, Done},
    };

    fn task() -> Task {
        let key = DecodeKey { original: (1, 1), shrink: 1, size: (1, 1) };
        let decode = SharedDecode { key, cpu: Duration::ZERO, bytes: 3, is_expected: false };
        let deadline = Instant::now() + Duration::from_mins(1);
        Task { class: Class::Picture, cost: Cost::default(), deadline, decode: Some(decode) }
    }

    fn pixels() -> SharedPixels {
        let step = DecodeStep { codec: Codec::Png, shrink: 1, size: Size { width: 1, height: 1 } };
        SharedPixels::Memory(DecodedPixels { step, rows: Bytes::from_static(b"rgb") })
    }

    #[tokio::test]
    async fn a_cancelled_task_decodes_as_long_as_others_wait() {
        let limits = Limits {
            threads: 1,
            queue: 10,
            memory: 1000,
            deadline: Duration::from_mins(1),
            shares: PerClass::from_fn(|_| 1),
        };
        let pool = Pool::new(limits).unwrap();
        let (release, released) = mpsc::channel::<()>();
        let blocker = Task { decode: None, ..task() };
        let mut first = Box::pin(pool.run(blocker, move || released.recv().ok()));
        assert!(poll_immediate(&mut first).await.is_none());
        let mut provider = Box::pin(pool.try_run_sharing(task(), |part| {
            assert!(matches!(part.role, Role::Provider));
            let cancelled = Deadline::never();
            let deadline = part.unless_awaited(cancelled.clone());
            cancelled.cancel();
            let before = deadline.passed();
            part.decoding.unwrap().publish(Some(pixels()));
            Ok([before, deadline.passed()])
        }));
        assert!(poll_immediate(&mut provider).await.is_none());
        let mut reuser = Box::pin(pool.try_run_sharing(task(), |part| {
            let cancelled = Deadline::never();
            cancelled.cancel();
            let passed = part.unless_awaited(cancelled).passed();
            Ok(matches!(part.role, Role::Reuser(SharedPixels::Memory(_))) && passed)
        }));
        assert!(poll_immediate(&mut reuser).await.is_none());
        drop(release);
        assert!(matches!(provider.await, Ok(Done { value: [false, true], .. })));
        assert!(matches!(reuser.await, Ok(Done { value: true, .. })));
        assert_eq!((pool.load().shared_decodes, pool.load().running_bytes), (1, 0));
        first.await.unwrap();
    }
}
