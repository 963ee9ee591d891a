//! More expensive requests get higher predictions, and the order of magnitude is right.

use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use testkit::sample;

use super::{weights::NANOSECONDS, *};
use crate::settings::Codecs;

fn cost_of(original: &Bytes, query: &str) -> Cost {
    let params = Params::parse(query).unwrap().params;
    predict(&params, original, &Assets::default(), Accept::default(), &Settings::default())
}

/// Most bytes after a header; more would not change the results.
const MOST_CODED: usize = 8_000_000;

/// A JPEG header of this size, followed by a proportional number of entropy-coded bytes.
fn jpeg(width: u16, height: u16, progressive: bool) -> Bytes {
    let mut file = vec![0xff, 0xd8, 0xff, if progressive { 0xc2 } else { 0xc0 }, 0, 17, 8];
    file.extend(height.to_be_bytes());
    file.extend(width.to_be_bytes());
    file.extend([3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1]);
    if progressive {
        file.extend([0xff, 0xda].repeat(10));
    }
    let coded = usize::from(width) * usize::from(height) / 8;
    file.resize(file.len() + coded.min(MOST_CODED), 0);
    file.into()
}

/// A GIF with this many empty frames.
fn gif(side: u16, frames: usize) -> Bytes {
    let sides = [side.to_le_bytes(), side.to_le_bytes()].concat();
    let frame = [b"\x2c\0\0\0\0".as_slice(), &sides, b"\0\x02\0"].concat();
    [b"GIF89a".as_slice(), &sides, b"\0\0\0", &frame.repeat(frames), b"\x3b"].concat().into()
}

fn svg(inside: &str) -> Bytes {
    format!("<svg width='400' height='400'>{inside}</svg>").into()
}

/// Tolerance in bytes: with shrink-on-load a larger image may need shorter row buffers than a smaller one.
const SHORTER_ROWS: u64 = 2_000_000;

#[track_caller]
fn assert_ascending(costs: &[Cost]) {
    for pair in costs.windows(2) {
        assert!(pair[0].cpu <= pair[1].cpu, "{costs:?}");
        assert!(pair[0].bytes <= pair[1].bytes + SHORTER_ROWS, "{costs:?}");
    }
}

#[test]
fn more_input_pixels_cost_more() {
    for query in
        ["width=200", "width=200&format=avif", "trim=color", "rotate=13&width=300", "meta=1", "quality=auto"]
    {
        assert_ascending(&[100, 500, 1000, 3000, 6000].map(|side| cost_of(&jpeg(side, side, false), query)));
    }
    for side in [500, 3000] {
        assert_ascending(
            &[false, true].map(|progressive| cost_of(&jpeg(side, side, progressive), "width=200")),
        );
    }
}

#[test]
fn more_output_pixels_cost_more() {
    let original = jpeg(3000, 2000, false);
    for query in
        ["", "&format=avif", "&format=webp", "&format=gif", "&format=png", "&blur=20", "&quality=auto"]
    {
        assert_ascending(
            &[800, 1400, 2900, 4000, 4800].map(|width| cost_of(&original, &format!("width={width}{query}"))),
        );
    }
}

#[test]
fn more_frames_cost_more() {
    for format in ["gif", "webp", "mp4"] {
        let query = format!("width=100&format={format}");
        assert_ascending(&[1, 2, 10, 100, 400].map(|frames| cost_of(&gif(300, frames), &query)));
    }
    // an animation over its budget is processed as its first frame
    assert!(cost_of(&gif(300, 501), "width=100").cpu < cost_of(&gif(300, 100), "width=100").cpu);
}

#[test]
fn stronger_effects_cost_more() {
    let original = jpeg(1000, 1000, false);
    assert_ascending(
        &["", "&blur=1", "&blur=10", "&blur=100"]
            .map(|effect| cost_of(&original, &format!("width=500{effect}"))),
    );
    assert_ascending(
        &["", "&vibrance=.5", "&vibrance=.5&shadow=.5", "&vibrance=.5&shadow=.5&fill_flash=.3"]
            .map(|effect| cost_of(&original, &format!("width=500{effect}"))),
    );
    assert_ascending(
        &[1, 3, 6].map(|attempts| cost_of(&original, &format!("quality=auto&quality_attempts={attempts}"))),
    );
    let layers = |count| format!("width=500&layers=[{}]", vec!["{\"text\":\"a\"}"; count].join(","));
    assert_ascending(&[0, 1, 5, 20].map(|count| cost_of(&original, &layers(count))));
}

#[test]
fn slower_formats_and_efforts_cost_more() {
    let original = jpeg(1000, 1000, false);
    let cpu = |format: &str| cost_of(&original, &format!("format={format}&quality=80")).cpu;
    // at their default efforts WebP and AVIF cost about the same
    for (fast, slow) in [("jpeg", "png"), ("png", "webp"), ("png", "avif"), ("webp", "gif"), ("avif", "gif")]
    {
        assert!(cpu(fast) < cpu(slow), "{fast} {slow}");
    }
    let efforts = [0, 2, 4, 9].map(|avif_effort| {
        let output = Output { avif_effort, ..Default::default() };
        let settings = Settings { output, ..Settings::default() };
        let params = Params::parse("format=avif").unwrap().params;
        predict(&params, &original, &Assets::default(), Accept::default(), &settings)
    });
    assert_ascending(&efforts);
    assert!(efforts[3].cpu > 10 * efforts[0].cpu, "{efforts:?}");
}

