//! Overlays: position, size and opacity of images and texts drawn over the image.

use bytes::Bytes;
use image_api::font::families::FAMILIES;
use image_api::{Accept, Params, Settings, params::value::url::url, settings::Limits};
use proptest::prelude::*;
use testkit::{Picture, sample};
use vips_ops::{
    Assets, Error, process,
    vips::{Deadline, Image, Interpretation, Keep, Palette, PngRows},
};

use crate::start;

/// An image of one colour.
fn plain(width: u32, height: u32, colour: &[u8]) -> Bytes {
    start();
    let pixels = colour.repeat((width * height) as usize);
    let image = Image::from_pixels(&pixels, width, height, colour.len() as u32).unwrap();
    let meaning = if colour.len() > 2 { Interpretation::Srgb } else { Interpretation::Grey };
    let image = image.interpret(meaning).unwrap();
    image.save_png(1, PngRows::Plain, Palette::Direct, Keep::Nothing).unwrap()
}

/// The output for a white image of 200 × 100, with the overlays `/red.png` of 30 × 30 and `/wide.png` of 80 × 20.
fn over(base: &Bytes, query: &str) -> Result<Picture, Error> {
    let mut assets = Assets::default();
    let mut add = |name: &str, bytes| assets.insert(url(name).unwrap().value, bytes);
    add("/red.png", plain(30, 30, &[255, 0, 0]));
    add("/wide.png", plain(80, 20, &[0, 0, 255]));
    add("/text.txt", Bytes::from_static(b"no picture"));
    let params = Params::parse(query).unwrap().params;
    let never = Deadline::never();
    let answer =
        process(&params, base, &assets, Accept::default(), &Settings::default(), &never, &mut |_| ())?;
    Ok(Picture::decode(&answer.bytes))
}

fn on_white(query: &str) -> Picture {
    over(&plain(200, 100, &[255, 255, 255]), query).unwrap_or_else(|error| panic!("{query}: {error}"))
}

/// The bounding box of what is not white: left, top, width and height.
fn ink(picture: &Picture) -> Option<(u32, u32, u32, u32)> {
    let inked = |x: &u32, y: &u32| picture.at(*x, *y)[..3] != [255, 255, 255];
    let columns = (0..picture.width).filter(|x| (0..picture.height).any(|y| inked(x, &y)));
    let rows = (0..picture.height).filter(|y| (0..picture.width).any(|x| inked(&x, y)));
    let (columns, rows): (Vec<_>, Vec<_>) = (columns.collect(), rows.collect());
    let (left, right) = (*columns.first()?, *columns.last()?);
    let (top, bottom) = (*rows.first()?, *rows.last()?);
    Some((left, top, right - left + 1, bottom - top + 1))
}

#[test]
fn watermarks_have_the_requested_position() {
    for (query, expected) in [
        ("mark=/red.png", (85, 35, 30, 30)),
        ("mark=/red.png&mark_pos=top", (85, 0, 30, 30)),
        ("mark=/red.png&mark_pos=right|bottom", (170, 70, 30, 30)),
        ("mark=/red.png&mark_pos=left+center", (0, 35, 30, 30)),
        ("mark=/red.png&mark_pos=top,left&mark_offset=10", (20, 10, 30, 30)),
        ("mark=/red.png&mark_scale=60", (85, 35, 30, 30)),
        ("mark=/red.png&mark_scale=60&mark_upscale=true", (70, 20, 60, 60)),
        ("mark=/wide.png&mark_scale=20", (90, 47, 20, 5)),
        ("mark=/wide.png&width=40", (0, 5, 40, 10)),
        ("mark=/red.png&pad=10", (95, 45, 30, 30)),
    ] {
        assert_eq!(ink(&on_white(query)), Some(expected), "{query}");
    }
}

