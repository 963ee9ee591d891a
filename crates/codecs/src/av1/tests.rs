//! Tests of the conversion against a straightforward one in floating point, and of decoding whole files.

use bytes::Bytes;
use proptest::{collection::vec, prelude::*};

use super::{
    DECODER,
    convert::{Fixed, narrow, wide},
    ffi::Layout,
    matrix::{Coefficients, Matrix},
    upsample::Upsampler,
};
use crate::heif::{File, tests::Builder};

const MATRICES: [u16; 4] = [1, 2, 6, 9];

/// The range of upsampled 8-bit chroma, in 1/64: both directions overshoot black and white by up to an eighth.
const LEAST: i16 = -4590;
const MOST: i16 = 255 * 64 + 4590;

/// A line of stored samples at the resolution of luma, by the definition. Centred samples stand for two positions each,
/// on a line through them whose slope is that between their neighbours; cosited ones lie on every second position, and
/// are interpolated linearly.
fn interpolated(stored: &[f64], count: usize, is_centred: bool) -> Vec<f64> {
    let at = |index: usize| stored[index.min(stored.len() - 1)];
    let sample = |position: usize| {
        let (index, is_odd) = (position / 2, position % 2 == 1);
        if is_centred {
            let slope = (at(index + 1) - at(index.saturating_sub(1))) / 2.0;
            at(index) + slope * if is_odd { 0.25 } else { -0.25 }
        } else if is_odd {
            f64::midpoint(at(index), at(index + 1))
        } else {
            at(index)
        }
    };
    (0..count).map(sample).collect()
}

/// A colour of three samples, in levels of 0 to `max` (H.273, equations 24 to 38).
fn colour(code: u16, full_range: bool, bits: u32, [luma, first, second]: [f64; 3]) -> [f64; 3] {
    let Some(Matrix::Luma { red, blue }) = Matrix::of(code) else { panic!("a matrix of luma") };
    let (scale, max) = (f64::from(1 << (bits - 8)), f64::from((1 << bits) - 1));
    let (luma, divisor) =
        if full_range { (luma / max, max) } else { ((luma - 16.0 * scale) / (219.0 * scale), 224.0 * scale) };
    let middle = 128.0 * scale;
    let (first, second) = ((first - middle) / divisor, (second - middle) / divisor);
    let r = luma + 2.0 * (1.0 - red) * second;
    let b = luma + 2.0 * (1.0 - blue) * first;
    let g = (luma - red * r - blue * b) / (1.0 - red - blue);
    [r, g, b].map(|value| (value * max).round().clamp(0.0, max))
}

/// Rows of chroma of a layout and a siting, upsampled, in levels.
fn upsampled(layout: Layout, siting: u32, rows: &[Vec<u8>], index: usize, width: usize) -> Vec<f64> {
    let mut out = vec![0_i16; width];
    let last = rows.len() - 1;
    Upsampler::<u8>::new(layout, siting, width).row(index, |row| rows[row.min(last)].as_slice(), &mut out);
    out.iter().map(|sample| f64::from(*sample) / 64.0).collect()
}

/// A row of chroma and its width at the resolution of luma.
fn chroma(rows: usize) -> impl Strategy<Value = (usize, Vec<Vec<u8>>)> {
    (1_usize..70).prop_flat_map(move |width| (Just(width), vec(vec(any::<u8>(), width.div_ceil(2)), rows)))
}

