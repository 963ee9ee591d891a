//! A stop signal: a job number in shared memory that one process raises and another polls.

use std::{
    io,
    num::NonZero,
    os::fd::{AsFd, OwnedFd},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use rustix::{
    fs::{MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, fstat, ftruncate, memfd_create},
    mm::ProtFlags,
};

use crate::mapping::Mapping;

const LENGTH: NonZero<usize> = NonZero::new(size_of::<AtomicU64>()).expect("invariant: numbers have bytes");

/// Asks another process to stop all jobs up to a number. Clones share the mapping.
///
/// Jobs are numbered in the order in which they are sent, so a late stop, after its job has ended, does not stop a
/// later job.
///
/// ```
/// use shared_memory::StopSignal;
/// let (server, file) = StopSignal::create()?;
/// let worker = StopSignal::open(&file)?; // usually in another process
/// server.stop(2);
/// assert!(worker.is_stopped(1) && worker.is_stopped(2) && !worker.is_stopped(3));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct StopSignal(Arc<Mapping>);

impl StopSignal {
    /// Creates a signal, at 0, and the file by which another process opens it.
    ///
    /// # Errors
    /// Of the system: too many open files, out of memory.
    pub fn create() -> io::Result<(Self, OwnedFd)> {
        let file = memfd_create("pixmill-stop", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
        ftruncate(&file, LENGTH.get() as u64)?;
        fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
        Ok((Self::open(&file)?, file))
    }

    /// Opens a signal created by another process.
    ///
    /// # Errors
    /// If the file is no signal, or cannot be mapped.
    pub fn open(file: impl AsFd) -> io::Result<Self> {
        let file = file.as_fd();
        let sealed = fcntl_get_seals(file)?.contains(SealFlags::SHRINK);
        if !sealed || fstat(file)?.st_size != LENGTH.get() as i64 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "expected a stop signal"));
        }
        let access = ProtFlags::READ | ProtFlags::WRITE;
        Ok(Self(Arc::new(Mapping::new(file, LENGTH, access)?)))
    }

    /// Stops all jobs up to and including this number.
    pub fn stop(&self, job: u64) {
        self.number().fetch_max(job, Ordering::Relaxed);
    }

    /// Whether this job must stop.
    pub fn is_stopped(&self, job: u64) -> bool {
        self.number().load(Ordering::Relaxed) >= job
    }

    fn number(&self) -> &AtomicU64 {
        // SAFETY: the mapping is page-aligned, as long as the number, sealed against shrinking, and lives as long as
        // `self`; zeroes are a valid number, and everybody accesses it atomically.
        unsafe { self.0.start().cast().as_ref() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_reaches_the_other_side_and_no_later_job() {
        let (here, file) = StopSignal::create().unwrap();
        let there = StopSignal::open(&file).unwrap();
        drop(file);
        assert!(!there.is_stopped(1));
        here.stop(2);
        assert!(there.is_stopped(1) && there.is_stopped(2) && !there.is_stopped(3));
        here.stop(1);
        assert!(there.is_stopped(2));
    }

    #[test]
    fn another_file_is_not_a_signal() {
        assert!(StopSignal::open(crate::create(&[b"abc"]).unwrap()).is_err());
        assert!(StopSignal::open(std::fs::File::open("/dev/null").unwrap()).is_err());
    }
}
