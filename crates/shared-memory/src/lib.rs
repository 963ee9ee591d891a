//! Memory shared by two processes of one server, by way of memfds: sealed blocks of bytes, an inbox that is written again and
//! again, and a stop signal.
//!
//! A block is written once, sealed and then mapped by the receiver without a copy. The seals are what makes the
//! mapping sound: nobody can change or shorten the file while it is mapped.
//!
//! ```
//! let block = shared_memory::create(&[b"head", b"body"])?;
//! assert_eq!(&shared_memory::map(&block)?[..], b"headbody");
//! # Ok::<(), std::io::Error>(())
//! ```
#![expect(unsafe_code, reason = "mapping memory is unsafe: this crate holds no other unsafe code")]

mod block;
pub mod inbox;
mod mapping;
mod stop_signal;

pub use self::{
    block::{create, map},
    inbox::Inbox,
    stop_signal::StopSignal,
};
