//! `trim`: borders are detected by colour and opacity, exact to the pixel.

use bytes::Bytes;
use testkit::sample;
use vips_ops::vips::{Image, Interpretation, Keep, Palette, PngRows};

use crate::{ask, start};

const CLEAR: [u8; 4] = [0, 0, 0, 0];

/// A PNG of 60 × 40 of one colour, with a rectangle of 30 × 20 of another at 7 px from the left and 5 px from the top.
fn framed(inner: [u8; 4], border: [u8; 4]) -> Bytes {
    framed_by(inner, |_, _| border)
}

fn framed_by(inner: [u8; 4], border: impl Fn(u32, u32) -> [u8; 4]) -> Bytes {
    start();
    let is_inside = |x: u32, y: u32| (7..37).contains(&x) && (5..25).contains(&y);
    let pixels: Vec<u8> = (0..40)
        .flat_map(|y| (0..60).map(move |x| (x, y)))
        .flat_map(|(x, y)| if is_inside(x, y) { inner } else { border(x, y) })
        .collect();
    let image = Image::from_pixels(&pixels, 60, 40, 4).unwrap().interpret(Interpretation::Srgb).unwrap();
    image.save_png(1, PngRows::Plain, Palette::Direct, Keep::Nothing).unwrap()
}

fn size(original: &Bytes, query: &str) -> (u32, u32) {
    let size = ask(original, query).unwrap_or_else(|error| panic!("{query}: {error}")).size;
    (size.width, size.height)
}

#[test]
fn by_colour_and_opacity() {
    let (trimmed, whole) = ((30, 20), (60, 40));
    for (inner, border, colour, expected) in [
        // transparent: whatever the colour channels are, of border or content
        ([0, 0, 0, 255], CLEAR, "0000", trimmed),
        ([255, 0, 0, 255], [255, 0, 0, 0], "0000", trimmed),
        ([255, 255, 255, 255], [255, 255, 255, 0], "transparent", trimmed),
        ([0, 0, 0, 255], [9, 200, 30, 10], "0000", trimmed),
        ([0, 0, 0, 11], [0, 200, 0, 0], "0000", trimmed),
        ([0, 0, 0, 10], [0, 200, 0, 0], "0000", whole),
        ([255, 0, 0, 255], [0, 0, 0, 11], "0000", whole),
        ([255, 0, 0, 255], [0, 0, 0, 255], "0000", whole),
        // opaque: transparent counts as that colour
        ([0, 0, 0, 255], [0, 0, 0, 0], "white", trimmed),
        ([255, 0, 0, 255], [255, 255, 255, 128], "white", trimmed),
        ([255, 0, 0, 255], [0, 0, 0, 128], "white", whole),
        ([255, 0, 0, 255], [250, 245, 255, 255], "white", trimmed),
        ([255, 0, 0, 255], [250, 244, 255, 255], "white", whole),
        // partly transparent: its colour, no more opaque
        ([255, 0, 0, 255], [0, 0, 0, 128], "00000080", trimmed),
        ([255, 0, 0, 255], [0, 0, 0, 138], "00000080", trimmed),
        ([255, 0, 0, 255], [0, 0, 0, 139], "00000080", whole),
        ([255, 0, 0, 255], [0, 0, 0, 40], "00000080", trimmed),
        ([255, 0, 0, 255], [99, 99, 99, 0], "00000080", trimmed),
        ([255, 0, 0, 255], [40, 0, 0, 128], "00000080", whole),
        ([0, 0, 0, 255], [0, 0, 0, 128], "00000080", trimmed),
        ([40, 0, 0, 128], [0, 0, 0, 128], "00000080", trimmed),
    ] {
        let found = size(&framed(inner, border), &format!("trim=color&trim_color={colour}"));
        assert_eq!(found, expected, "{inner:?} in {border:?} by {colour}");
    }
}

#[test]
fn colours_under_transparent_pixels_do_not_matter() {
    let noise = |x: u32, y: u32| [(x * 37) as u8, (y * 91) as u8, (x * y) as u8, 0];
    for colour in ["0000", "white", "f0f", "00ff0080"] {
        let original = framed_by([10, 20, 30, 255], noise);
        assert_eq!(size(&original, &format!("trim=color&trim_color={colour}")), (30, 20), "{colour}");
        assert_eq!(
            size(&original, &format!("trim=color&trim_color={colour}&rotate=90")),
            (20, 30),
            "{colour}"
        );
    }
}

#[test]
fn opaque_images_have_no_transparent_border() {
    for source in ["coffee-bordered.png", "china.jpg", "camera.png", "gradient-16bit.png"] {
        assert_eq!(
            size(&sample(source), "trim=color&trim_color=0000"),
            size(&sample(source), ""),
            "{source}"
        );
    }
    let nothing = framed(CLEAR, CLEAR);
    assert_eq!(size(&nothing, "trim=color&trim_color=0000"), (60, 40), "all of it is border");
}

#[test]
fn grey_with_opacity() {
    start();
    let pixels: Vec<u8> = (0..20 * 20)
        .flat_map(|at| if at % 20 > 4 && at / 20 > 6 { [0, 255] } else { [(at % 256) as u8, 0] })
        .collect();
    let image = Image::from_pixels(&pixels, 20, 20, 2).unwrap().interpret(Interpretation::Grey).unwrap();
    let png = image.save_png(1, PngRows::Plain, Palette::Direct, Keep::Nothing).unwrap();
    for colour in ["0000", "white", "red"] {
        assert_eq!(size(&png, &format!("trim=color&trim_color={colour}")), (15, 13), "{colour}");
    }
}

/// A GIF of three frames of 40 × 30, each with a dark square at a different position.
fn moving() -> Bytes {
    start();
    let frame = |left: u32| -> Vec<u8> {
        (0..30u32)
            .flat_map(|y| (0..40u32).map(move |x| (x, y)))
            .flat_map(|(x, y)| {
                if (left..left + 8).contains(&x) && (10..20).contains(&y) { [20, 20, 20, 255] } else { CLEAR }
            })
            .collect()
    };
    let pixels: Vec<u8> = [4, 12, 25].into_iter().flat_map(frame).collect();
    let stack = Image::from_pixels(&pixels, 40, 90, 4).unwrap().interpret(Interpretation::Srgb).unwrap();
    let stack = stack
        .edit(|edit| {
            edit.set_int(c"page-height", 30);
            edit.set_ints(c"delay", &[100, 100, 100]);
        })
        .unwrap();
    stack.save_gif(1, 0.0, Keep::All).unwrap()
}

#[test]
fn an_animation_is_trimmed_where_every_frame_is_border() {
    for colour in ["0000", "white"] {
        let query = format!("trim=color&trim_color={colour}");
        assert_eq!(size(&moving(), &query), (29, 10), "{query}");
        assert_eq!(size(&moving(), &format!("{query}&format=webp")), (29, 10), "{query}");
        assert_eq!(
            size(&moving(), &format!("{query}&format=png")),
            (8, 10),
            "{query}: the first frame alone"
        );
    }
}
