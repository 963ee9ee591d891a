//! SVG originals: the output has exactly the requested size, whatever the document states, and only the kept part is
//! rendered.

use bytes::Bytes;
use image_api::{Settings, settings::Limits};
use proptest::prelude::*;
use testkit::Picture;
use vips_ops::Error;

use crate::{ask, ask_with, picture};

/// An SVG with a coloured edge on every side.
fn svg_document(width: f64, height: f64) -> Bytes {
    let attributes = format!("width='{width}' height='{height}' viewBox='0 0 {width} {height}'");
    framed(&attributes, width, height)
}

fn framed(attributes: &str, width: f64, height: f64) -> Bytes {
    let (x, y) = (width / 4.0, height / 4.0);
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' {attributes}><rect width='{width}' height='{height}' fill='#d02020'/>\
         <rect x='{x}' y='{y}' width='{}' height='{}' fill='#2020d0'/></svg>",
        width / 2.0,
        height / 2.0
    )
    .into()
}

fn size(original: &Bytes, query: &str) -> (u32, u32) {
    let answer = ask(original, query).unwrap_or_else(|error| panic!("{query}: {error}"));
    let decoded = Picture::decode(&answer.bytes);
    assert_eq!((decoded.width, decoded.height), (answer.size.width, answer.size.height), "{query}");
    (decoded.width, decoded.height)
}

/// The nearest integer, halves rounded up, at least 1.
fn side(length: f64) -> u32 {
    (length + 0.5).floor().max(1.0) as u32
}

/// Sizes in hundredths of a pixel, as drawing programs write them.
fn natural() -> impl Strategy<Value = (f64, f64)> {
    let length =
        || prop_oneof![1..200u32, 50..3000u32, 50..100_000u32].prop_map(|length| f64::from(length) / 100.0);
    (length(), length())
}

/// Ratio of the two scale factors from which distorting an SVG can exceed the work limit.
const MOST_APART: f64 = 1000.0;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]
    #[test]
    fn every_requested_size_is_exact(
        (wide, high) in natural(), width in 1..2000u32, height in 1..2000u32, ratio in 1..4u32,
    ) {
        let original = svg_document(wide, high);
        let (w, h) = (f64::from(width), f64::from(height));
        let limits = Limits { max_side: 4_000_000, max_output_pixels: 9_000_000, ..Limits::default() };
        let settings = Settings { limits, ..Settings::default() };
        let follows = [
            (format!("width={width}"), (width, side(high * w / wide))),
            (format!("height={height}"), (side(wide * h / high), height)),
            (
                format!("width={width}&dpr={}", f64::from(ratio) / 2.0),
                (side(w * f64::from(ratio) / 2.0), side(high * f64::from(side(w * f64::from(ratio) / 2.0)) / wide)),
            ),
        ];
        for (query, expected) in follows {
            let found = ask_with(&original, &format!("{query}&format=png"), image_api::Accept::default(), &settings);
            match found {
                Ok(answer) => prop_assert_eq!((answer.size.width, answer.size.height), expected, "{}", query),
                // the other side would exceed the output limit
                Err(Error::OverLimit(_)) => {
                    let pixels = u64::from(expected.0) * u64::from(expected.1);
                    prop_assert!(pixels > 9_000_000 || expected.0.max(expected.1) > 4_000_000, "{} {:?}", query, expected);
                }
                Err(other) => prop_assert!(false, "{}: {}", query, other),
            }
        }
        let (across, down) = (w / wide, h / high);
        if across.max(down) >= MOST_APART * across.min(down) {
            // it may be refused for too much work only
            for mode in ["fit", "top", "bottom", "pad", "stretch", "entropy"] {
                let query = format!("width={width}&height={height}&crop={mode}&format=png");
                match ask(&original, &query) {
                    Ok(answer) => prop_assert_eq!((answer.size.width, answer.size.height), (width, height)),
                    Err(Error::OverLimit(image_api::error::OverLimit { bound, .. })) => prop_assert_eq!(bound, "limits.max_svg_work allows"),
                    Err(other) => prop_assert!(false, "{}: {}", query, other),
                }
            }
            return Ok(());
        }
        for mode in ["fit", "top", "bottom", "pad", "stretch", "entropy"] {
            let query = format!("width={width}&height={height}&crop={mode}&format=png");
            prop_assert_eq!(size(&original, &query), (width, height), "{} of {} x {}", query, wide, high);
        }
        let inside = if across <= down {
            (width, side(high * across).min(height))
        } else {
            (side(wide * down).min(width), height)
        };
        prop_assert_eq!(size(&original, &format!("width={width}&height={height}&format=png")), inside);
        let window = size(&original, &format!("width={width}&height={height}&crop=0,0,7,7&format=png"));
        prop_assert_eq!(window, (inside.0.min(7), inside.1.min(7)));
        let query = format!("width={height}&height={width}&crop=fit&rotate=90&flip=true&format=png");
        prop_assert_eq!(size(&original, &query), (height, width));
    }
}

