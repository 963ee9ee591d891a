//! Decoded images, and their distance.

use crate::Video;
use bytes::Bytes;
use vips::{Access, Image, Interpretation, Loader, Settings, Vips};

/// A decoded image: 8-bit sRGB with alpha.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels, all frames together.
    pub height: u32,
    /// Number of frames, stacked from top to bottom.
    pub frames: u32,
    /// Interleaved RGBA, row by row.
    pub rgba: Vec<u8>,
}

/// The distance between two images of one size, in 8-bit levels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// Mean absolute difference over all bands of all pixels.
    pub mean: f64,
    /// Largest absolute difference.
    pub worst: u8,
}

impl Picture {
    /// Decodes all frames of an encoded image; colours are not converted by an embedded profile.
    pub fn decode(bytes: &Bytes) -> Self {
        if Video::is(bytes) {
            return Video::open(bytes).picture();
        }
        Vips::start(Settings::default()).expect("libvips starts");
        let image = Image::load(bytes, &loader(bytes), Access::Random).expect("the picture opens");
        let image = if image.int(c"n-pages").unwrap_or(1) > 1 {
            let all = match loader(bytes) {
                Loader::Gif { .. } => Loader::Gif { frames: u32::MAX },
                _ => Loader::Webp { scale: 1.0, frames: u32::MAX },
            };
            Image::load(bytes, &all, Access::Random).expect("the animation opens")
        } else {
            image
        };
        Self::of(&image)
    }

    /// The pixels of a libvips image.
    pub fn of(image: &Image) -> Self {
        let srgb = image.colourspace(Interpretation::Srgb).expect("a colour space that converts");
        let srgb = if srgb.has_alpha() { srgb } else { srgb.bandjoin_const(255.0).expect("one more band") };
        let rgba =
            srgb.cast(vips::BandFormat::Uchar).and_then(|image| image.pixels()).expect("pixels decode");
        let frames = (image.height() / image.page_height()).max(1);
        Self { width: image.width(), height: image.height(), frames, rgba: rgba.to_vec() }
    }

    /// The RGBA colour of a pixel.
    pub fn at(&self, x: u32, y: u32) -> [u8; 4] {
        let start = (y as usize * self.width as usize + x as usize) * 4;
        self.rgba[start..start + 4].try_into().expect("four bands")
    }

    /// The distance to an image of the same size; pixels that are transparent in both are equal.
    pub fn difference(&self, other: &Self) -> Difference {
        assert_eq!((self.width, self.height), (other.width, other.height), "sizes differ");
        let mut sum = 0u64;
        let mut worst = 0;
        for (a, b) in self.rgba.chunks_exact(4).zip(other.rgba.chunks_exact(4)) {
            if a[3] == 0 && b[3] == 0 {
                continue;
            }
            for (a, b) in a.iter().zip(b) {
                sum += u64::from(a.abs_diff(*b));
                worst = worst.max(a.abs_diff(*b));
            }
        }
        Difference { mean: sum as f64 / self.rgba.len() as f64, worst }
    }
}

/// The loader for an encoded image, by its signature.
fn loader(bytes: &[u8]) -> Loader {
    match bytes {
        [0xff, 0xd8, ..] => Loader::Jpeg { shrink: 1 },
        [0x89, ..] => Loader::Png,
        [b'G', ..] => Loader::Gif { frames: 1 },
        [b'R', ..] => Loader::Webp { scale: 1.0, frames: 1 },
        [_, _, _, _, b'f', ..] => Loader::Heif { thumbnail: false },
        _ => panic!("not an image format that the server outputs: {:?}", &bytes[..bytes.len().min(16)]),
    }
}
