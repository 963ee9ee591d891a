//! The limit on the memory of all uploads of this process (`uploads.max_memory`).

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use bytesize::ByteSize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{Error, RETRY_SOON};

/// Bytes per permit of the semaphore, which acquires at most `u32::MAX` permits at a time.
const UNIT_BYTES: u64 = 1024;

/// A budget of bytes. Clones share it.
#[derive(Debug, Clone)]
pub struct MemoryBudget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    free: Arc<Semaphore>,
    units: usize,
    refusals: AtomicU64,
}

/// A part of the budget, returned when this is dropped.
#[derive(Debug, Default)]
pub struct Reservation {
    permit: Option<OwnedSemaphorePermit>,
    bytes: u64,
}

impl MemoryBudget {
    /// A budget of this many bytes.
    pub fn new(size: ByteSize) -> Self {
        let units = usize::try_from(size.as_u64() / UNIT_BYTES).unwrap_or(usize::MAX);
        let units = units.min(Semaphore::MAX_PERMITS);
        let free = Arc::new(Semaphore::new(units));
        Self(Arc::new(Inner { free, units, refusals: AtomicU64::new(0) }))
    }

    /// Bytes reserved now.
    pub fn reserved_bytes(&self) -> u64 {
        self.0.units.saturating_sub(self.0.free.available_permits()) as u64 * UNIT_BYTES
    }

    /// How often a reservation was refused.
    pub fn refusals(&self) -> u64 {
        self.0.refusals.load(Relaxed)
    }

    /// Adds bytes to a reservation. Fails with [`Error::Overloaded`] if the budget is exhausted.
    pub fn reserve(&self, reservation: &mut Reservation, bytes: usize) -> Result<(), Error> {
        reservation.bytes += bytes as u64;
        let reserved = reservation.permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits) as u64;
        let missing = reservation.bytes.div_ceil(UNIT_BYTES).saturating_sub(reserved);
        if missing == 0 {
            return Ok(());
        }
        let missing = u32::try_from(missing).map_err(|_| Error::Overloaded { retry_after: RETRY_SOON })?;
        let permit = Arc::clone(&self.0.free).try_acquire_many_owned(missing).map_err(|_| {
            self.0.refusals.fetch_add(1, Relaxed);
            Error::Overloaded { retry_after: RETRY_SOON }
        })?;
        match &mut reservation.permit {
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
    fn reservations_are_limited_and_returned() {
        let budget = MemoryBudget::new(ByteSize::kib(4));
        let (mut one, mut other) = (Reservation::default(), Reservation::default());
        for _ in 0..3 {
            budget.reserve(&mut one, 1000).unwrap();
        }
        budget.reserve(&mut other, 1024).unwrap();
        assert!(matches!(budget.reserve(&mut other, 1), Err(Error::Overloaded { .. })));
        assert_eq!((budget.reserved_bytes(), budget.refusals()), (4096, 1));
        drop(one);
        assert_eq!(budget.reserved_bytes(), 1024);
        budget.reserve(&mut other, 2048).unwrap();
    }
}
