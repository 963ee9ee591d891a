//! The second pass of real pictures: what is replaced, and what is not.

use image_api::settings::Codecs;
use testkit::{Picture, sample};
use vips::{Image, Interpretation, Keep, PngRows, Vips};

use super::*;
use crate::{encode::auto_quality, render::process};

fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.refine.enabled = true;
    settings
}

/// The first encoding of a picture, and what the second pass makes of it.
fn both(original: &Bytes, query: &str, settings: &Settings) -> (Bytes, Refined) {
    Vips::start(vips::Settings::default()).unwrap();
    let params = Params::parse(query).unwrap().params;
    let (assets, accept, deadline) = (Assets::default(), Accept::default(), Deadline::never());
    let made = process(&params, original, &assets, accept, settings, &deadline, &mut |_| ()).unwrap();
    let first = First { params: &params, original, assets: &assets, accept, encoded: &made.bytes };
    let refined = refine(&first, settings, &deadline).unwrap();
    (made.bytes, refined)
}

fn decoded(bytes: &Bytes, format: OutputFormat) -> Image {
    auto_quality::decode(bytes, format).unwrap()
}

fn save(image: &Image) -> Bytes {
    image.save_png(1, PngRows::Plain, vips::Palette::Direct, Keep::Nothing).unwrap()
}

fn image(pixels: &[u8], width: u32, height: u32, bands: u32) -> Image {
    Vips::start(vips::Settings::default()).unwrap();
    let space = if bands < 3 { Interpretation::Grey } else { Interpretation::Srgb };
    Image::from_pixels(pixels, width, height, bands).unwrap().interpret(space).unwrap()
}

/// Grey levels of a drawing of 200 x 200 pixels with patterns that return at many distances, where a longer search for
/// repetitions pays.
fn drawing() -> Vec<u8> {
    let level = |x: u32, y: u32| ((x * x + y * y) / 50 % 256) ^ ((x / 20 * 7 + y / 25 * 11) % 32);
    (0..200).flat_map(|y| (0..200).map(move |x| level(x, y) as u8)).collect()
}

#[test]
fn each_format_saves_bytes_at_no_lower_score() {
    // a picture that saves much in each: others are near the least saving, and rounding decides
    for format in ["jpeg", "webp", "avif"] {
        let (first, refined) =
            both(&sample("coffee.png"), &format!("width=300&format={format}"), &settings());
        let Refined::Saved { bytes, scores: Some([second, before]) } = refined else {
            panic!("{format}: {refined:?}")
        };
        assert!(second >= before, "{format}: {second} < {before}");
        assert!(settings().refine.saves_enough(first.len(), bytes.len()), "{format}");
    }
}

#[test]
fn png_stays_lossless() {
    let original = save(&image(&drawing(), 200, 200, 1));
    let (first, refined) = both(&original, "width=200&format=png", &settings());
    let Refined::Saved { bytes, scores: None } = refined else { panic!("{refined:?}") };
    let [one, two] = [&first, &bytes].map(|file| Picture::of(&decoded(file, OutputFormat::Png)));
    assert!(one == two && bytes.len() < first.len());
}

#[test]
fn few_colours_become_a_palette_if_that_is_smaller() {
    let colours = (0..64 * 64u32).flat_map(|at| {
        let mixed = at.wrapping_mul(0x85eb_ca6b);
        let noise = (mixed ^ mixed >> 13).wrapping_mul(0xc2b2_ae35) >> 28;
        [(noise / 4 * 50) as u8, (noise % 4 * 80) as u8, 7]
    });
    let colours: Vec<u8> = colours.collect();
    let original = save(&image(&colours, 64, 64, 3));
    let (first, refined) = both(&original, "format=png", &settings());
    let Refined::Saved { bytes, .. } = refined else { panic!("{refined:?}") };
    assert!(bytes.windows(4).any(|name| name == b"PLTE") && bytes.len() < first.len());
    let [one, two] = [&first, &bytes].map(|file| Picture::of(&decoded(file, OutputFormat::Png)));
    assert!(one == two);
}

