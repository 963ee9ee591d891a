//! Colours multiplied by alpha, as libvips does before it mixes pixels, and divided by it again. Both drop what is behind the
//! point, so that 8-bit results are those of libvips bit by bit.

/// Multiplies the colours of pixels that have alpha, in place.
pub fn multiply(bands: u32, row: &mut [u8]) {
    match bands {
        2 => multiply_pixels::<2>(row),
        4 => multiply_pixels::<4>(row),
        _ => {}
    }
}

/// Divides them again.
pub fn divide(bands: u32, pixels: &mut [u8]) {
    match bands {
        2 => divide_pixels::<2>(pixels),
        4 => divide_pixels::<4>(pixels),
        _ => {}
    }
}

fn multiply_pixels<const N: usize>(row: &mut [u8]) {
    for pixel in row.as_chunks_mut::<N>().0 {
        let alpha = u32::from(pixel[N - 1]);
        // alpha itself is not multiplied
        let factors: [u32; N] = std::array::from_fn(|band| if band == N - 1 { 255 } else { alpha });
        *pixel = std::array::from_fn(|band| (u32::from(pixel[band]) * factors[band] / 255) as u8);
    }
}

fn divide_pixels<const N: usize>(pixels: &mut [u8]) {
    for pixel in pixels.as_chunks_mut::<N>().0 {
        match pixel[N - 1] {
            255 => {}
            0 => *pixel = [0; N],
            alpha => {
                // in libvips' order of operations, whose rounding shows: 7 of 7 becomes 254
                let factor = 255.0 / f32::from(alpha);
                for value in &mut pixel[..N - 1] {
                    *value = (f32::from(*value) * factor) as u8;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_multiplied_and_divided() {
        let mut row = [200, 100, 50, 128, 9, 9, 9, 0, 1, 2, 3, 255];
        multiply(4, &mut row);
        assert_eq!(row, [100, 50, 25, 128, 0, 0, 0, 0, 1, 2, 3, 255]);
        divide(4, &mut row);
        assert_eq!(row, [199, 99, 49, 128, 0, 0, 0, 0, 1, 2, 3, 255]);
        let mut grey = [77, 3, 7, 7, 80, 90];
        divide(2, &mut grey);
        assert_eq!(grey, [255, 3, 254, 7, 226, 90]);
    }

    #[test]
    fn without_alpha_nothing_changes() {
        for bands in [1, 3] {
            let mut row = [200, 100, 50];
            multiply(bands, &mut row);
            divide(bands, &mut row);
            assert_eq!(row, [200, 100, 50]);
        }
    }
}
