//! A safe binding to libvips, on top of the raw bindings of `libvips-rs`.
//!
//! The happy path: start libvips once per process, open encoded bytes with a typed [`Loader`], apply operations, save
//! to bytes. Pixels are computed on demand: this example decodes the JPEG in a stream while encoding the WebP.
//!
//! ```
//! use vips::{Access, Image, JpegScan, Keep, Loader, Settings, Subsample, Vips, ops::Kernel};
//!
//! Vips::start(Settings::default())?;
//! # let red = Image::from_pixels(&[200, 30, 30].repeat(64 * 48), 64, 48, 3)?;
//! # let jpeg = red.save_jpeg(90, JpegScan::Baseline, Subsample::On, Keep::Nothing)?;
//! // `jpeg` holds the bytes of a JPEG of 64 × 48 pixels
//! let image = Image::load(&jpeg, &Loader::Jpeg { shrink: 1 }, Access::Sequential)?;
//! let small = image.resize(0.5, 0.5, Kernel::Lanczos3)?;
//! assert_eq!((small.width(), small.height()), (32, 24));
//! let webp = small.save_webp(80, 2, Keep::Nothing)?;
//! assert_eq!(&webp[8..12], b"WEBP");
//! # Ok::<(), vips::Error>(())
//! ```
//!
//! # Design
//!
//! libvips recommends that language bindings do not call its variadic functions, but drive its operation objects: create
//! one by name, set its properties, build it, take its outputs. [`Operation`] implements that once; the methods of
//! [`Image`] are thin typed calls of it, grouped in [`ops`] like libvips' own operations.
//!
//! Limits on size and time are the caller's: see [`Deadline`] and [`Image::watch`]. Only the loaders of [`Loader`] are
//! enabled, whatever libvips was built with.
//!
//! All `unsafe` code of the workspace is in this crate, in `codecs` (the same for other C libraries), and in `shared-memory` (mapping memory).
#![expect(unsafe_code, reason = "this crate is the boundary to C; every unsafe block states why it is sound")]

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
mod rows;
mod save;
mod sink;
mod source;
mod start;
mod value;

pub use deadline::Deadline;
pub use error::{Error, Result};
pub use image::{BandFormat, Image, Interpretation};
pub use load::{Access, Loader};
pub use metadata::Edit;
pub use operation::{Built, Operation};
pub use pixels::{InMemory, Pixels};
pub use rows::{Rows, Shape};
pub use save::{JpegScan, Keep, Palette, PngRows, Subsample};
pub use source::Source;
pub use start::{Settings, Vips, shutdown, thread_shutdown, tracked_memory, version};
pub use value::Value;