#[test]
fn fractional_sizes_are_exact() {
    for ((wide, high), query, expected) in [
        ((15.75, 18.0), "width=64", (64, 73)),
        ((15.75, 18.0), "width=512", (512, 585)),
        ((16.5, 33.4), "width=97", (97, 196)),
        ((16.5, 33.4), "width=512", (512, 1036)),
        ((122.88, 122.88), "width=1024", (1024, 1024)),
        ((1.0, 0.5), "width=80", (80, 40)),
        ((0.3, 0.2), "width=80", (80, 53)),
        ((0.3, 0.2), "", (1, 1)),
        ((0.01, 0.07), "width=80&height=80&crop=fit", (80, 80)),
        ((15.75, 18.0), "width=512&height=512&crop=pad", (512, 512)),
        ((15.75, 18.0), "width=300&rotate=30", (300, 311)),
        ((15.75, 18.0), "", (16, 18)),
        ((500.4, 2.0), "width=100", (100, 1)),
        ((1.0, 9000.0), "height=5", (1, 5)),
    ] {
        let query = format!("{query}&format=png");
        assert_eq!(size(&svg_document(wide, high), &query), expected, "{wide} x {high} {query}");
    }
}

#[test]
fn svgs_fill_the_image_to_every_edge() {
    for (wide, high) in [(15.75, 18.0), (122.88, 61.5), (16.5, 33.4)] {
        for query in
            ["width=97", "width=211&height=97&crop=fit", "width=97&height=211&crop=stretch", "height=301"]
        {
            let found = picture(&svg_document(wide, high), &format!("{query}&format=png"));
            for (x, y) in [(0, 0), (found.width - 1, found.height - 1)] {
                let pixel = found.at(x, y);
                assert_eq!(pixel, [0xd0, 0x20, 0x20, 255], "{wide} x {high} {query} at {x},{y}");
            }
        }
    }
}

#[test]
fn user_units_are_not_pixels() {
    let page = "viewBox='0 0 21000 29700'";
    let original = framed(page, 21_000.0, 29_700.0);
    assert_eq!(size(&original, "width=200&format=png"), (200, 283));
    assert_eq!(size(&original, "width=200&height=200&crop=fit&trim=color&format=png"), (200, 200));
    let limits = Limits { max_output_pixels: 250_000, ..Limits::default() };
    let settings = Settings { limits, ..Settings::default() };
    let plain = ask_with(&original, "format=png", image_api::Accept::default(), &settings).unwrap();
    assert_eq!((plain.size.width, plain.size.height), (420, 595));
    let large = ask_with(&original, "width=2000&format=png", image_api::Accept::default(), &settings);
    assert!(matches!(large, Err(Error::OverLimit(_))), "{large:?}");
    let country = framed("viewBox='0 0 3e8 1e8'", 3e8, 1e8);
    assert_eq!(size(&country, "width=300&format=png"), (300, 100));
}

#[test]
fn sizes_stated_in_other_ways_are_exact() {
    for (attributes, expected) in [
        ("viewBox='0 0 15.75 18'", (512, 585)),
        ("width='15.75' viewBox='0 0 31.5 36'", (512, 585)),
        ("width='100%' height='100%' viewBox='0 0 15.75 18'", (512, 585)),
        ("style='width:15.75px;height:18px' viewBox='0 0 31.5 36'", (512, 585)),
        ("", (512, 585)),
        // `preserveAspectRatio` leaves the rest blank
        ("width='31.5' height='18' viewBox='0 0 15.75 18' preserveAspectRatio='xMinYMin'", (512, 293)),
    ] {
        assert_eq!(size(&framed(attributes, 15.75, 18.0), "width=512&format=png"), expected, "{attributes}");
    }
}

