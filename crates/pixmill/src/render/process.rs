//! Worker processes: each renders for one render thread, and can be killed.
//!
//! ```text
//! render thread                                    worker process (this program, `pixmill render-worker`)
//!   job ── socket: number, time left, block ──►  map the block, render
//!       ◄─ socket: number, decoded ───────────  write decoded pixels into a block, if other jobs wait for them
//!       ◄─ socket: number, lengths, CPU time ──  write result and body into the answer file
//!   deadline, cancellation, memory: stop signal ─►  the render is cancelled
//!   not ended 100 ms later: SIGKILL
//! ```
//!
//! Originals are passed in a sealed block of shared memory, which the worker maps without a copy. The result is in a file in
//! memory, which the server reads once: mapping memory that the worker can still change would be unsound.

mod block_sharing;
mod channel;
mod job_block;
mod message;
mod sandbox;
mod supervisor;
mod worker;
mod worker_process;

pub use self::{
    message::Setup,
    supervisor::{Stats, Supervisor},
    worker::run as run_worker,
    worker_process::{Bounds, Ended, Reason, signal_name},
};
