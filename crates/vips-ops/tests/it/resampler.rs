//! Scaling between decoder and libvips against libvips' own operation.

use bytes::Bytes;
use image_api::{Accept, Measurements, Params, Plan, Settings, settings::Codecs};
use testkit::{Difference, Picture, sample};
use vips_ops::{
    Source,
    vips::{BandFormat, Image, Interpretation, Keep, Palette, PngRows},
};

use crate::ask_with;

/// Largest difference of a pixel in 8-bit levels: each side rounds twice, and weighs with numbers of 8 or more bits. With alpha one
/// more, since colours are divided by it.
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
    premultiplied(&scaled(bytes, query, true)).difference(&premultiplied(&scaled(bytes, query, false)))
}

/// Colours multiplied by alpha: what is seen of them. Rounding is seen where a nearly transparent colour is divided by its alpha.
pub fn premultiplied(picture: &Picture) -> Picture {
    let mut seen = picture.clone();
    for pixel in seen.rgba.chunks_exact_mut(4) {
        let alpha = f64::from(pixel[3]) / 255.0;
        pixel[..3].iter_mut().for_each(|value| *value = (f64::from(*value) * alpha).round() as u8);
    }
    seen
}

/// Noise at full contrast in `bands` bands, as a PNG.
fn noise(width: u32, height: u32, bands: u32) -> Bytes {
    crate::start();
    let band = |sigma: f64| Image::noise(width, height, sigma).unwrap();
    let bands: Vec<_> = (0..bands).map(|index| band(60.0 + 20.0 * f64::from(index))).collect();
    let image = Image::bandjoin(&bands.iter().collect::<Vec<_>>()).unwrap();
    let image = image.linear(&[1.0], &[128.0]).unwrap().cast(BandFormat::Uchar).unwrap();
    let kind = if image.bands() < 3 { Interpretation::Grey } else { Interpretation::Srgb };
    image.interpret(kind).unwrap().save_png(1, PngRows::Plain, Palette::Direct, Keep::Nothing).unwrap()
}

#[test]
fn sizes_at_the_edges_are_scaled_as_by_libvips() {
    let sizes = [(1, 1), (2, 1), (1, 7), (3, 3), (5, 300), (301, 2), (64, 64), (333, 217), (1021, 13)];
    let mut failures = Vec::new();
    for (width, height) in sizes {
        for bands in 1..=4 {
            let original = noise(width, height, bands);
            // up to a factor at which libvips averages pixels before it filters
            for factor in [1.0, 1.2, 2.0, 2.7, 3.9f64] {
                let to = |side: u32| ((f64::from(side) / factor).ceil() as u32).max(1);
                for (width, height) in [(to(width), to(height)), (to(width), height), (width, to(height))] {
                    let query = format!("width={width}&height={height}&crop=stretch");
                    let found = difference(&original, &query);
                    if found.worst > WORST + u8::from(bands % 2 == 0) {
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

#[test]
fn colours_of_transparent_pixels_do_not_bleed() {
    crate::start();
    // opaque red beside transparent green, in columns of seven pixels
    let pixels: Vec<u8> =
        (0..84 * 60).flat_map(|at| if at % 14 < 7 { [200, 0, 0, 255] } else { [0, 255, 0, 0] }).collect();
    let image = Image::from_pixels(&pixels, 84, 60, 4).unwrap().interpret(Interpretation::Srgb).unwrap();
    let png = image.save_png(1, PngRows::Plain, Palette::Direct, Keep::Nothing).unwrap();
    for query in ["width=31", "width=47&height=20&crop=stretch", "width=12"] {
        let seen = scaled(&png, query, true);
        let pixels = || seen.rgba.chunks_exact(4).filter(|pixel| pixel[3] > 0);
        assert!(pixels().all(|pixel| pixel[1] == 0 && pixel[2] == 0), "{query}: green shines through");
        assert!(pixels().any(|pixel| pixel[3] < 255), "{query}: no pixel is at the edge");
    }
}

#[test]
fn plans_say_what_scales() {
    let plan = |name: &str, query: &str| {
        let source = Source::open(&sample(name), &Settings::default().limits).unwrap();
        let params = Params::parse(query).unwrap().params;
        let facts = Measurements::default();
        Plan::resolve(&params, &source.info, &facts, Accept::default(), &Settings::default())
            .unwrap()
            .to_string()
    };
    for (name, query) in
        [("pixmill-logo.png", "width=100"), ("china.jpg", "width=100"), ("coffee.png", "width=100")]
    {
        let text = plan(name, query);
        assert!(text.contains("by fast_image_resize"), "{name}: {text}");
    }
}
