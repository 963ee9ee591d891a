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
        store(pixel, &left);
    }
}

/// Undoes Paeth's filter of two rows in place, neither of them the first: the second is one pixel behind the first, so that
/// two pixels are computed at once, where each alone would wait for its left neighbour.
pub fn unfilter_two_paeth(pixel: usize, above: &[u8], first: &mut [u8], second: &mut [u8]) {
    match pixel {
        1 => two_paeth::<1>(above, first, second),
        2 => two_paeth::<2>(above, first, second),
        3 => two_paeth::<3>(above, first, second),
        _ => two_paeth::<4>(above, first, second),
    }
}

fn two_paeth<const N: usize>(above: &[u8], first: &mut [u8], second: &mut [u8]) {
    let (first, second) = (first.as_chunks_mut::<N>().0, second.as_chunks_mut::<N>().0);
    let Some((above_start, above)) = above.as_chunks::<N>().0.split_first() else { return };
    let Some((start, first)) = first.split_first_mut() else { return };
    let Some((end, second)) = second.split_last_mut() else { return };
    for (value, above) in start.iter_mut().zip(above_start) {
        *value = value.wrapping_add(*above);
    }
    let (mut left, mut corner) = (join(lanes(start), [0; 4]), join(lanes(above_start), [0; 4]));
    for ((pixel, behind), above) in first.iter_mut().zip(second).zip(above) {
        let [ready, _] = split(left);
        let (above, value) = (join(lanes(above), ready), join(lanes(pixel), lanes(behind)));
        left = array::from_fn(|lane| (value[lane] + predict(left[lane], above[lane], corner[lane])) & 0xff);
        corner = above;
        let [of_first, of_second] = split(left);
        store(pixel, &of_first);
        store(behind, &of_second);
    }
    let ([ready, left], [_, corner]) = (split(left), split(corner));
    for (lane, value) in end.iter_mut().enumerate() {
        *value = value.wrapping_add(predict(left[lane], ready[lane], corner[lane]) as u8);
    }
}

/// The bytes of a pixel as four numbers, which are computed at once.
fn lanes<const N: usize>(pixel: &[u8; N]) -> [i16; 4] {
    array::from_fn(|lane| if lane < N { pixel[lane].into() } else { 0 })
}

fn store<const N: usize>(pixel: &mut [u8; N], lanes: &[i16; 4]) {
    for (value, lane) in pixel.iter_mut().zip(lanes) {
        *value = *lane as u8;
    }
}

fn join(low: [i16; 4], high: [i16; 4]) -> [i16; 8] {
    array::from_fn(|lane| if lane < 4 { low[lane] } else { high[lane - 4] })
}

fn split(lanes: [i16; 8]) -> [[i16; 4]; 2] {
    [array::from_fn(|lane| lanes[lane]), array::from_fn(|lane| lanes[4 + lane])]
}

/// Paeth's predictor by comparisons with one threshold instead of three distances: the corner lies above the greater of the
/// two others by more than they differ, or below the lesser, exactly where one of them is nearest. (The identity is that of
/// stb_image's decoder; a test compares it with the standard's words for all values.)
#[inline]
pub fn predict(left: i16, above: i16, corner: i16) -> i16 {
    let threshold = 3 * corner - above - left;
    let (low, high) = (left.min(above), left.max(above));
    let low_or_corner = if high <= threshold { low } else { corner };
    if threshold <= low { high } else { low_or_corner }
}
