//! The built-in original of `pixmill bench`: pixels whose spectrum is that of a photograph, so that decoders and encoders have
//! about as much to do.
//!
//! Natural images have a power spectrum of about 1/f² (Field, "Relations between the statistics of natural images and the
//! response properties of cortical cells", 1987), which is equal contrast per octave. It is approximated by value noise at
//! wavelengths of 2 to 512 px. Contrast falls by a tenth per octave: with this, encoded sizes are those of the photographs of
//! `make loadtest` (393 kB as a JPEG of 2040 px, 39 kB at 512 px; theirs are 19 to 45 kB at 512 px).

use bytes::Bytes;

/// Longest wavelength in pixels, as a power of two.
const COARSEST: u32 = 9;
/// Shortest wavelength of luminance.
const FINEST: u32 = 1;
/// Shortest wavelength of colour, which varies less.
const FINEST_COLOUR: u32 = 4;
/// Amplitude of an octave relative to the next coarser one.
const FALLOFF: f32 = 0.9;
/// Amplitude of the coarsest octave: the sum of all stays within 8 bits.
const CONTRAST: f32 = 26.0;

/// Bytes of the two headers of a BMP file.
const HEADERS: u32 = 14 + 40;

/// The picture as a BMP with 24 bits per pixel, always the same for a size.
pub fn bmp(width: u32, height: u32) -> Bytes {
    let stride = (3 * width).next_multiple_of(4);
    let mut file = headers(width, height, stride);
    let (mut luma, mut warm) = (vec![0.0; width as usize], vec![0.0; width as usize]);
    for y in 0..height {
        add_octaves(&mut luma, y, FINEST, 0);
        add_octaves(&mut warm, y, FINEST_COLOUR, 1);
        for (luma, warm) in luma.iter().zip(&warm) {
            let channel = |share: f32| (128.0 + luma + share * warm).clamp(0.0, 255.0) as u8;
            file.extend([channel(-0.5), channel(0.1), channel(0.4)]);
        }
        file.resize((HEADERS + (y + 1) * stride) as usize, 0);
        luma.fill(0.0);
        warm.fill(0.0);
    }
    file.into()
}

fn headers(width: u32, height: u32, stride: u32) -> Vec<u8> {
    let pixels = stride * height;
    let mut file = Vec::with_capacity((HEADERS + pixels) as usize);
    file.extend(b"BM");
    for field in [HEADERS + pixels, 0, HEADERS, 40, width, height] {
        file.extend(field.to_le_bytes());
    }
    // planes, bits per pixel
    file.extend([1, 0, 24, 0]);
    for field in [0, pixels, 2835, 2835, 0, 0] {
        file.extend(u32::to_le_bytes(field));
    }
    file
}

/// Adds one row of all octaves down to a finest wavelength.
fn add_octaves(row: &mut [f32], y: u32, finest: u32, channel: u32) {
    let mut amplitude = CONTRAST;
    for octave in (finest..=COARSEST).rev() {
        add_octave(row, y, octave, channel, amplitude);
        amplitude *= FALLOFF;
    }
}

/// Adds value noise: random values on a grid, interpolated smoothly.
fn add_octave(row: &mut [f32], y: u32, octave: u32, channel: u32, amplitude: f32) {
    let cell = 1 << octave;
    let below = smooth((y % cell) as f32 / cell as f32);
    let at = |x: u32| {
        let value = |y: u32| random(x, y, octave * 2 + channel);
        value(y / cell) * (1.0 - below) + value(y / cell + 1) * below
    };
    let mut ends = [at(0), at(1)];
    for (x, pixel) in (0..).zip(row) {
        let offset = x % cell;
        if x > 0 && offset == 0 {
            ends = [ends[1], at(x / cell + 1)];
        }
        let right = smooth(offset as f32 / cell as f32);
        *pixel += amplitude * (ends[0] * (1.0 - right) + ends[1] * right);
    }
}

fn smooth(t: f32) -> f32 {
    t * t * (3.0 - 2.0 * t)
}

/// A value from -1 to 1 for a place of a grid: the finaliser of `MurmurHash3`.
fn random(x: u32, y: u32, seed: u32) -> f32 {
    let mut hash = x.wrapping_mul(0x9E37_79B1) ^ y.wrapping_mul(0x85EB_CA77) ^ seed.wrapping_mul(0xC2B2_AE3D);
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85EB_CA6B);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xC2B2_AE35);
    hash ^= hash >> 16;
    hash as f32 / (u32::MAX as f32 / 2.0) - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_padded_as_the_headers_say() {
        for (width, height) in [(5, 3), (6, 2), (7, 1), (8, 4)] {
            let file = bmp(width, height);
            let field = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
            assert_eq!((field(2) as usize, field(18), field(22)), (file.len(), width, height));
            assert_eq!(field(34), (3 * width).next_multiple_of(4) * height);
        }
    }

    #[test]
    fn contrast_is_that_of_a_photograph() {
        let file = bmp(256, 256);
        let values = file[HEADERS as usize..].iter().map(|value| f64::from(*value)).collect::<Vec<_>>();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let deviation = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64;
        assert!((60.0..200.0).contains(&mean), "{mean}");
        assert!((15.0..80.0).contains(&deviation.sqrt()), "{}", deviation.sqrt());
    }
}
