//! A safe binding to libvips, over the raw bindings of `libvips-rs`.
//!
//! libvips asks language bindings not to call its varargs functions but to drive its operation objects: create one by
//! name, set its properties, build it, take its outputs. [`Operation`] does that once for all; the methods of
//! [`Image`] are thin typed calls of it, grouped in [`ops`] as libvips groups its own.
//!
//! All `unsafe` code of the workspace is here, but for the mapping of memory in `shared-memory`.
#![expect(unsafe_code, reason = "this crate is the boundary to C: every block says why it is sound")]

mod blob;
mod deadline;
mod error;
mod image;
mod interpolate;
mod load;
mod metadata;
mod operation;
pub mod ops;
mod pixels;
mod save;
mod start;
mod value;

pub use deadline::Deadline;
pub use error::{Error, Result};
pub use image::{BandFormat, Image, Interpretation};
pub use load::{Access, Loader, Source};
pub use metadata::Edit;
pub use operation::{Built, Operation};
pub use pixels::{InMemory, Pixels};
pub use save::{JpegScan, Keep, Palette, PngRows, Subsample};
pub use start::{Settings, Vips, shutdown, thread_shutdown, tracked_memory, version};
pub use value::Value;
