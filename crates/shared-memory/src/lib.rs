//! Memory shared between the processes of one server, by memfds (Linux): sealed blocks of bytes, an inbox that is
//! reused, and a stop signal.
//!
//! A block is written once and sealed, its file descriptor is sent to another process, and that process maps it without
//! a copy. The seals make the mapping sound: nobody can change or shorten the file while it is mapped.
//!
//! ```
//! let block = shared_memory::create(&[b"head", b"body"])?;
//! // usually in the process that received the file descriptor
//! assert_eq!(&shared_memory::map(&block)?[..], b"headbody");
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! An [`Inbox`] avoids allocating a new block per message; a [`StopSignal`] cancels jobs in another process.
#![expect(unsafe_code, reason = "mapping memory is unsafe; this crate contains no other unsafe code")]

mod block;
pub mod inbox;
mod mapping;
mod stop_signal;

pub use self::{
    block::{create, is_sealed, map, reserve, seal},
    inbox::Inbox,
    stop_signal::StopSignal,
};
