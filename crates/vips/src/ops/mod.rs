//! libvips' operations as typed methods of [`crate::Image`], grouped as libvips groups them.

mod arithmetic;
mod colour;
mod conversion;
mod convolution;
mod create;
mod histogram;
mod resample;

pub use colour::Intent;
pub use conversion::{Extend, Flip, Interesting, QuarterTurn};
pub use resample::Kernel;
