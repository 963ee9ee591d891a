//! Every input format to every output format.

use std::io::Cursor;

use bytes::Bytes;
use image::{DynamicImage, ImageFormat, RgbaImage};
use image_api::{Accept, Measurements, OutputFormat, Params, Plan, Settings};
use testkit::{Picture, sample};
use vips_ops::vips::{Access, Image, Loader, Operation};
use vips_ops::{Source, source::sniff};

use crate::{ask, ask_with, picture};

/// An original in every input format, of the same image where libvips can encode it.
fn originals() -> Vec<(&'static str, Bytes)> {
    let photo = sample("china.jpg");
    let made = |query| ask(&photo, query).unwrap().bytes;
    vec![
        ("jpeg", photo.clone()),
        ("progressive jpeg", made("quality=90&interlace=true")),
        ("png", made("format=png")),
        ("interlaced png", made("format=png&interlace=true")),
        ("webp", made("format=webp")),
        ("gif", made("format=gif")),
        ("avif", made("format=avif&width=320")),
        ("tiff", tiff(&photo)),
        ("bmp", bitmap(&photo, ImageFormat::Bmp)),
        ("ico", bitmap(&photo, ImageFormat::Ico)),
        ("svg", sample("pixmill-logo.svg")),
        ("transparent png", sample("pixmill-logo.png")),
        ("grey png", sample("camera.png")),
        ("16-bit png", sample("gradient-16bit.png")),
        ("cmyk jpeg", sample("astronaut-cmyk.jpg")),
    ]
}

/// The image as TIFF, an input format without an output format.
fn tiff(jpeg: &Bytes) -> Bytes {
    let image = Image::load(jpeg, &Loader::Jpeg { shrink: 1 }, Access::Random).unwrap();
    Operation::new(c"tiffsave_buffer").image(c"in", &image).build().unwrap().bytes(c"buffer").unwrap()
}

/// The image, small enough for an icon, in a format that the crate `image` decodes.
fn bitmap(jpeg: &Bytes, format: ImageFormat) -> Bytes {
    let Picture { width, height, rgba, .. } = picture(jpeg, "width=200&format=png");
    let image = DynamicImage::from(RgbaImage::from_raw(width, height, rgba).unwrap());
    let image = if format == ImageFormat::Bmp { image.into_rgb8().into() } else { image };
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner().into()
}

#[test]
fn the_matrix() {
    crate::start();
    for (name, original) in originals() {
        let reference = picture(&original, "width=90&format=png&flatten");
        for format in ["jpeg", "png", "webp", "avif", "gif"] {
            let query = format!("width=90&format={format}&flatten&quality=95");
            let answer = ask(&original, &query).unwrap_or_else(|error| panic!("{name} {query}: {error}"));
            assert_eq!(answer.format.name(), format, "{name}");
            let difference = reference.difference(&Picture::decode(&answer.bytes));
            let allowed = if format == "gif" { 14.0 } else { 4.0 };
            assert!(difference.mean < allowed, "{name} to {format}: {difference:?}");
        }
    }
}

#[test]
fn the_default_format_follows_the_original() {
    crate::start();
    for (name, expected) in [
        ("jpeg", OutputFormat::Jpeg),
        ("png", OutputFormat::Png),
        ("webp", OutputFormat::Webp),
        ("gif", OutputFormat::Gif),
        ("avif", OutputFormat::Avif),
        ("tiff", OutputFormat::Jpeg),
        ("bmp", OutputFormat::Jpeg),
        ("ico", OutputFormat::Png),
        ("svg", OutputFormat::Png),
    ] {
        let (_, original) = originals().into_iter().find(|(of, _)| *of == name).unwrap();
        assert_eq!(ask(&original, "width=40").unwrap().format, expected, "{name}");
    }
}

#[test]
fn auto_selects_the_best_accepted_format() {
    let settings = Settings::default();
    let format = |source: &str, query: &str, avif, webp| {
        ask_with(&sample(source), query, Accept { avif, webp }, &settings).unwrap().format
    };
    assert_eq!(format("china.jpg", "format=auto&width=50", true, true), OutputFormat::Avif);
    assert_eq!(format("china.jpg", "format=auto&width=50", false, true), OutputFormat::Webp);
    assert_eq!(format("china.jpg", "format=auto&width=50", false, false), OutputFormat::Jpeg);
    assert_eq!(format("pixmill-logo.png", "format=auto&width=50", false, false), OutputFormat::Png);
    let no_avif = Settings {
        output: image_api::settings::Output { avif: false, ..Default::default() },
        ..settings.clone()
    };
    let answer =
        ask_with(&sample("china.jpg"), "format=auto", Accept { avif: true, webp: true }, &no_avif).unwrap();
    assert_eq!(answer.format, OutputFormat::Webp);
    let small_cap = image_api::settings::Output { avif_max_pixels: 10_000, ..Default::default() };
    let capped = Settings { output: small_cap, ..settings.clone() };
    let answer =
        ask_with(&sample("china.jpg"), "format=auto", Accept { avif: true, webp: true }, &capped).unwrap();
    assert_eq!(answer.format, OutputFormat::Webp);
}

