//! Uploads and asynchronous jobs: receives a picture, parses the control parameters, and runs the job, within the request or in
//! the background.

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
