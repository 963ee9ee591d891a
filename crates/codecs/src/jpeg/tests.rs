//! Files that are written are read again; broken and hostile ones are refused.

use bytes::Bytes;

use super::{Coefficients, DECODER, Encoder, Options, Scan, Subsampling};
use crate::error::Error;

const OPTIONS: Options = Options {
    width: 16,
    height: 16,
    bands: 3,
    quality: 80,
    subsampling: Subsampling::Halved,
    scan: Scan::Baseline,
};

/// Slopes in every direction, whose colours differ.
fn slopes(width: u32, height: u32, bands: u32) -> Vec<u8> {
    let level = |x: u32, y: u32, band: u32| (60 + 2 * x + 3 * y + band * x) as u8;
    (0..height)
        .flat_map(|y| (0..width).flat_map(move |x| (0..bands).map(move |band| level(x, y, band))))
        .collect()
}

fn encode(pixels: &[u8], options: Options) -> Bytes {
    let mut encoder = Encoder::new(options).unwrap();
    encoder.write(pixels).unwrap();
    encoder.finish().unwrap()
}

fn decode(file: &Bytes, divisor: u8) -> Result<Vec<u8>, Error> {
    let shape = (DECODER.takes)(file).ok_or(Error::broken("test", "not taken"))?;
    let side = |side: u32| side.div_ceil(divisor.into()) as usize;
    let mut rows = (DECODER.open)(file, divisor)?;
    let mut pixels = vec![0; side(shape.width) * side(shape.height) * shape.bands as usize];
    // row by row and the rest at once
    let (first, rest) = pixels.split_at_mut(side(shape.width) * shape.bands as usize);
    rows.read(first)?;
    rows.read(rest)?;
    Ok(pixels)
}

/// The largest and the mean difference.
fn difference(a: &[u8], b: &[u8]) -> (u8, f64) {
    assert_eq!(a.len(), b.len());
    let differences = || a.iter().zip(b).map(|(a, b)| a.abs_diff(*b));
    let sum: f64 = differences().map(f64::from).sum();
    (differences().max().unwrap_or(0), sum / a.len() as f64)
}

#[test]
fn every_kind_of_file_is_read_as_it_was_written() {
    for side in 1..=40 {
        for bands in [1, 3] {
            let (width, height) = (side, 41 - side);
            let pixels = slopes(width, height, bands);
            for subsampling in [Subsampling::Halved, Subsampling::Full] {
                let both = [Scan::Baseline, Scan::Progressive].map(|scan| {
                    let options = Options { width, height, bands, quality: 95, subsampling, scan };
                    decode(&encode(&pixels, options), 1).unwrap()
                });
                assert_eq!(both[0], both[1], "{width}x{height}");
                let (worst, mean) = difference(&both[0], &pixels);
                assert!(
                    worst <= 12 && mean <= 2.0,
                    "{width}x{height}x{bands} {subsampling:?}: {worst}, {mean}"
                );
            }
        }
    }
}

#[test]
fn quality_sets_the_tables() {
    let pixels = slopes(24, 24, 3);
    let file = |quality| encode(&pixels, Options { width: 24, height: 24, quality, ..OPTIONS });
    let sizes: Vec<usize> = [1, 25, 50, 75, 90, 100].map(|quality| file(quality).len()).into();
    assert!(sizes.is_sorted_by(|a, b| a <= b), "{sizes:?}");
    assert!(difference(&decode(&file(100), 1).unwrap(), &pixels).0 <= 6);
}

#[test]
fn sides_are_divided_and_rounded_up() {
    for (width, height) in [(1, 1), (7, 9), (8, 8), (17, 33), (40, 25)] {
        let pixels = slopes(width, height, 3);
        for scan in [Scan::Baseline, Scan::Progressive] {
            let file = encode(&pixels, Options { width, height, scan, ..OPTIONS });
            for divisor in DECODER.divisors {
                assert!(decode(&file, *divisor).is_ok(), "{width}x{height} by {divisor}");
                let mut rows = (DECODER.open)(&file, *divisor).unwrap();
                let side = |side: u32| side.div_ceil((*divisor).into()) as usize;
                let mut pixels = vec![0; side(width) * 3];
                (0..side(height)).for_each(|_| rows.read(&mut pixels).unwrap());
                assert!(rows.read(&mut pixels).is_err(), "more rows than {height} by {divisor}");
            }
        }
    }
}

#[test]
fn a_truncated_file_is_broken_wherever_it_ends() {
    let pixels = slopes(40, 40, 3);
    for scan in [Scan::Baseline, Scan::Progressive] {
        let file = encode(&pixels, Options { width: 40, height: 40, scan, ..OPTIONS });
        // the two bytes of the end mark are not needed, and the last byte before them may be padding
        for length in 0..file.len() - 3 {
            let cut = decode(&file.slice(..length), 1);
            assert!(matches!(cut, Err(Error::Broken { .. })), "{length} of {}: {cut:?}", file.len());
        }
    }
}

#[test]
fn damaged_files_end() {
    let pixels = slopes(40, 40, 3);
    for scan in [Scan::Baseline, Scan::Progressive] {
        let file = encode(&pixels, Options { width: 40, height: 40, scan, ..OPTIONS });
        for at in 0..file.len() {
            let mut damaged = file.to_vec();
            damaged[at] ^= 0xa5;
            let damaged = Bytes::from(damaged);
            // sides may have become large: those are for limits to refuse
            if (DECODER.takes)(&damaged).is_some_and(|shape| shape.width * shape.height < 1 << 20) {
                let _ = (decode(&damaged, 1), decode(&damaged, 8));
            }
        }
    }
}