#[test]
fn layers_have_the_requested_position_and_order() {
    for (layers, expected) in [
        (r#"[{"url":"/red.png","scale":50}]"#, (75, 25, 50, 50)),
        (r#"[{"url":"/red.png","upscale":false,"pos":"bottom,left","offset":4}]"#, (4, 66, 30, 30)),
        (r#"[{"url":"/wide.png","scale":50,"angle":90}]"#, (93, 25, 13, 50)),
        (r#"[{"url":"/red.png","scale":30,"x":190,"y":-10}]"#, (190, 0, 10, 20)),
    ] {
        assert_eq!(ink(&on_white(&format!("layers={layers}"))), Some(expected), "{layers}");
    }
    let both =
        on_white(r#"layers=[{"url":"/red.png"},{"url":"/wide.png","scale":20}]&mark=/red.png&mark_scale=3"#);
    assert_eq!(both.at(60, 50), [255, 0, 0, 255]);
    assert_eq!(both.at(85, 50), [0, 0, 255, 255]);
    assert_eq!(both.at(100, 50), [255, 0, 0, 255]);
    assert_eq!(ink(&on_white(r#"layers=[{"url":"/red.png","x":300}]"#)), None);
}

#[test]
fn a_rotated_overlay_has_transparent_corners() {
    let turned = on_white(r#"layers=[{"url":"/red.png","angle":45}]"#);
    let (left, top, width, height) = ink(&turned).unwrap();
    assert!(
        (96..=100).contains(&width) && (96..=100).contains(&height) && top <= 2,
        "{left} {width} {height}"
    );
    assert_eq!(turned.at(left + 2, top + 2), [255, 255, 255, 255]);
    assert_eq!(turned.at(100, 50), [255, 0, 0, 255]);
}

#[test]
fn opacity_blends() {
    for (percent, expected) in [("100", 0), ("true", 0), ("50", 127), ("20", 204), ("0", 255)] {
        let green = on_white(&format!("mark=/red.png&mark_alpha={percent}")).at(100, 50)[1];
        assert!(green.abs_diff(expected) <= 1, "{percent}: {green}");
    }
    let layer = on_white(r#"layers=[{"url":"/red.png","alpha":"50"}]"#).at(100, 50);
    assert!(layer[1].abs_diff(127) <= 1 && layer[0] == 255, "{layer:?}");
}

#[test]
fn every_colour_space_supports_overlays() {
    let grey = over(&plain(50, 50, &[200]), "mark=/red.png").unwrap();
    assert_eq!((grey.at(25, 25), grey.at(2, 2)), ([255, 0, 0, 255], [200, 200, 200, 255]));
    let clear = over(&plain(50, 50, &[9, 9, 9, 0]), "mark=/red.png&mark_alpha=40").unwrap();
    assert_eq!(clear.at(2, 2)[3], 0);
    let shown = clear.at(25, 25);
    assert!(shown[0] == 255 && shown[1] == 0 && shown[3].abs_diff(102) <= 1, "{shown:?}");
    let moving = over(&sample("mill.gif"), "mark=/red.png&width=100&mark_pos=top,left").unwrap();
    assert_eq!(moving.frames, 12);
    for frame in 0..12 {
        let at = moving.at(10, frame * (moving.height / 12) + 10);
        assert!(at[0] > 240 && at[1] < 10 && at[3] == 255, "{frame}: {at:?}");
    }
    let photo = over(&sample("china.jpg"), "mark=/red.png&width=100").unwrap();
    assert!(photo.at(50, 33)[0] > 240 && photo.at(50, 33)[1] < 16, "{:?}", photo.at(50, 33));
}

#[test]
fn missing_or_broken_overlays_are_omitted_unless_required() {
    for name in ["/none.png", "/text.txt"] {
        assert_eq!(ink(&on_white(&format!("mark={name}"))), None);
        let base = plain(20, 20, &[255, 255, 255]);
        let required = over(&base, &format!("mark={name}&mark_required=true"));
        assert!(matches!(required, Err(Error::Overlay(_))), "{name}");
        let layer = over(&base, &format!("layers=[{{\"url\":\"{name}\",\"required\":true}}]"));
        assert!(matches!(layer, Err(Error::Overlay(_))), "{name}");
    }
}

#[test]
fn all_overlays_together_are_bounded() {
    let limits = Limits { max_pixels: 30_000, ..Limits::default() };
    let settings = Settings { limits, ..Settings::default() };
    let one = r#"{"url":"/pixmill-logo.png"}"#;
    let ask = |layers: String| {
        crate::ask_with(
            &plain(150, 150, &[255; 3]),
            &format!("layers=[{layers}]"),
            Accept::default(),
            &settings,
        )
    };
    // the sample itself exceeds this limit, a text does not
    assert!(ask(one.to_owned()).unwrap().lacks_overlays);
    let text = r#"{"text":"MMM\nMMM\nMMM"}"#;
    assert!(!ask(text.to_owned()).unwrap().lacks_overlays);
    assert!(matches!(ask([text; 6].join(",")), Err(Error::OverLimit(_))));
}

fn written(text: &str, keys: &str) -> Picture {
    let text = text.replace('"', "\\\"").replace('\n', "\\n").replace('%', "%25").replace('&', "%26");
    on_white(&format!("layers=[{{\"text\":\"{text}\"{keys}}}]"))
}

#[test]
fn text_has_the_requested_size() {
    for (keys, width, height) in [
        ("", 200, 100),
        (",\"scale\":50", 100, 50),
        (",\"scale\":50,\"font\":\"90\"", 100, 50),
        (",\"upscale\":false,\"font\":\"10\"", 60, 14),
    ] {
        let (_, _, wide, high) = ink(&written("Hamburg", keys)).unwrap();
        assert!(wide <= width && high <= height, "{keys}: {wide} × {high}");
        assert!(wide * 10 >= width * 6 || high * 10 >= height * 6, "{keys}: {wide} × {high}");
    }
    let (left, top, ..) =
        ink(&written("Hamburg", ",\"scale\":30,\"pos\":\"top,left\",\"offset\":10")).unwrap();
    assert!((10..16).contains(&left) && (10..25).contains(&top), "{left} {top}");
}

#[test]
fn text_has_its_colour_and_is_never_markup() {
    let red = written("MMMM", ",\"color\":\"red\"");
    let has = |picture: &Picture, wanted: fn(&[u8]) -> bool| picture.rgba.chunks_exact(4).any(wanted);
    assert!(has(&red, |pixel| pixel == [255, 0, 0, 255]));
    let half = written("MMMM", ",\"color\":\"ff000080\"");
    assert!(has(&half, |pixel| pixel[0] == 255 && pixel[1].abs_diff(127) <= 2));
    assert!(!has(&half, |pixel| pixel[1] < 120));
    // tags would be invisible, and an unclosed one an error
    let plain = ink(&written("bb", ",\"upscale\":false")).unwrap();
    let tagged = ink(&written("<b>bb</i> & <span", ",\"upscale\":false")).unwrap();
    assert!(tagged.2 > 3 * plain.2, "{tagged:?} {plain:?}");
}

#[test]
fn every_script_is_rendered() {
    for text in [
        "Grüße, Žluťoučký",
        "Привет",
        "Ελληνικά",
        "שלום עולם",
        "مرحبا",
        "a\nb",
        "→ ∑ ½",
        "\u{202e}abc",
        "x\u{301}",
    ] {
        assert!(ink(&written(text, "")).is_some(), "{text}");
    }
    // from right to left: the first letter of the text is the rightmost
    let first = |text: &str| {
        let (left, _, width, _) = ink(&written(text, ",\"color\":\"black\"")).unwrap();
        (left, width)
    };
    assert!(first("שלום").1 > 50);
    for text in ["", " ", "\n", "\u{200b}", "\0"] {
        written(&text.replace('\0', ""), "");
    }
}

#[test]
fn styles_and_families_differ() {
    let fonts =
        ["Arial 20", "Arial Bold 20", "Arial Italic 20", "Times 20", "Courier New 20", "DejaVu Sans 20"];
    let pictures = fonts.map(|font| written("Quartz 7", &format!(",\"font\":\"{font}\"")).rgba);
    for (index, picture) in pictures.iter().enumerate() {
        let same = pictures.iter().position(|other| other == picture);
        assert_eq!(same, Some(index), "{}", fonts[index]);
    }
    let plain = written("Quartz 7", "").rgba;
    assert_eq!(written("Quartz 7", ",\"font\":\"No Such Font\"").rgba, plain);
    assert_eq!(pictures[0], plain);
}

#[test]
fn every_listed_font_family_renders() {
    for family in FAMILIES {
        assert!(
            ink(&written("Abg", &format!(",\"font\":\"{} 20\"", family.name))).is_some(),
            "{}",
            family.name
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn any_text_in_any_font_is_rendered_or_omitted(
        text in "\\PC{0,40}", font in "[ -~]{0,30}", scale in 1..200u32, angle in 0..360u32,
    ) {
        let layer = serde_json::json!([{ "text": text, "font": font, "scale": scale, "angle": angle }]);
        let mut query = "layers=".to_owned();
        image_api::escape::escape(&layer.to_string(), &mut query);
        on_white(&query);
    }
}

#[test]
fn the_longest_and_the_widest_texts_are_rendered() {
    for sign in ["W", "\u{fdfd}", "\n", "e\u{301}\u{316}"] {
        let text = sign.repeat(1000 / sign.chars().count());
        let layer = serde_json::json!([{ "text": text, "font": "1000" }]);
        let mut query = "layers=".to_owned();
        image_api::escape::escape(&layer.to_string(), &mut query);
        on_white(&query);
    }
}

#[test]
fn font_styles_are_recognised_in_every_spelling() {
    // families that are bundled or in packages of vendor.sh, so that they are available on every machine
    for (one, other, is_same) in [
        ("Georgia", "Georgia bold", false),
        ("Georgia", "Georgia italic", false),
        ("Georgia", "Playfair Display", false),
        ("Georgia-BoldItalic", "Georgia bold italic", true),
        ("Comic Sans MS", "Comic Sans MS bold", false),
        ("Courier 10 Pitch", "Courier 10 Pitch bold", false),
        ("Arial Black", "Impact", false),
        ("PlayfairDisplay-Bold", "Playfair Display Bold", true),
    ] {
        let drawn = |font: &str| written("Hamburg", &format!(",\"scale\":90,\"font\":\"{font}\""));
        assert_eq!(drawn(one) == drawn(other), is_same, "{one} and {other}");
    }
}
