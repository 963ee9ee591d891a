//! SSIMULACRA2: structural similarity in a perceptual colour space (XYB) at six scales, by the crate `fast-ssim2`.

use fast_ssim2::{PixelDescriptor, PixelSlice, Ssimulacra2Reference};

/// The reference image, precomputed at all scales.
#[derive(Debug)]
pub struct Reference {
    scales: Ssimulacra2Reference,
    width: u32,
    height: u32,
}

impl Reference {
    /// Takes 8-bit sRGB pixels as the reference.
    pub fn new(rgb: &[u8], width: u32, height: u32) -> Self {
        let scales = Ssimulacra2Reference::new(&slice(rgb, width, height));
        Self {
            scales: scales.expect("invariant: a picture is not empty, and a sample is small"),
            width,
            height,
        }
    }

    /// The score: 100 means equal, 90 visually lossless, 70 high quality, 50 medium quality.
    pub fn compare(&self, rgb: &[u8]) -> f64 {
        let score = self.scales.compare(&slice(rgb, self.width, self.height));
        score.expect("invariant: an encoded picture has the size of its original")
    }
}

fn slice(rgb: &[u8], width: u32, height: u32) -> PixelSlice<'_> {
    PixelSlice::new(rgb, width, height, width as usize * 3, PixelDescriptor::RGB8_SRGB)
        .expect("invariant: as many bytes as the size says")
}
