//! `meta=true` on real images: descriptions of the original and of the processed image.

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use image_api::OutputFormat;
use serde_json::{Value, json};
use testkit::{Picture, sample};
use vips_ops::vips::{Image, JpegScan, Keep, Palette, PngRows, Subsample};
use vips_ops::{ErrorKind, Media};

use crate::{answer, ask, start};

fn described(original: &Bytes, query: &str) -> Value {
    let answer = answer(original, query).unwrap_or_else(|error| panic!("{query}: {error}"));
    assert_eq!(answer.media, Media::Json, "{query}");
    serde_json::from_slice(&answer.bytes).unwrap()
}

/// Checks some fields of a description.
#[track_caller]
fn check(original: &Bytes, query: &str, expected: &Value) {
    let found = described(original, query);
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&found[name], value, "{query}: {name} in {found:#}");
    }
}

fn png(pixels: &[u8], bands: u32) -> Bytes {
    start();
    let image = Image::from_pixels(pixels, pixels.len() as u32 / bands, 1, bands).unwrap();
    image.save_png(1, PngRows::Plain, Palette::Direct, Keep::Nothing).unwrap()
}

#[test]
fn fields_have_the_documented_names_and_order() {
    let text = answer(&sample("flower-p3.jpg"), "meta=true&include_image_data=true").unwrap().bytes;
    let text = String::from_utf8(text.to_vec()).unwrap();
    let names = [
        "fileSize",
        "width",
        "height",
        "fileType",
        "mimeType",
        "hasAlpha",
        "colorSpace",
        "exif",
        "faces",
        "imageData",
        "server",
        "dominateColor",
        "jpeg",
        "icc",
    ];
    let places = names.map(|name| text.find(&format!("\"{name}\":")));
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}");
    let Value::Object(members) = serde_json::from_str(&text).unwrap() else { panic!("{text}") };
    assert_eq!(members.len(), names.len());
}

#[test]
fn originals_of_every_format_are_described() {
    let photo = sample("china.jpg");
    let webp = ask(&photo, "format=webp&width=80").unwrap().bytes;
    let avif = ask(&photo, "format=avif&width=80").unwrap().bytes;
    for (original, expected) in [
        (
            photo,
            json!({
                "width": 640, "height": 427, "fileType": "jpeg", "mimeType": "image/jpeg", "hasAlpha": false,
                "colorSpace": "srgb", "faces": [], "server": { "host": "", "ip": "" },
            }),
        ),
        (sample("camera.png"), json!({ "fileType": "png", "colorSpace": "b-w", "jpeg": null })),
        (sample("gradient-16bit.png"), json!({ "colorSpace": "rgb16" })),
        (sample("pixmill-logo.png"), json!({ "fileType": "png", "hasAlpha": true })),
        (sample("astronaut-cmyk.jpg"), json!({ "colorSpace": "cmyk", "hasAlpha": false })),
        (sample("mill.gif"), json!({ "fileType": "gif", "mimeType": "image/gif" })),
        (sample("mill.webp"), json!({ "fileType": "webp", "mimeType": "image/webp" })),
        (webp, json!({ "width": 80, "height": 53, "fileType": "webp" })),
        (avif, json!({ "width": 80, "height": 53, "fileType": "avif", "mimeType": "image/avif" })),
        (
            sample("pixmill-logo.svg"),
            json!({ "fileType": "svg", "mimeType": "image/svg+xml", "hasAlpha": true }),
        ),
    ] {
        check(&original, "meta=true", &expected);
        check(&original, "meta=true&face=true", &json!({ "fileSize": original.len(), "faces": [] }));
    }
}

#[test]
fn with_other_parameters_the_processed_image_is_described() {
    let photo = sample("astronaut-gps-orient6.jpg");
    for (query, format) in [
        ("width=100", OutputFormat::Jpeg),
        ("rotate=30&format=png", OutputFormat::Png),
        ("format=webp&strip_exif=true&height=50", OutputFormat::Webp),
    ] {
        let picture = ask(&photo, query).unwrap();
        assert_eq!(picture.format, format);
        let found = described(&photo, &format!("{query}&meta=true"));
        assert_eq!(found["fileSize"], picture.bytes.len());
        assert_eq!(found["width"], picture.size.width);
        assert_eq!(found["height"], picture.size.height);
        assert_eq!(found["mimeType"], format.media_type());
        assert_eq!(found["exif"] == json!({}), query.contains("strip_exif"), "{found:#}");
    }
}

#[test]
fn exif_of_a_photograph() {
    let found = &described(&sample("astronaut-gps-orient6.jpg"), "meta=true")["exif"];
    assert_eq!(found["Orientation"], 6);
    assert!(found["GPSLatitude"].as_str().unwrap().split(", ").all(|part| part.contains('/')), "{found:#}");
    let upright = &described(&sample("astronaut-gps-orient6.jpg"), "meta=true&width=50")["exif"];
    assert!(upright["Orientation"].is_null() || upright["Orientation"] == 1, "{upright:#}");
}