#[test]
fn svg_filters_cost_more() {
    let filter = |inside: &str| svg(&format!("<filter>{inside}</filter><rect filter='url(#a)'/>"));
    let primitives =
        ["<feOffset/>", "<feOffset/><feTurbulence/>", "<feOffset/><feTurbulence numOctaves='9'/>"];
    assert_ascending(
        &[svg("<rect/>"), filter(primitives[0]), filter(primitives[1]), filter(primitives[2])]
            .map(|svg| cost_of(&svg, "")),
    );
    let wide = "<feOffset/><feMorphology radius='90'/>";
    assert_ascending(&[filter("<feOffset/><feMorphology/>"), filter(wide)].map(|svg| cost_of(&svg, "")));
}

#[test]
fn decoders_beside_libvips_cost_less() {
    let params = Params::parse("width=300&format=webp").unwrap().params;
    let cpu = |original: &Bytes, settings: &Settings| {
        predict(&params, original, &Assets::default(), Accept::default(), settings).cpu
    };
    let mut without = Settings::default();
    without.codecs =
        Codecs { libwebp: false, dav1d: false, png: false, libjpeg_turbo: false, ..without.codecs };
    let png = sample("coffee.png");
    assert!(cpu(&png, &Settings::default()) < cpu(&png, &without) * 9 / 10);
    // a progressive JPEG of the same size is taken too, CMYK is not
    assert!(header::scan(&jpeg(3000, 2000, true)).unwrap().info.codec.is_some());
    let mut inks = jpeg(3000, 2000, false).to_vec();
    inks[11] = 4;
    assert_eq!(header::scan(&inks).unwrap().info.codec, None);
}

#[test]
fn refused_requests_cost_next_to_nothing() {
    let least = Work::least(&Bytes::new()).cost();
    assert_eq!(cost_of(&Bytes::from_static(b"not a picture"), "width=400").cpu, least.cpu);
    assert_eq!(cost_of(&jpeg(60_000, 60_000, false), "width=400").cpu, least.cpu);
    assert_eq!(cost_of(&jpeg(100, 100, false), "width=12001").cpu, least.cpu);
}

/// Bounds by a factor of three or more around measurements on two cores of x86-64.
#[test]
fn costs_are_of_the_measured_order_of_magnitude() {
    for (original, query, milliseconds) in [
        (sample("china.jpg"), "width=400", 2..30),
        (sample("china.jpg"), "width=400&format=avif", 10..200),
        (sample("mill.gif"), "width=100&format=webp", 5..2000),
        (jpeg(8000, 8000, false), "width=4000&format=avif", 1000..60_000),
    ] {
        let cost = cost_of(&original, query);
        assert!(milliseconds.contains(&cost.cpu.as_millis()), "{query}: {cost:?}");
        assert!(cost.bytes > original.len() as u64 && cost.bytes < 4 << 30, "{query}: {cost:?}");
    }
}

#[test]
fn every_kind_of_work_has_a_weight() {
    for (index, (term, weight)) in NANOSECONDS.iter().enumerate() {
        assert!(*term as usize == index && *weight >= 0.0 && weight.is_finite(), "{term:?}");
    }
}

#[test]
fn the_costs_of_models_add_up() {
    let original = jpeg(2000, 2000, false);
    let none = predict_analysis(&original, 640, Analysis::default());
    let all = predict_analysis(&original, 640, Analysis { faces: true, nsfw: true, labels: true });
    assert!(none.cpu < all.cpu && none.bytes < all.bytes);
    let models: Duration = ANALYSIS.iter().map(|model| model.cpu).sum();
    assert_eq!(all.cpu, none.cpu + models);
}

proptest! {
    #[test]
    fn arbitrary_requests_on_arbitrary_bytes_do_not_panic(query in ".{0,60}", tail: Vec<u8>, begin in 0..4usize) {
        let beginnings: [&[u8]; 4] = [b"\xff\xd8\xff\xc0\0\x11\x08", b"GIF89a", b"<svg width='", b"RIFF....WEBPVP8X"];
        let Ok(parsed) = Params::parse(&query) else { return Ok(()) };
        let bytes = Bytes::from([beginnings[begin], &tail].concat());
        predict(&parsed.params, &bytes, &Assets::default(), Accept::default(), &Settings::default());
    }
}

#[test]
fn cropped_pixels_cost_nothing() {
    let (banner, square) = (jpeg(14_560, 90, false), jpeg(1144, 1144, false));
    for query in ["width=1600&height=1600&crop=fit", "width=1600&height=1600&crop=top&rotate=90"] {
        let (banner, square) = (cost_of(&banner, query), cost_of(&square, query));
        assert!(
            banner.cpu < square.cpu * 2 && banner.bytes < 2 * square.bytes,
            "{query}: {banner:?} {square:?}"
        );
    }
    let svg = |width: u32| -> Bytes { format!("<svg width='{width}' height='90'><rect/></svg>").into() };
    let query = "width=1600&height=1600&crop=fit";
    let (banner, square) = (cost_of(&svg(7280), query), cost_of(&svg(90), query));
    assert!(banner.cpu < square.cpu * 3 && banner.bytes < 4 * square.bytes, "{banner:?} {square:?}");
}

#[test]
fn the_user_units_of_an_svg_do_not_matter() {
    let svg = |side: u32| -> Bytes { format!("<svg viewBox='0 0 {side} {side}'><rect/></svg>").into() };
    let [small, large] = [400, 400_000].map(|side| cost_of(&svg(side), "width=200"));
    assert!(small.cpu.abs_diff(large.cpu) < small.cpu / 10 && small.bytes.abs_diff(large.bytes) < 1_000_000);
}
