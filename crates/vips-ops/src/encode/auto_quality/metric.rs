//! A reference image and the quality metric by which encoded images are compared with it.

use vips::{Image, Result};

use super::{
    mpe,
    plane::{Plane, luma, rgb},
    smallfry, ssim, ssimulacra2,
};
use crate::params::output::quality_method::QualityMethod;

/// Measures how similar images are to a reference image, on the scale of one method.
#[derive(Debug)]
pub struct Metric(Reference);

/// What a method precomputes from the reference image.
#[derive(Debug)]
enum Reference {
    Ssim(Plane<u8>),
    Mpe(Plane<u8>),
    Smallfry(Plane<u8>),
    Ssimulacra2(Box<ssimulacra2::Reference>),
}

impl Metric {
    /// Takes an image of 8-bit pixels as the reference.
    ///
    /// # Errors
    ///
    /// Those of computing its pixels.
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

    /// The score of another image of the same size, on the method's scale.
    ///
    /// # Errors
    ///
    /// Those of computing its pixels.
    pub fn compare(&self, image: &Image) -> Result<f64> {
        Ok(match &self.0 {
            Reference::Ssim(reference) => ssim::compare(reference, &luma(image)?),
            Reference::Mpe(reference) => mpe::compare(reference, &luma(image)?),
            Reference::Smallfry(reference) => smallfry::compare(reference, &luma(image)?),
            Reference::Ssimulacra2(reference) => reference.compare(&rgb(image)?),
        })
    }
}
