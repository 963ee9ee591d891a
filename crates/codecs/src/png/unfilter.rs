//! From filtered rows to pixels (PNG, 9.2).

use std::array;

/// The last of the five filters.
pub const PAETH: u8 = 4;

/// Undoes the filter of a row in place. `above` is the row before it without its filter, empty for the first row; `pixel`
/// the bytes of a pixel, 1 to 4. An unknown filter leaves the row as it is.
pub fn unfilter(filter: u8, pixel: usize, above: &[u8], row: &mut [u8]) {
    match pixel {
        1 => unfilter_pixels::<1>(filter, above, row),
        2 => unfilter_pixels::<2>(filter, above, row),
        3 => unfilter_pixels::<3>(filter, above, row),
        _ => unfilter_pixels::<4>(filter, above, row),
    }
}

fn unfilter_pixels<const N: usize>(filter: u8, above: &[u8], row: &mut [u8]) {
    match (filter, above.is_empty()) {
        // above the first row all is zero: Paeth's predictor is then the left neighbour
        (1, _) | (PAETH, true) => sub::<N>(row),
        (2, false) => up(above, row),
        (3, false) => average::<N>(above, row),
        (3, true) => half::<N>(row),
        (PAETH, false) => paeth::<N>(above, row),
        _ => {}
    }
}

fn sub<const N: usize>(row: &mut [u8]) {
    let mut left = [0; N];
    for pixel in row.as_chunks_mut::<N>().0 {
        for (value, left) in pixel.iter_mut().zip(left) {
            *value = value.wrapping_add(left);
        }
        left = *pixel;
    }
}

fn up(above: &[u8], row: &mut [u8]) {
    for (value, above) in row.iter_mut().zip(above) {
        *value = value.wrapping_add(*above);
    }
}

fn average<const N: usize>(above: &[u8], row: &mut [u8]) {
    let mut left = [0u8; N];
    for (pixel, above) in row.as_chunks_mut::<N>().0.iter_mut().zip(above.as_chunks::<N>().0) {
        for band in 0..N {
            let mean = left[band].midpoint(above[band]);
            pixel[band] = pixel[band].wrapping_add(mean);
        }
        left = *pixel;
    }
}

/// The average filter of the first row.
fn half<const N: usize>(row: &mut [u8]) {
    let mut left = [0; N];
    for pixel in row.as_chunks_mut::<N>().0 {
        for (value, left) in pixel.iter_mut().zip(left) {
            *value = value.wrapping_add(left / 2);
        }
        left = *pixel;
    }
}

fn paeth<const N: usize>(above: &[u8], row: &mut [u8]) {
    let (mut left, mut corner) = ([0; 4], [0; 4]);
    for (pixel, above) in row.as_chunks_mut::<N>().0.iter_mut().zip(above.as_chunks::<N>().0) {
        let (above, value) = (lanes(above), lanes(pixel));
        left = array::from_fn(|lane| (value[lane] + predict(left[lane], above[lane], corner[lane])) & 0xff);
        corner = above;
        store(pixel, left);
    }
}

/// The bytes of a pixel as four numbers, which are computed at once.
fn lanes<const N: usize>(pixel: &[u8; N]) -> [i16; 4] {
    array::from_fn(|lane| if lane < N { pixel[lane].into() } else { 0 })
}

fn store<const N: usize>(pixel: &mut [u8; N], lanes: [i16; 4]) {
    for (value, lane) in pixel.iter_mut().zip(lanes) {
        *value = lane as u8;
    }
}

/// Paeth's predictor by comparisons with one threshold instead of three distances: the corner lies above the greater of the
/// two others by more than they differ, or below the lesser, exactly where one of them is nearest. (The identity is that of
/// `stb_image`'s decoder; a test compares it with the standard's words for all values.)
#[inline]
pub fn predict(left: i16, above: i16, corner: i16) -> i16 {
    let threshold = 3 * corner - above - left;
    let (low, high) = (left.min(above), left.max(above));
    let low_or_corner = if high <= threshold { low } else { corner };
    if threshold <= low { high } else { low_or_corner }
}
