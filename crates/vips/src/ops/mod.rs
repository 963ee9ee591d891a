//! libvips' operations as typed methods of [`crate::Image`], grouped like libvips' own.

mod arithmetic;
mod colour;
mod compose;
mod conversion;
mod convolution;
mod create;
mod histogram;
mod resample;
mod text;

pub use colour::Intent;
pub use conversion::{Extend, Flip, Interesting, QuarterTurn};
pub use resample::{Kernel, ROTATE_EXTENDED};
pub use text::POINT_IS_PIXEL_DPI;
