//! Shrink-on-load of a JPEG does not move edges, compared with decoding at full size.

use bytes::Bytes;
use testkit::{Picture, sample};
use vips_ops::vips::{Image, JpegScan, Keep, Palette, PngRows, Subsample};

use crate::{picture, picture_scaled_by_libvips, start};

/// Tolerance of an edge's position in output pixels: what JPEG encoding at quality 95 itself causes.
const TOLERANCE: f64 = 0.06;

const DARK: f64 = 40.0;
const BRIGHT: f64 = 210.0;

/// A dark image with a bright corner at the bottom right, which begins at (`x`, `y`).
fn corner(width: u32, height: u32, x: u32, y: u32) -> Image {
    start();
    let level = |bright: bool| if bright { BRIGHT as u8 } else { DARK as u8 };
    let pixels: Vec<u8> = (0..height)
        .flat_map(|row| (0..width).map(move |column| (column, row)))
        .flat_map(|(column, row)| [level(column >= x && row >= y); 3])
        .collect();
    Image::from_pixels(&pixels, width, height, 3).unwrap()
}

fn jpeg(image: &Image, scan: JpegScan, subsample: Subsample) -> Bytes {
    image.save_jpeg(95, scan, subsample, Keep::Nothing).unwrap()
}

fn png(image: &Image) -> Bytes {
    image.save_png(1, PngRows::Plain, Palette::Direct, Keep::Nothing).unwrap()
}

/// Position of the corner from the right and from the bottom, by the bright fraction of the last row and column.
fn edges(picture: &Picture) -> (f64, f64) {
    let bright = |x: u32, y: u32| (f64::from(picture.at(x, y)[1]) - DARK) / (BRIGHT - DARK);
    let (right, bottom) = (picture.width - 1, picture.height - 1);
    ((0..=right).map(|x| bright(x, bottom)).sum(), (0..=bottom).map(|y| bright(right, y)).sum())
}

fn check(image: &Image, file: &Bytes, query: &str) {
    let query = format!("{query}&format=png");
    let (found, expected) = (edges(&picture(file, &query)), edges(&picture(&png(image), &query)));
    let (across, down) = (found.0 - expected.0, found.1 - expected.1);
    assert!(
        across.abs() < TOLERANCE && down.abs() < TOLERANCE,
        "{image:?} {query}: off by {across:.3} and {down:.3}"
    );
}

#[test]
fn at_every_remainder_of_every_divisor() {
    for rest in 0..16 {
        let (width, height) = (608 + rest, 483 + rest);
        let image = corner(width, height, width - 57, height - 41);
        let file = jpeg(&image, JpegScan::Baseline, Subsample::On);
        // shrink-on-load by 8, 4 and 2
        for target in [31, 40, 57, 64, 67, 80, 101, 120, 133, 171, 200] {
            check(&image, &file, &format!("width={target}"));
        }
    }
}

#[test]
fn at_many_sizes() {
    let image = corner(1001, 667, 1001 - 33, 667 - 44);
    let file = jpeg(&image, JpegScan::Progressive, Subsample::Off);
    for target in (20..330).step_by(3) {
        check(&image, &file, &format!("width={target}"));
    }
}

#[test]
fn with_other_parameters() {
    let image = corner(1001, 667, 1001 - 33, 667 - 44);
    for (scan, subsample) in [(JpegScan::Baseline, Subsample::Off), (JpegScan::Progressive, Subsample::On)] {
        let file = jpeg(&image, scan, subsample);
        for query in [
            "width=90&height=90&crop=fit",
            "width=150&height=40&crop=stretch",
            "width=100&height=100&crop=bottom",
            "width=111&crop=11,9,100,65",
        ] {
            check(&image, &file, query);
        }
    }
}

#[test]
fn the_last_pixels_of_a_side_are_decoded() {
    // the corner is only in the last column and row, which are less than a whole pixel after shrink-on-load
    for rest in 1..8 {
        let (width, height) = (800 + rest, 640 + rest);
        let image = corner(width, height, width - rest, height - rest);
        for target in [80, 90, 130, 200] {
            let query = format!("width={target}&format=png");
            let file = jpeg(&image, JpegScan::Baseline, Subsample::Off);
            let (found, expected) = (edges(&picture(&file, &query)), edges(&picture(&png(&image), &query)));
            let worst = (found.0 - expected.0).abs().max((found.1 - expected.1).abs());
            assert!(worst < 0.1, "{width} {query}: {found:?} for {expected:?}");
        }
    }
}

#[test]
fn photographs_match_decoding_at_full_size() {
    for source in ["china.jpg", "flower.jpg", "rocket.jpg", "grace_hopper.jpg"] {
        let full = picture(&sample(source), "format=png");
        let pixels =
            Image::from_pixels(&full.rgba, full.width, full.height, 4).unwrap().extract_bands(0, 3).unwrap();
        for scaled in [picture_scaled_by_libvips as fn(&Bytes, &str) -> Picture, picture] {
            for target in [40, 63, 71, 97, 133, 201] {
                let query = format!("width={target}&format=png");
                let found = psnr(&scaled(&sample(source), &query), &scaled(&png(&pixels), &query));
                assert!(found > 37.0, "{source} {target}: {found:.1} dB");
            }
        }
    }
}

/// The peak signal-to-noise ratio in dB.
fn psnr(found: &Picture, expected: &Picture) -> f64 {
    let sum: f64 =
        found.rgba.iter().zip(&expected.rgba).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
    10.0 * (255.0f64.powi(2) * found.rgba.len() as f64 / sum.max(1.0)).log10()
}