#[test]
fn the_subsampling_of_a_jpeg_stays() {
    for (query, is_halved) in [("quality=70", true), ("quality=95", false)] {
        let query = format!("width=300&format=jpeg&{query}");
        let (first, refined) = both(&sample("chelsea.png"), &query, &settings());
        let Refined::Saved { bytes, .. } = refined else { panic!("{query}: {refined:?}") };
        let halved = [&first, &bytes].map(|file| crate::source::jpeg::is_chroma_halved(file));
        assert_eq!(halved, [Some(is_halved); 2], "{query}");
    }
}

#[test]
fn the_ends_of_the_scale_of_qualities_hold() {
    for format in ["jpeg", "webp", "avif"] {
        for quality in [1, 100] {
            let query = format!("width=64&format={format}&quality={quality}");
            let (first, refined) = both(&sample("chelsea.png"), &query, &settings());
            if let Refined::Saved { bytes, scores: Some([second, before]) } = refined {
                assert!(second >= before && bytes.len() < first.len(), "{query}");
            }
        }
    }
}

#[test]
fn grey_and_transparent_pictures_keep_what_they_are() {
    let photo = Image::load(&sample("chelsea.png"), &vips::Loader::Png, vips::Access::Random).unwrap();
    let grey = photo.extract_bands(1, 1).unwrap();
    let transparent = Image::bandjoin(&[&photo, &grey]).unwrap();
    let drawing = image(&drawing(), 200, 200, 1);
    let drawn = Image::bandjoin(&[&drawing; 4]).unwrap().interpret(Interpretation::Srgb).unwrap();
    let refine = Refine { min_saving_percent: 1, ..settings().refine };
    let settings = Settings { refine, ..settings() };
    for (image, formats) in [
        (&grey.interpret(Interpretation::Grey).unwrap(), &["jpeg"][..]),
        (&drawing, &["png"]),
        (&transparent.interpret(Interpretation::Srgb).unwrap(), &["webp", "avif"]),
        (&drawn, &["png"]),
    ] {
        let original = save(image);
        for name in formats {
            let (first, refined) = both(&original, &format!("width=200&format={name}"), &settings);
            let Refined::Saved { bytes, .. } = refined else { panic!("{name}: {refined:?}") };
            let format = OutputFormat::ALL.into_iter().find(|format| format.name() == *name).unwrap();
            let [one, two] = [&first, &bytes].map(|file| decoded(file, format));
            assert_eq!((one.bands(), image.bands()), (two.bands(), two.bands()), "{name}");
            if image.bands() == 4 && *name != "avif" {
                let [one, two] = [one, two].map(|image| Picture::of(&image.extract_bands(3, 1).unwrap()));
                assert!(one == two, "{name}");
            }
        }
    }
}

#[test]
fn what_cannot_be_compared_is_not_refined() {
    let dot = save(&image(&[1, 2, 3], 1, 1, 3));
    let film = sample("mill.gif");
    let photo = sample("chelsea.png");
    for (original, query) in [
        (&dot, "format=jpeg"),
        (&dot, "format=png"),
        (&film, "format=webp"),
        (&film, "format=gif"),
        (&film, "format=mp4"),
        (&photo, ""),
        (&photo, "meta=true"),
    ] {
        assert_eq!(both(original, query, &settings()).1, Refined::Kept(Reason::Unsuitable), "{query}");
    }
    let small = Settings { refine: Refine { max_pixels: 99, ..settings().refine }, ..settings() };
    assert_eq!(
        both(&photo, "width=10&height=10&format=jpeg&crop=fit", &small).1,
        Refined::Kept(Reason::Unsuitable)
    );
    let small = Settings { refine: Refine { avif_max_pixels: 99, ..settings().refine }, ..settings() };
    let query = "width=10&height=10&crop=fit&format=";
    assert_eq!(both(&photo, &format!("{query}avif"), &small).1, Refined::Kept(Reason::Unsuitable));
    assert_ne!(both(&photo, &format!("{query}webp"), &small).1, Refined::Kept(Reason::Unsuitable));
    let bare = Settings { codecs: Codecs { libjpeg_turbo: false, ..Codecs::default() }, ..settings() };
    assert_eq!(both(&photo, "width=64&format=jpeg", &bare).1, Refined::Kept(Reason::Unsuitable));
}