#[test]
fn rows_that_do_not_fit_are_refused() {
    let mut encoder = Encoder::new(OPTIONS).unwrap();
    encoder.write(&slopes(16, 8, 3)).unwrap();
    assert!(encoder.finish().is_err());
    let mut encoder = Encoder::new(OPTIONS).unwrap();
    assert!(encoder.write(&slopes(16, 17, 3)).is_err());
    for (width, height, bands) in [(0, 1, 3), (1, 0, 3), (65_501, 1, 3), (1, 1, 4)] {
        assert!(
            Encoder::new(Options { width, height, bands, ..OPTIONS }).is_err(),
            "{width}x{height}x{bands}"
        );
    }
}

/// A black progressive image of 8 × 8 pixels that refines one coefficient a scan, so many scans long.
fn refined(scans: usize) -> Bytes {
    // one code of one bit, for "no more" and "no difference"; its bit 0 and padding
    let table = |class: u8| [&[0xff, 0xc4, 0, 20, class, 1][..], &[0; 15], &[0]].concat();
    let frame = [0xff, 0xc2, 0, 17, 8, 0, 8, 0, 8, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0];
    let head = [&[0xff, 0xd8, 0xff, 0xdb, 0, 67, 0][..], &[1; 64], &frame, &table(0), &table(0x10)].concat();
    let levels = (0..=13u8).rev().flat_map(|low| (0..64u8).map(move |at| (at, low)));
    let all = levels.flat_map(|(at, low)| (1..=3u8).map(move |component| (component, at, low)));
    let scan = |(component, at, low): (u8, u8, u8)| {
        let high = if low == 13 { 0 } else { low + 1 };
        [0xff, 0xda, 0, 8, 1, component, 0, at, at, high << 4 | low, 0x7f]
    };
    let scans: Vec<u8> = all.take(scans).flat_map(scan).collect();
    [head, scans, vec![0xff, 0xd9]].concat().into()
}

#[test]
fn images_of_too_many_scans_are_refused() {
    assert_eq!(decode(&refined(200), 1).unwrap(), [128, 128, 128].repeat(64));
    assert!(decode(&refined(999), 1).is_ok());
    assert!(matches!(decode(&refined(1100), 1), Err(Error::Broken { .. })));
}

#[test]
fn what_is_not_lossy_and_of_8_bits_is_not_taken() {
    let file = encode(&slopes(16, 16, 3), OPTIONS);
    let frame = file.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
    let with = |at: usize, byte: u8| {
        let mut changed = file.to_vec();
        changed[frame + at] = byte;
        (DECODER.takes)(&changed)
    };
    assert!(with(1, 0xc0).is_some() && with(1, 0xc1).is_some() && with(1, 0xc2).is_some());
    // lossless; arithmetic coding; 12 bits; four components
    for (at, byte) in [(1, 0xc3), (1, 0xc9), (4, 12), (9, 4)] {
        assert_eq!(with(at, byte), None, "{at}: {byte:#x}");
    }
    assert_eq!((DECODER.takes)(b""), None);
    assert_eq!((DECODER.takes)(b"\xff\xd8\xff\xd9"), None);
}

#[test]
fn coefficients_are_read_as_they_were_transformed() {
    for side in 1..=40 {
        for bands in [1, 3] {
            let (width, height) = (side, 41 - side);
            let pixels = slopes(width, height, bands);
            for subsampling in [Subsampling::Halved, Subsampling::Full] {
                let options =
                    Options { width, height, bands, quality: 95, subsampling, scan: Scan::Progressive };
                let usual = decode(&encode(&pixels, options), 1).unwrap();
                let image = Coefficients::new(&pixels, (width, height), bands, subsampling).unwrap();
                let [fine, coarse] = [0.05, 15.0].map(|scale| image.encode(scale).unwrap());
                let slow = decode(&fine, 1).unwrap();
                let [ours, libjpegs] = [&slow, &usual].map(|decoded| difference(&pixels, decoded).1);
                assert!(
                    ours <= libjpegs + 0.25,
                    "{width}x{height}x{bands} {subsampling:?}: {ours} {libjpegs}"
                );
                assert!(decode(&coarse, 1).is_ok() && coarse.len() <= fine.len());
            }
        }
    }
}

#[test]
fn what_is_no_jpeg_is_not_transformed() {
    for (length, size, bands) in [(3, (1, 1), 1), (0, (0, 1), 3), (2, (1, 1), 2), (65_501, (65_501, 1), 1)] {
        assert!(Coefficients::new(&vec![0; length], size, bands, Subsampling::Full).is_err(), "{size:?}");
    }
    // the most extreme pixels there are
    let checks: Vec<u8> = (0..64).map(|at| if (at / 8 + at) % 2 == 0 { 255 } else { 0 }).collect();
    let image = Coefficients::new(&checks, (8, 8), 1, Subsampling::Full).unwrap();
    assert_eq!(difference(&decode(&image.encode(0.01).unwrap(), 1).unwrap(), &checks).0, 0);
}
