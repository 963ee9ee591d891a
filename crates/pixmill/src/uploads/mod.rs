//! Uploads and asynchronous jobs: receiving a picture, parsing what is to be done with it, and doing it, now or in the
//! background.

mod chunk_buffer;
pub mod control_params;
mod error;
pub mod job;
mod limited_body;
mod memory_budget;
mod multipart;
pub mod queue;
pub mod run;
pub mod status;
pub mod status_store;
pub mod workers;

pub use self::{
    error::{UploadError, UploadErrorKind},
    memory_budget::{MemoryBudget, Reservation},
    multipart::{Upload, receive},
};