proptest! {
    #[test]
    fn chroma_is_interpolated_between_its_positions(
        (width, rows) in chroma(4), siting in 0_u32..3, index in 0_usize..8,
    ) {
        let columns: Vec<Vec<f64>> = (0..rows[0].len())
            .map(|column| rows.iter().map(|row| f64::from(row[column])).collect::<Vec<_>>())
            .map(|column| interpolated(&column, 8, siting != 2))
            .collect();
        let row: Vec<f64> = columns.iter().map(|column| column[index]).collect();
        prop_assert_eq!(
            upsampled(Layout::Yuv420, siting, &rows, index, width), interpolated(&row, width, siting == 0)
        );
    }

    #[test]
    fn chroma_of_full_height_is_interpolated_in_rows_alone((width, rows) in chroma(3), index in 0_usize..3) {
        let row: Vec<f64> = rows[index].iter().map(|sample| f64::from(*sample)).collect();
        prop_assert_eq!(
            upsampled(Layout::Yuv422, 0, &rows, index, width), interpolated(&row, width, true)
        );
        prop_assert_eq!(upsampled(Layout::Yuv444, 0, &rows, index, row.len()), row);
    }

    #[test]
    fn pixels_of_8_bits_are_as_by_the_definition(
        luma: u8, first in LEAST..=MOST, second in LEAST..=MOST, code in prop::sample::select(&MATRICES[..]),
        full_range: bool,
    ) {
        let mut out = [[0_u8]; 3];
        let [red, green, blue] = &mut out;
        narrow(fixed(code, 8, full_range), &[luma], [&[first], &[second]], [red, green, blue]);
        let samples = [f64::from(luma), f64::from(first) / 64.0, f64::from(second) / 64.0];
        for (found, expected) in out.iter().zip(colour(code, full_range, 8, samples)) {
            prop_assert!((f64::from(found[0]) - expected).abs() <= 1.0, "{out:?}, expected {expected}");
        }
    }

    #[test]
    fn pixels_of_more_bits_are_as_by_the_definition(
        bits in prop::sample::select(&[10_u32, 12][..]), luma: u16,
        first in i32::from(LEAST)..=i32::from(MOST), second in i32::from(LEAST)..=i32::from(MOST), code in prop::sample::select(&MATRICES[..]),
        full_range: bool,
    ) {
        let max = (1 << bits) - 1;
        let (luma, first, second) = (luma & max, first << (bits - 8), second << (bits - 8));
        let mut out = [[0_u16]; 3];
        let [red, green, blue] = &mut out;
        wide(fixed(code, bits, full_range), bits, &[luma], [&[first], &[second]], [red, green, blue]);
        let samples = [f64::from(luma), f64::from(first) / 64.0, f64::from(second) / 64.0];
        for (found, expected) in out.iter().zip(colour(code, full_range, bits, samples)) {
            prop_assert!((f64::from(found[0]) - expected).abs() <= 1.0, "{out:?}, expected {expected}");
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(data in vec(any::<u8>(), 0..600), kind in 0_usize..3) {
        let file = match kind {
            0 => data,
            1 => Builder::new(&data).file(),
            // damage to a proper file
            _ => {
                let mut file = RED.to_vec();
                for pair in data.chunks_exact(8).take(4) {
                    let at = usize::from(u16::from_le_bytes([pair[0], pair[1]])) % file.len();
                    file[at] ^= pair[2];
                }
                file
            }
        };
        let bytes = Bytes::from(file);
        if let Some(shape) = (DECODER.takes)(&bytes).filter(|shape| shape.width * shape.height < 1 << 16) {
            let mut pixels = vec![0; shape.row_bytes() * shape.height as usize];
            let _ = (DECODER.open)(&bytes, 1).and_then(|mut rows| rows.read(&mut pixels));
        }
    }
}

fn fixed(code: u16, bits: u32, full_range: bool) -> Fixed {
    let Some(Matrix::Luma { red, blue }) = Matrix::of(code) else { panic!("a matrix of luma") };
    Fixed::of(&Coefficients::of(red, blue, bits, full_range))
}

#[test]
fn greys_stay_as_they_are_in_the_full_range() {
    let luma: Vec<u8> = (0..=255).collect();
    let middle = vec![64 * 128; 256];
    let mut colours = [vec![0; 256], vec![0; 256], vec![0; 256]];
    let [red, green, blue] = &mut colours;
    narrow(fixed(1, 8, true), &luma, [&middle, &middle], [red, green, blue]);
    assert!(colours.iter().all(|colour| *colour == luma));
}

#[test]
fn matrices_that_are_not_certain_are_left_to_libvips() {
    for code in [3, 4, 7, 8, 10, 11, 12, 13, 14, 255] {
        assert_eq!(Matrix::of(code), None, "{code}");
    }
}

/// AVIF of 4 × 2 pixels.
const RED: &[u8] = include_bytes!("../../tests/data/red.avif");

const RED_ALPHA: &[u8] = include_bytes!("../../tests/data/red-alpha.avif");

/// The pixels of a file.
fn pixels(file: &'static [u8]) -> (crate::Shape, Vec<u8>) {
    let bytes = Bytes::from_static(file);
    let shape = (DECODER.takes)(&bytes).unwrap();
    let mut pixels = vec![0; shape.row_bytes() * shape.height as usize];
    let mut rows = (DECODER.open)(&bytes, 1).unwrap();
    // the same rows one by one as at once
    pixels.chunks_exact_mut(shape.row_bytes()).for_each(|row| rows.read(row).unwrap());
    let mut at_once = vec![0; pixels.len()];
    (DECODER.open)(&bytes, 1).unwrap().read(&mut at_once).unwrap();
    assert_eq!(pixels, at_once);
    assert!(rows.read(&mut at_once[..shape.row_bytes()]).is_err(), "there are no more rows");
    (shape, pixels)
}

#[test]
fn files_are_decoded_with_and_without_alpha() {
    let is_red =
        |pixel: &[u8]| pixel[0].abs_diff(220) < 6 && pixel[1].abs_diff(20) < 6 && pixel[2].abs_diff(10) < 6;
    let (shape, red) = pixels(RED);
    assert_eq!((shape.width, shape.height, shape.bands, shape.depth), (4, 2, 3, 1));
    assert!(red.chunks_exact(3).all(is_red), "{red:?}");
    let (shape, red) = pixels(RED_ALPHA);
    assert_eq!((shape.width, shape.height, shape.bands, shape.depth), (4, 2, 4, 1));
    assert!(red.chunks_exact(4).all(|pixel| is_red(pixel) && pixel[3] == 128), "{red:?}");
}

#[test]
fn files_of_10_bits_are_decoded_into_the_upper_bits() {
    let (shape, red) = pixels(include_bytes!("../../tests/data/red-alpha-10bit.avif"));
    assert_eq!((shape.width, shape.height, shape.bands, shape.depth), (4, 2, 4, 2));
    let samples: Vec<u16> = red.as_chunks().0.iter().map(|bytes| u16::from_ne_bytes(*bytes)).collect();
    assert!(samples.iter().all(|sample| sample % 64 == 0), "{samples:?}");
    let is_near = |sample: &u16, level: u16| (sample / 64).abs_diff(level * 4) < 24;
    assert!(
        samples.as_chunks().0.iter().all(|[red, green, blue, alpha]| {
            is_near(red, 220) && is_near(green, 20) && is_near(blue, 10) && is_near(alpha, 128)
        }),
        "{samples:?}"
    );
}

#[test]
fn planes_that_are_rgb_already_are_not_converted() {
    let (_, red) = pixels(include_bytes!("../../tests/data/red-lossless.avif"));
    assert!(red.chunks_exact(3).all(|pixel| pixel == [220, 20, 10]), "{red:?}");
}

#[test]
fn truncated_files_are_left_to_libvips() {
    for length in 0..RED.len() {
        assert_eq!((DECODER.takes)(&RED[..length]), None, "{length} bytes");
    }
}

#[test]
fn layers_and_what_is_no_aperture_are_left_to_libvips() {
    for kind in [b"clap", b"lsel", b"a1op", b"a1lx"] {
        let mut file = RED.to_vec();
        // in the place of a property that is taken
        let at = file.windows(4).position(|name| name == b"pixi").unwrap();
        assert!((DECODER.takes)(&file).is_some());
        file[at..at + 4].copy_from_slice(kind);
        assert_eq!((DECODER.takes)(&file), None);
    }
}

#[test]
fn an_item_of_two_frames_is_left_to_libvips() {
    let file = File::parse(RED).unwrap();
    let data = file.data(file.primary().unwrap()).unwrap();
    assert!(RED.ends_with(&data));
    let mut twice = [RED, &data].concat();
    let mut lengthen = |length: usize| {
        let at = twice.windows(4).position(|bytes| bytes == (length as u32).to_be_bytes()).unwrap();
        twice[at..at + 4].copy_from_slice(&((length + data.len()) as u32).to_be_bytes());
    };
    // that of the item, and that of the box around it
    lengthen(data.len());
    lengthen(data.len() + 8);
    let twice = Bytes::from(twice);
    assert!((DECODER.takes)(&twice).is_some());
    assert!((DECODER.open)(&twice, 1).unwrap().read(&mut [0; 4 * 2 * 3]).is_err());
}

#[test]
fn a_size_that_the_frame_does_not_have_is_left_to_libvips() {
    let mut file = RED.to_vec();
    let at = file.windows(4).position(|name| name == b"ispe").unwrap();
    file[at + 11] += 1;
    assert_eq!((DECODER.takes)(&file), None);
}