#[test]
fn jpeg_and_icc_blocks() {
    let china = described(&sample("china.jpg"), "meta=true&quality=80");
    assert_eq!(china["jpeg"], json!({ "colorspace": 2, "sampling-factor": "2x2,1x1,1x1" }));
    let fine = described(&sample("china.jpg"), "meta=true&quality=95");
    assert_eq!(fine["jpeg"], json!({ "colorspace": 2, "sampling-factor": "1x1,1x1,1x1" }));
    assert_eq!(described(&sample("astronaut-cmyk.jpg"), "meta=true")["jpeg"]["colorspace"], 4);
    let p3 = described(&sample("flower-p3.jpg"), "meta=true");
    assert!(p3["icc"]["description"].as_str().unwrap().contains("P3"), "{p3:#}");
    assert_eq!(described(&sample("flower-p3.jpg"), "meta=true&width=50")["icc"], Value::Null);
}

#[test]
fn the_dominant_colour_is_that_of_visible_pixels() {
    let colour = |original: &Bytes| described(original, "meta=true")["dominateColor"].clone();
    assert_eq!(colour(&png(&[0x4c, 0x71, 0x9f].repeat(40), 3)), "#4C719F");
    assert_eq!(colour(&png(&[[9; 30].as_slice(), &[200; 10]].concat(), 1)), "#090909");
    let hidden = [[255, 0, 0, 20].repeat(30), [0, 0, 255, 255].repeat(10)].concat();
    assert_eq!(colour(&png(&hidden, 4)), "#0000FF");
    assert_eq!(colour(&png(&[255, 0, 0, 0].repeat(30), 4)), Value::Null);
}

#[test]
fn image_data_is_included_as_base64() {
    let photo = sample("china.jpg");
    let data = |query: &str| {
        let found = described(&photo, query);
        Bytes::from(BASE64_STANDARD.decode(found["imageData"].as_str().unwrap()).unwrap())
    };
    assert_eq!(data("meta=true&include_image_data=true"), photo);
    let small = data("meta=true&include_image_data=true&width=60");
    assert_eq!(small, ask(&photo, "width=60").unwrap().bytes);
    assert_eq!(Picture::decode(&small).width, 60);
    assert_eq!(described(&photo, "meta=true")["imageData"], Value::Null);
}

#[test]
fn parameters_of_meta_are_ignored_without_it() {
    let picture = answer(&sample("china.jpg"), "width=20&face=true&include_image_data=true").unwrap();
    assert_eq!(picture.media, Media::Picture(OutputFormat::Jpeg));
}

#[test]
fn broken_images_are_not_described() {
    let kind = |original: &Bytes| answer(original, "meta=true").unwrap_err().kind();
    let photo = sample("china.jpg");
    assert_eq!(kind(&Bytes::from_static(b"text")), ErrorKind::Unsupported);
    assert_eq!(kind(&photo.slice(..photo.len() / 2)), ErrorKind::Undecodable);
}

#[test]
fn sizes_are_those_of_the_upright_image() {
    for name in ["quadrants-orient6.jpg", "astronaut-gps-orient6.jpg"] {
        let upright = ask(&sample(name), "format=png").unwrap().size;
        for query in ["meta=true", "meta=true&face=true"] {
            let found = described(&sample(name), query);
            assert_eq!(
                (found["width"].as_u64(), found["height"].as_u64()),
                (Some(upright.width.into()), Some(upright.height.into())),
                "{name} {query}"
            );
        }
        let lying = described(&sample(name), "autorotate=false&meta=true&strip_exif=true");
        assert_eq!(lying["width"], upright.height, "{name}: as it was asked for");
    }
}

#[test]
fn thin_images_are_described() {
    start();
    for (width, height) in [(225, 1), (1000, 4), (1200, 5), (2, 600), (6, 1200), (4000, 6)] {
        let pixels = vec![200; width as usize * height as usize * 3];
        let image = Image::from_pixels(&pixels, width, height, 3).unwrap();
        let jpeg = image.save_jpeg(80, JpegScan::Baseline, Subsample::Off, Keep::Nothing).unwrap();
        for query in ["meta=true", "format=jpeg&meta=true"] {
            let answer = answer(&jpeg, query);
            assert!(answer.is_ok(), "{width}x{height} {query}: {:?}", answer.err());
        }
    }
    for (width, height) in [("1000", "3.3"), ("1000.4", "3")] {
        let svg = format!(
            "<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}'><rect width='9' height='9'/></svg>"
        );
        let answer = answer(&svg.into(), "meta=true");
        assert!(answer.is_ok(), "{width}x{height}: {:?}", answer.err());
    }
}