#[test]
fn only_the_kept_part_of_an_svg_counts() {
    let banner = svg_document(728.4, 90.2);
    assert_eq!(size(&banner, "width=3000&height=3000&crop=fit&format=png"), (3000, 3000));
    assert_eq!(size(&svg_document(1.0, 9000.0), "width=1000&height=1000&crop=top&format=png"), (1000, 1000));
    let found = picture(&banner, "width=600&height=600&crop=fit&format=png");
    assert!(found.at(300, 300)[2] > 190 && found.at(300, 2)[0] > 190);
}

#[test]
fn embedded_images_of_over_ten_megabytes_are_rendered() {
    use base64::Engine;
    use vips_ops::vips::{Image, Keep, Palette, PngRows};
    crate::start();
    // random, so that it does not compress
    let noise = (0u32..6_000_000).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8 | 0x80);
    let image = Image::from_pixels(&noise.collect::<Vec<_>>(), 2000, 1000, 3).unwrap();
    let png = image.save_png(0, PngRows::Plain, Palette::Direct, Keep::Nothing).unwrap();
    let code = base64::engine::general_purpose::STANDARD.encode([&png[..], &vec![0; 6_000_000]].concat());
    assert!(code.len() > 10_000_000);
    let svg_document = |doctype: &str| -> Bytes {
        format!(
            "{doctype}<svg xmlns='http://www.w3.org/2000/svg' width='40' height='20'>\
             <image width='40' height='20' href='data:image/png;base64,{code}'/></svg>"
        )
        .into()
    };
    let found = picture(&svg_document(""), "width=80&format=png");
    assert_eq!((found.width, found.height), (80, 40));
    assert!(found.at(40, 20)[3] == 255 && found.at(40, 20)[0] > 100, "{:?}", found.at(40, 20));
    // documents of any length must keep the ordinary limits on entities, so this one is refused
    let refused = ask(&svg_document("<!DOCTYPE svg [<!ENTITY a 'b'>]>"), "width=80&format=png");
    assert!(refused.is_err());
}

#[test]
fn svg_watermarks_have_their_exact_aspect_ratio() {
    use image_api::{Accept, Params};
    use vips_ops::{Assets, overlay::links, process, vips::Deadline};
    crate::start();
    let settings = Settings::default();
    let laid = |base: &Bytes, mark: &Bytes, query: &str| {
        let params = Params::parse(query).unwrap().params;
        let mut assets = Assets::default();
        for link in links(&params, &settings.limits).unwrap() {
            assets.insert(link.url, mark.clone());
        }
        let never = Deadline::never();
        let answer =
            process(&params, base, &assets, Accept::default(), &settings, &never, &mut |_| ()).unwrap();
        assert!(!answer.lacks_overlays, "{query}");
        Picture::decode(&answer.bytes)
    };
    let base = svg_document(400.3, 300.7);
    let white: Bytes = "<svg xmlns='http://www.w3.org/2000/svg' width='15.75' height='18'>\
                        <rect width='15.75' height='18' fill='white'/></svg>"
        .into();
    for (query, expected) in [
        ("width=400&mark=/m&mark_scale=60&mark_upscale=1", (158, 180)),
        ("width=800&mark=/m&mark_scale=100&mark_upscale=1&mark_pos=left", (526, 601)),
        ("width=400&layers=[{\"url\":\"/m\",\"scale\":50}]", (131, 150)),
    ] {
        let found = laid(&base, &white, &format!("{query}&format=png"));
        let is_white = |x: u32, y: u32| found.at(x, y)[..3].iter().all(|level| *level > 250);
        let across = (0..found.width).filter(|x| is_white(*x, found.height / 2)).count();
        let middle = if query.contains("left") { 5 } else { found.width / 2 };
        let down = (0..found.height).filter(|y| is_white(middle, *y)).count();
        let near = |found: usize, expected: usize| found == expected;
        assert!(near(across, expected.0) && near(down, expected.1), "{query}: {across} x {down}");
    }
}

#[test]
fn svgs_may_always_be_enlarged() {
    let original = svg_document(15.75, 18.0);
    assert_eq!(size(&original, "width=512&enlarge=false&format=png"), (512, 585));
    assert_eq!(size(&original, "width=512&height=300&crop=fit&enlarge=false&format=png"), (512, 300));
}
