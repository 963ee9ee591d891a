//! Simulated faults of codecs, for tests: an original that ends with a marker makes the worker process crash, hang, exhaust its
//! memory, or try to leave the sandbox. Only in debug builds.

use std::{
    fs::File,
    hint::{black_box, spin_loop},
    net::UdpSocket,
    process::Command,
    time::{Duration, Instant},
};

use rustix::process::{Signal, getpid, kill_process};

/// The marker of a crash.
pub const CRASH: &[u8] = b"pixmill-test-fault:crash";

/// The marker of a computation that does not end and does not check its deadline.
pub const HANG: &[u8] = b"pixmill-test-fault:hang";

/// The marker of a computation that allocates memory until it is stopped.
pub const MEMORY: &[u8] = b"pixmill-test-fault:memory";

/// The marker of an exploited codec: it tries what the sandbox forbids, and crashes if any of it succeeds.
pub const ESCAPE: &[u8] = b"pixmill-test-fault:escape";

/// Simulates the fault whose marker the original has, if it has one.
pub(crate) fn cause(original: &[u8]) {
    if original.ends_with(CRASH) {
        // the first signal is consumed by the handler with which Rust detects stack overflows
        loop {
            let _ = kill_process(getpid(), Signal::SEGV);
        }
    }
    if original.ends_with(ESCAPE) && escapes() {
        std::process::abort();
    }
    if original.ends_with(HANG) {
        hang();
    }
    if original.ends_with(MEMORY) {
        let mut taken = Vec::new();
        loop {
            taken.push(black_box(vec![1_u8; 1 << 20]));
            // no faster than a codec, so that the server sees it grow
            let began = Instant::now();
            while began.elapsed() < Duration::from_millis(1) {
                spin_loop();
            }
        }
    }
}

/// Whether the network, a file of the system, another program or the server can be reached.
fn escapes() -> bool {
    let reads =
        ["/etc/passwd", "/proc/self/environ", "/etc/hostname"].iter().any(|path| File::open(path).is_ok());
    let writes = File::create(std::env::temp_dir().join("pixmill-escape")).is_ok();
    let connects = UdpSocket::bind(("127.0.0.1", 0)).is_ok();
    let runs = Command::new("/bin/true").status().is_ok();
    let parent = rustix::process::getppid().is_some_and(|server| kill_process(server, Signal::CONT).is_ok());
    reads || writes || connects || runs || parent
}

fn hang() -> ! {
    loop {
        spin_loop();
    }
}
