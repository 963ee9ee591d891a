//! The bound on the bytes of all uploads of this process that are in memory.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use bytesize::ByteSize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::failure::{Failure, RETRY_SOON};

/// What one permit stands for: a semaphore counts in 32 bits at a time, and 256 MiB need not be counted in bytes.
const UNIT_BYTES: u64 = 1024;

/// Room for uploads.
#[derive(Debug, Clone)]
pub struct Room(Arc<Places>);

#[derive(Debug)]
struct Places {
    free: Arc<Semaphore>,
    units: usize,
    refusals: AtomicU64,
}

/// A part of the room, which is free again when this is dropped.
#[derive(Debug, Default)]
pub struct Held {
    permit: Option<OwnedSemaphorePermit>,
    bytes: u64,
}

impl Room {
    /// Room for so many bytes.
    pub fn new(size: ByteSize) -> Self {
        let units = usize::try_from(size.as_u64() / UNIT_BYTES).unwrap_or(usize::MAX);
        let units = units.min(Semaphore::MAX_PERMITS);
        let free = Arc::new(Semaphore::new(units));
        Self(Arc::new(Places { free, units, refusals: AtomicU64::new(0) }))
    }

    /// How many bytes are held.
    pub fn held_bytes(&self) -> u64 {
        self.0.units.saturating_sub(self.0.free.available_permits()) as u64 * UNIT_BYTES
    }

    /// How often there was no room.
    pub fn refusals(&self) -> u64 {
        self.0.refusals.load(Relaxed)
    }

    /// Adds to what is held; refuses when there is no room.
    pub fn take(&self, held: &mut Held, bytes: usize) -> Result<(), Failure> {
        held.bytes += bytes as u64;
        let have = held.permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits) as u64;
        let more = held.bytes.div_ceil(UNIT_BYTES).saturating_sub(have);
        if more == 0 {
            return Ok(());
        }
        let more = u32::try_from(more).map_err(|_| Failure::Overloaded { retry_after: RETRY_SOON })?;
        let permit = Arc::clone(&self.0.free).try_acquire_many_owned(more).map_err(|_| {
            self.0.refusals.fetch_add(1, Relaxed);
            Failure::Overloaded { retry_after: RETRY_SOON }
        })?;
        match &mut held.permit {
            Some(all) => all.merge(permit),
            none => *none = Some(permit),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_bounded_and_given_back() {
        let room = Room::new(ByteSize::kib(4));
        let (mut one, mut other) = (Held::default(), Held::default());
        for _ in 0..3 {
            room.take(&mut one, 1000).unwrap();
        }
        room.take(&mut other, 1024).unwrap();
        assert!(matches!(room.take(&mut other, 1), Err(Failure::Overloaded { .. })));
        assert_eq!((room.held_bytes(), room.refusals()), (4096, 1));
        drop(one);
        assert_eq!(room.held_bytes(), 1024);
        room.take(&mut other, 2048).unwrap();
    }
}
