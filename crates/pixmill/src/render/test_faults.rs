//! Faults of codecs, for tests: an original that ends with a marker makes the worker process crash, hang or fill its
//! memory. Only in debug builds.

use std::hint::{black_box, spin_loop};

use rustix::process::{Signal, getpid, kill_process};

/// The marker of a crash.
pub const CRASH: &[u8] = b"pixmill-test-fault:crash";

/// The marker of a computation that does not end and does not look at its deadline.
pub const HANG: &[u8] = b"pixmill-test-fault:hang";

/// The marker of a computation that takes memory until it is stopped.
pub const MEMORY: &[u8] = b"pixmill-test-fault:memory";

/// Causes the fault that the original asks for, if it asks for one.
pub(crate) fn cause(original: &[u8]) {
    if original.ends_with(CRASH) {
        // the first one is taken by the handler with which Rust finds stack overflows
        loop {
            let _ = kill_process(getpid(), Signal::SEGV);
        }
    }
    if original.ends_with(HANG) {
        hang();
    }
    if original.ends_with(MEMORY) {
        let mut taken = Vec::new();
        loop {
            taken.push(black_box(vec![1_u8; 1 << 20]));
        }
    }
}

fn hang() -> ! {
    loop {
        spin_loop();
    }
}
