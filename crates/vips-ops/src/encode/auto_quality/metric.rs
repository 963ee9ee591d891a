//! A picture as it was before encoding, which others are compared with.

use vips::{Image, Result};

use super::{
    mpe,
    plane::{Plane, luma, rgb},
    smallfry, ssim, ssimulacra2,
};
use crate::params::output::quality_method::QualityMethod;

/// Says how alike pictures are to one picture, in the numbers of one method.
#[derive(Debug)]
pub struct Metric(Reference);

/// What a method keeps of the picture.
#[derive(Debug)]
enum Reference {
    Ssim(Plane<u8>),
    Mpe(Plane<u8>),
    Smallfry(Plane<u8>),
    Ssimulacra2(Box<ssimulacra2::Reference>),
}

impl Metric {
    /// Looks at a picture of 8-bit pixels.
    pub fn new(method: QualityMethod, image: &Image) -> Result<Self> {
        Ok(Self(match method {
            QualityMethod::Ssim => Reference::Ssim(luma(image)?),
            QualityMethod::Mpe => Reference::Mpe(luma(image)?),
            QualityMethod::Smallfry => Reference::Smallfry(luma(image)?),
            QualityMethod::Ssimulacra2 => {
                let reference = ssimulacra2::Reference::new(&rgb(image)?, image.width(), image.height());
                Reference::Ssimulacra2(Box::new(reference))
            }
        }))
    }

    /// The method's number for another picture, of the same size.
    pub fn compare(&self, image: &Image) -> Result<f64> {
        Ok(match &self.0 {
            Reference::Ssim(reference) => ssim::compare(reference, &luma(image)?),
            Reference::Mpe(reference) => mpe::compare(reference, &luma(image)?),
            Reference::Smallfry(reference) => smallfry::compare(reference, &luma(image)?),
            Reference::Ssimulacra2(reference) => reference.compare(&rgb(image)?),
        })
    }
}
