//! `crop=zoom` shows nothing of the blank corners of a rotated image.

use bytes::Bytes;
use testkit::sample;
use vips_ops::vips::{Image, Interpretation, Keep, Palette, PngRows};

use crate::{picture, start};

/// An image of one colour.
fn plain(width: u32, height: u32, colour: &[u8]) -> Bytes {
    start();
    let pixels = colour.repeat((width * height) as usize);
    let image = Image::from_pixels(&pixels, width, height, colour.len() as u32).unwrap();
    let image = image.interpret(Interpretation::Srgb).unwrap();
    image.save_png(1, PngRows::Plain, Palette::Direct, Keep::Nothing).unwrap()
}

#[test]
fn no_corner_colour_is_visible_at_any_size() {
    for (width, height) in [(100, 100), (101, 64), (64, 101), (333, 47), (40, 39)] {
        for colour in [&[30, 90, 200][..], &[30, 90, 200, 255]] {
            let original = plain(width, height, colour);
            for degrees in [-44.9, -30.0, -1.5, 0.3, 5.0, 12.0, 33.3, 45.0, 80.0, 135.0] {
                for target in ["", "&width=37", "&width=90", "&width=53&height=41", "&width=150"] {
                    for pad in ["f00", "0000"] {
                        let query = format!("rotate={degrees}&crop=zoom&pad_color={pad}{target}&format=png");
                        let answer = picture(&original, &query);
                        for pixel in answer.rgba.chunks_exact(4) {
                            let near =
                                pixel.iter().zip([30u8, 90, 200, 255]).all(|(a, b)| a.abs_diff(b) <= 1);
                            assert!(near, "{width} × {height} {query}: {pixel:?}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn pad_color_makes_no_difference() {
    for query in
        ["rotate=12&crop=zoom&width=240", "rotate=45&crop=zoom", "rotate=-7&crop=zoom&width=100&height=100"]
    {
        let with = |pad: &str| picture(&sample("china.jpg"), &format!("{query}&format=png&pad_color={pad}"));
        let (red, clear) = (with("f00"), with("0000"));
        assert!(red == clear, "{query}: {:?}", red.difference(&clear));
    }
}
