//! A picture as it was before encoding, which others are compared with.

use vips::{Image, Result};

use super::{
    luma::{Plane, luma, rgb},
    mpe, smallfry, ssim, ssimulacra2,
};
use crate::params::output::quality_method::QualityMethod;

/// Says how alike pictures are to one picture, in the numbers of one method.
#[derive(Debug)]
pub struct Judge(Memory);

/// What a method keeps of the picture.
#[derive(Debug)]
enum Memory {
    Ssim(Plane<u8>),
    Mpe(Plane<u8>),
    Smallfry(Plane<u8>),
    Ssimulacra2(Box<ssimulacra2::Reference>),
}

impl Judge {
    /// Looks at a picture of 8-bit pixels.
    pub fn new(method: QualityMethod, image: &Image) -> Result<Self> {
        Ok(Self(match method {
            QualityMethod::Ssim => Memory::Ssim(luma(image)?),
            QualityMethod::Mpe => Memory::Mpe(luma(image)?),
            QualityMethod::Smallfry => Memory::Smallfry(luma(image)?),
            QualityMethod::Ssimulacra2 => {
                let reference = ssimulacra2::Reference::new(&rgb(image)?, image.width(), image.height());
                Memory::Ssimulacra2(Box::new(reference))
            }
        }))
    }

    /// The method's number for another picture, of the same size.
    pub fn compare(&self, image: &Image) -> Result<f64> {
        Ok(match &self.0 {
            Memory::Ssim(reference) => ssim::compare(reference, &luma(image)?),
            Memory::Mpe(reference) => mpe::compare(reference, &luma(image)?),
            Memory::Smallfry(reference) => smallfry::compare(reference, &luma(image)?),
            Memory::Ssimulacra2(reference) => reference.compare(&rgb(image)?),
        })
    }
}
