//! Pictures that are sent instead of fetched: receiving them, what is asked to be done with them, and doing it.

pub mod background;
mod blocks;
mod error;
mod incoming;
pub mod job;
pub mod order;
mod received;
mod room;
pub mod wishes;

pub use self::{
    error::{Error, ErrorKind},
    received::{Received, receive},
    room::{Held, Room},
};
