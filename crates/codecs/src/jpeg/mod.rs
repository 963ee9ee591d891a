//! JPEG through libjpeg-turbo, by rows, both ways.

mod coefficients;
mod decoder;
mod encoder;
mod failure;
mod quantisation;
#[cfg(test)]
mod tests;
mod writer;

pub use coefficients::Coefficients;
pub use decoder::DECODER;
pub use encoder::{Encoder, Options, Scan, Subsampling};
