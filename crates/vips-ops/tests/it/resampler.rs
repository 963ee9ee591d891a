//! Scaling between decoder and libvips against libvips' own operation.

use bytes::Bytes;
use image_api::{Accept, Settings, settings::Codecs};
use testkit::{Difference, Picture, sample};
use vips_ops::vips::{BandFormat, Image, Interpretation, Keep, Palette, PngRows};

use crate::ask_with;

/// Largest difference of a pixel in 8-bit levels: each side rounds twice, and weighs with numbers of 8 or more bits.
const WORST: u8 = 3;

fn settings(on: bool) -> Settings {
    Settings { codecs: Codecs { fast_image_resize: on, ..Codecs::default() }, ..Settings::default() }
}

fn scaled(bytes: &Bytes, query: &str, on: bool) -> Picture {
    Picture::decode(
        &ask_with(bytes, &format!("{query}&format=png"), Accept::default(), &settings(on)).unwrap().bytes,
    )
}

fn difference(bytes: &Bytes, query: &str) -> Difference {
    scaled(bytes, query, true).difference(&scaled(bytes, query, false))
}

/// Noise at full contrast in `bands` bands, as a PNG.
fn noise(width: u32, height: u32, bands: u32) -> Bytes {
    crate::start();
    let band = |sigma: f64| Image::noise(width, height, sigma).unwrap();
    let bands: Vec<_> = (0..bands).map(|index| band(60.0 + 20.0 * f64::from(index))).collect();
    let image = Image::bandjoin(&bands.iter().collect::<Vec<_>>()).unwrap();
    let image = image.linear(&[1.0], &[128.0]).unwrap().cast(BandFormat::Uchar).unwrap();
    let kind = if bands.len() < 3 { Interpretation::Grey } else { Interpretation::Srgb };
    image.interpret(kind).unwrap().save_png(1, PngRows::Plain, Palette::Direct, Keep::Nothing).unwrap()
}

#[test]
fn sizes_at_the_edges_are_scaled_as_by_libvips() {
    let sizes = [(1, 1), (2, 1), (1, 7), (3, 3), (5, 300), (301, 2), (64, 64), (333, 217), (1021, 13)];
    let mut failures = Vec::new();
    for (width, height) in sizes {
        for bands in [1, 3] {
            let original = noise(width, height, bands);
            // up to a factor at which libvips averages pixels before it filters
            for factor in [1.0, 1.2, 2.0, 2.7, 3.9f64] {
                let to = |side: u32| ((f64::from(side) / factor).ceil() as u32).max(1);
                for (width, height) in [(to(width), to(height)), (to(width), height), (width, to(height))] {
                    let query = format!("width={width}&height={height}&crop=stretch");
                    let found = difference(&original, &query);
                    if found.worst > WORST {
                        failures.push(format!("{bands} bands?{query}: {found:?}"));
                    }
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn parts_of_a_jpeg_are_scaled_as_by_libvips() {
    let mut failures = Vec::new();
    for name in ["china.jpg", "flower.jpg", "rocket.jpg", "astronaut-progressive.jpg"] {
        for width in [37, 60, 75, 101, 128, 199] {
            let query = format!("width={width}");
            let found = difference(&sample(name), &query);
            if found.worst > WORST + 1 {
                failures.push(format!("{name}?{query}: {found:?}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
