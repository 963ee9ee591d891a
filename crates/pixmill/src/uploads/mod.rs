//! Pictures that are sent instead of fetched: receiving them, what is asked to be done with them, and doing it.

mod chunk_buffer;
pub mod control_params;
mod error;
pub mod job;
mod limited_body;
mod memory_budget;
mod multipart;
pub mod queue;
pub mod status;

pub use self::{
    error::{Error, ErrorKind},
    memory_budget::{MemoryBudget, Reservation},
    multipart::{Upload, receive},
};
