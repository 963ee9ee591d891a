//! SSIMULACRA2: structural similarity in a perceptual colour space at six scales.

use fast_ssim2::{PixelDescriptor, PixelSlice, Ssimulacra2Reference};

/// The picture that others are compared with, at all scales.
#[derive(Debug)]
pub struct Reference {
    scales: Ssimulacra2Reference,
    width: u32,
    height: u32,
}

impl Reference {
    /// Looks at red, green and blue of every pixel.
    pub fn new(rgb: &[u8], width: u32, height: u32) -> Self {
        let scales = Ssimulacra2Reference::new(&slice(rgb, width, height));
        Self {
            scales: scales.expect("invariant: a picture is not empty, and a sample is small"),
            width,
            height,
        }
    }

    /// The score; 100 is equal, 90 can hardly be told apart, 70 is of high quality, 50 of medium quality.
    pub fn compare(&self, rgb: &[u8]) -> f64 {
        let score = self.scales.compare(&slice(rgb, self.width, self.height));
        score.expect("invariant: an encoded picture has the size of its original")
    }
}

fn slice(rgb: &[u8], width: u32, height: u32) -> PixelSlice<'_> {
    PixelSlice::new(rgb, width, height, width as usize * 3, PixelDescriptor::RGB8_SRGB)
        .expect("invariant: as many bytes as the size says")
}
