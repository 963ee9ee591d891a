//! Requests over a limit are refused before decoding: the error names the limit, the actual size and the allowed one.

use bytes::Bytes;
use image_api::{
    Accept, OutputFormat, Params, Plan, Settings,
    settings::{Animation, Limits, OverBudget},
};
use testkit::sample;
use vips_ops::{
    Error, Source,
    analysis::measure,
    vips::{Deadline, Image, Keep, Palette, PngRows},
};

use crate::{ask, ask_with, start};

/// Plans a request on a sample image.
fn plan(name: &str, query: &str, accept: Accept, settings: &Settings) -> Result<Plan, Error> {
    start();
    let source = Source::open(&sample(name), &settings.limits)?;
    let params = Params::parse(query).unwrap().params;
    let facts = measure(&params, &source, &[], &Deadline::never())?;
    Ok(Plan::resolve(&params, &source.info, &facts, accept, settings)?)
}

fn told(name: &str, query: &str, settings: &Settings) -> String {
    match plan(name, query, Accept::default(), settings) {
        Ok(plan) => panic!("{query} is planned: {plan}"),
        Err(error) => error.to_string(),
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn refusals_name_the_limit_the_actual_size_and_the_allowed_one() {
    let settings = Settings::default();
    let strict = Settings { animation: Animation { over_budget: OverBudget::Error }, ..Settings::default() };
    for (name, query, expected) in [
        (
            "china.jpg",
            "width=8900&height=8900&crop=stretch",
            "79210000, limits.max_output_pixels allows 40000000",
        ),
        (
            "china.jpg",
            "width=6300&height=6300&crop=stretch&pad=20",
            "40195600, limits.max_output_pixels allows",
        ),
        ("china.jpg", "width=6000&height=6000&crop=pad&rotate=3&pad=200", "limits.max_output_pixels allows"),
        ("china.jpg", "width=20000", "20000, limits.max_side allows 12000"),
        (
            "china.jpg",
            "width=3000&height=8000&crop=fit&rotate=3",
            "the scaled image: 82695924, limits.max_pixels allows",
        ),
        (
            "china.jpg",
            "width=4100&height=4000&crop=stretch&format=avif",
            "16400000, limits.max_avif_pixels allows 16000000",
        ),
        (
            "china.jpg",
            "width=4100&height=4000&crop=stretch&format=gif",
            "16400000, limits.max_gif_pixels allows 16000000",
        ),
        (
            "mill.gif",
            "width=1200&height=1200&crop=stretch",
            "17280000, limits.max_gif_pixels allows 16000000",
        ),
        (
            "mill.gif",
            "width=3000&height=3000&crop=stretch&format=webp",
            "108000000, limits.max_animation_pixels allows 100000000",
        ),
        (
            "mill.gif",
            "width=3000&height=3000&crop=10,10,50,50&rotate=3&format=mp4",
            "limits.max_animation_pixels allows",
        ),
    ] {
        let strict = if name == "mill.gif" { &strict } else { &settings };
        let told = told(name, query, strict);
        assert!(told.contains(expected), "{query}: {told}");
    }
}

#[test]
fn requests_just_within_the_limits_are_planned() {
    let settings = Settings::default();
    for (name, query) in [
        ("china.jpg", "width=6324&height=6324&crop=stretch"),
        ("china.jpg", "width=4000&height=4000&crop=stretch&format=avif"),
        ("china.jpg", "width=4000&height=4000&crop=stretch&format=gif"),
        ("mill.gif", "width=1150&height=1150&crop=stretch"),
        // an image that is cropped later may be larger than the output
        ("china.jpg", "width=8000&crop=0,0,100,100"),
        // and is never computed as a whole
        ("china.jpg", "width=3000&height=8000&crop=fit"),
        ("china.jpg", "width=60000&crop=50000,30000,300,300"),
        ("mill.gif", "width=9000&height=9000&crop=10,10,50,50&format=mp4"),
    ] {
        let planned = plan(name, query, Accept::default(), &settings);
        assert!(planned.is_ok(), "{query}: {:?}", planned.err());
    }
}

#[test]
fn auto_falls_back_to_another_format_over_a_formats_limit() {
    let mut settings = Settings::default();
    settings.output.avif_max_pixels = u64::MAX;
    let all = Accept { avif: true, webp: true };
    let format = |name, query, accept| plan(name, query, accept, &settings).unwrap().encode.format;
    let large = "width=4100&height=4000&crop=stretch&format=auto";
    assert_eq!(format("china.jpg", large, all), OutputFormat::Webp);
    assert_eq!(format("china.jpg", large, Accept { avif: true, webp: false }), OutputFormat::Jpeg);
    assert_eq!(format("china.jpg", "width=400&format=auto", all), OutputFormat::Avif);
    // an animation that is too large for a GIF becomes its first frame
    let moving =
        plan("mill.gif", "width=1200&height=1200&crop=stretch", Accept::default(), &settings).unwrap();
    assert_eq!((moving.encode.format, moving.load.frames), (OutputFormat::Gif, 1));
}

#[test]
fn large_gifs_are_searched_with_less_effort() {
    let settings = Settings::default();
    let effort = |query| plan("china.jpg", query, Accept::default(), &settings).unwrap().encode.effort;
    assert_eq!(effort("width=2000&height=2000&crop=stretch&format=gif"), settings.output.gif_effort);
    assert_eq!(effort("width=2001&height=2000&crop=stretch&format=gif"), 1);
}

#[test]
fn hostile_svgs_are_refused_before_rendering() {
    start();
    let turbulence = "<feTurbulence baseFrequency='.07' numOctaves='10'/>".repeat(9);
    let svg = Bytes::from(format!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='900' height='900'><filter id='f'>{turbulence}</filter>\
         <rect width='900' height='900' filter='url(#f)'/></svg>"
    ));
    assert!(ask(&svg, "width=60").is_ok());
    for query in
        ["width=2000", "trim=color&width=2000", "meta=true&width=2000", "mark=/pixmill-logo.png&width=2000"]
    {
        let told = ask(&svg, query).unwrap_err().to_string();
        assert!(
            told.contains("mostly for filters") && told.contains("limits.max_svg_work allows 5000000000"),
            "{told}"
        );
    }
    // an analysis of the whole image renders the SVG as well
    let settings =
        Settings { limits: Limits { max_svg_work: 1000, ..Limits::default() }, ..Settings::default() };
    for query in ["trim=color", "crop=entropy", "width=10"] {
        let refused = ask_with(&sample("pixmill-logo.svg"), query, Accept::default(), &settings);
        assert!(matches!(refused, Err(Error::OverLimit(_))), "{query}: {:?}", refused.err());
    }
}

#[test]
fn layers_are_counted_before_rendering() {
    start();
    let white = Image::from_pixels(&vec![255; 3 * 4_000_000], 2000, 2000, 3).unwrap();
    let base = white.save_png(1, PngRows::Plain, Palette::Direct, Keep::Nothing).unwrap();
    let layer = |scale: u32| format!("{{\"url\":\"/pixmill-logo.png\",\"scale\":{scale}}}");
    let words = |scale: u32| format!("{{\"text\":\"MM\\nMM\",\"scale\":{scale}}}");
    let settings =
        Settings { limits: Limits { max_pixels: 4_100_000, ..Limits::default() }, ..Settings::default() };
    let asked = |layers: [String; 2]| {
        let query = format!("width=100&layers=[{}]", layers.join(","));
        ask_with(&base, &query.replace("width=100&", "crop=0,0,2000,2000&"), Accept::default(), &settings)
    };
    for layers in [[layer(100), layer(30)], [words(100), layer(100)], [layer(100), words(100)]] {
        let Err(error) = asked(layers.clone()) else { panic!("{layers:?} are drawn") };
        let told = error.to_string();
        assert!(
            told.contains("all layers together") && told.contains("limits.max_pixels allows 4100000"),
            "{told}"
        );
    }
    assert!(asked([layer(10), words(10)]).is_ok());
}
