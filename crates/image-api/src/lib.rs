//! The Image API as pure values: a query string becomes [`Params`]; these and the properties of the original
//! ([`SourceInfo`], [`Measurements`]) become a [`Plan`].
//!
//! The crate decodes no pixel and does not depend on libvips, network, clock or environment, so every decision can be
//! tested and fuzzed in isolation.
//!
//! ```
//! use image_api::{Accept, Measurements, Params, Plan, Settings, size::Size, source::{SourceFormat, SourceInfo}};
//!
//! let params = Params::parse("width=400&height=300&crop=fit&format=auto").unwrap().params;
//! assert_eq!(params.canonical(), "width=400&height=300&crop=fit&format=auto");
//!
//! let original = SourceInfo::raster(SourceFormat::Jpeg, Size { width: 4000, height: 3000 });
//! let accept = Accept { webp: true, avif: false };
//! let plan = Plan::resolve(&params, &original, &Measurements::default(), accept, &Settings::default()).unwrap();
//! assert_eq!(plan.size, Size { width: 400, height: 300 });
//! assert_eq!(plan.encode.format.media_type(), "image/webp");
//! ```

pub mod error;
pub mod escape;
pub mod face;
pub mod font;
pub mod format;
pub mod interned;
pub mod links;
pub mod measurements;
pub mod orientation;
pub mod params;
pub mod plan;
pub mod query;
pub mod settings;
pub mod size;
pub mod source;
pub mod table;

pub use error::{Error, Result};
pub use face::Face;
pub use format::{OutputFormat, SourceFormat};
pub use measurements::Measurements;
pub use params::Params;
pub use plan::{Accept, Plan};
pub use settings::Settings;
pub use source::SourceInfo;