#[test]
fn quality_changes_the_size_and_defaults_to_that_of_the_original() {
    for format in ["jpeg", "webp", "avif"] {
        let bytes = |quality: u8| {
            ask(&sample("china.jpg"), &format!("width=300&format={format}&quality={quality}"))
                .unwrap()
                .bytes
                .len()
        };
        assert!(bytes(30) < bytes(60) && bytes(60) < bytes(90), "{format}");
    }
    let saved_at_40 = ask(&sample("china.jpg"), "quality=40").unwrap().bytes;
    let again = ask(&saved_at_40, "width=300").unwrap().bytes;
    assert!(sniff::sniff(&again) == Some(vips_ops::source::SourceFormat::Jpeg));
    let found = vips_ops::source::jpeg::quality(&again).unwrap();
    assert!(found.abs_diff(40) <= 2, "{found}");
}

#[test]
fn interlacing() {
    let progressive = ask(&sample("china.jpg"), "width=100&interlace=1").unwrap().bytes;
    assert!(progressive.windows(2).any(|marker| marker == [0xff, 0xc2]));
    let baseline = ask(&sample("astronaut-progressive.jpg"), "width=100").unwrap().bytes;
    assert!(!baseline.windows(2).any(|marker| marker == [0xff, 0xc2]));
    let adam7 = ask(&sample("china.jpg"), "width=100&interlace=1&format=png").unwrap().bytes;
    assert_eq!(adam7[28], 1);
    let plain = ask(&sample("china.jpg"), "width=100&format=png").unwrap().bytes;
    assert_eq!(plain[28], 0);
}

#[test]
fn metadata_is_kept_unless_stripped() {
    let loaded = |query: &str| {
        let answer = ask(&sample("astronaut-gps-orient6.jpg"), query).unwrap().bytes;
        Image::load(&answer, &Loader::Jpeg { shrink: 1 }, Access::Random).unwrap()
    };
    assert!(loaded("width=50").has(c"exif-data"));
    assert!(loaded("width=50").fields().iter().any(|name| name.to_string_lossy().contains("GPS")));
    assert!(!loaded("width=50&strip_exif=true").has(c"exif-data"));
    let profile = ask(&sample("china.jpg"), "width=50&strip_exif=true").unwrap().bytes;
    let image = Image::load(&profile, &Loader::Jpeg { shrink: 1 }, Access::Random).unwrap();
    assert!(!image.has(c"icc-profile-data"), "pixels are sRGB, which needs no profile");
}

#[test]
fn an_embedded_thumbnail_is_used_if_it_is_large_enough() {
    crate::start();
    let photo = Image::load(&sample("astronaut.png"), &Loader::Png, Access::Random).unwrap();
    for subifd in [false, true] {
        let saver = Operation::new(c"tiffsave_buffer")
            .image(c"in", &photo)
            .bool(c"tile", true)
            .bool(c"pyramid", true);
        let saver = saver.int(c"tile-width", 64).int(c"tile-height", 64).bool(c"subifd", subifd);
        let pyramid = saver.build().unwrap().bytes(c"buffer").unwrap();
        let source = Source::open(&pyramid, &Settings::default().limits).unwrap();
        let sides: Vec<_> = source.info.thumbnails.iter().map(|copy| copy.size.width).collect();
        assert_eq!(sides, [256, 128, 64], "{subifd}");
        let plan = |query: &str| {
            let params = Params::parse(query).unwrap().params;
            Plan::resolve(
                &params,
                &source.info,
                &Measurements::default(),
                Accept::default(),
                &Settings::default(),
            )
            .unwrap()
        };
        assert_eq!(plan("width=100").load.size.width, 128);
        assert_eq!(plan("width=128").load.size.width, 128);
        assert_eq!(plan("width=129").load.size.width, 256);
        assert_eq!(plan("width=300").load.size.width, 512);
        let reference = picture(&sample("astronaut.png"), "width=100&format=png");
        let difference = reference.difference(&picture(&pyramid, "width=100&format=png"));
        assert!(difference.mean < 4.0, "{difference:?}");
    }
}
