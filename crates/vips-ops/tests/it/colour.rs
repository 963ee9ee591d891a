//! Colours are converted correctly, whatever the colour space of the original.

use testkit::{Picture, sample};
use vips_ops::vips::{self, Keep, Palette, PngRows};

use crate::{ask, picture};

fn near(found: [u8; 4], expected: [u8; 4], tolerance: u8) -> bool {
    found.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= tolerance)
}

fn mean(picture: &Picture, band: usize) -> f64 {
    let sum: u64 = picture.rgba.iter().skip(band).step_by(4).map(|value| u64::from(*value)).sum();
    sum as f64 / (picture.rgba.len() / 4) as f64
}

#[test]
fn sixteen_bits_become_eight() {
    // the sample's values at x, y are 218x, 327y, 131(x+y) of 65535
    let answer = picture(&sample("gradient-16bit.png"), "format=png&strip_exif=true");
    for (x, y) in [(0, 0), (299, 0), (0, 199), (150, 100), (299, 199)] {
        let eight = |value: u32| (value / 257).min(255) as u8;
        let expected = [eight(218 * x), eight(327 * y), eight(131 * (x + y)), 255];
        assert!(near(answer.at(x, y), expected, 1), "{x},{y}: {:?} for {expected:?}", answer.at(x, y));
    }
    assert_eq!(picture(&sample("gradient-16bit.png"), "width=30&format=jpeg").width, 30);
}

#[test]
fn cmyk_becomes_rgb() {
    let original = picture(&sample("astronaut.png"), "width=128&format=png");
    let converted = picture(&sample("astronaut-cmyk.jpg"), "width=128&format=png");
    let difference = original.difference(&converted);
    assert!(difference.mean < 25.0, "{difference:?}");
    for band in 0..3 {
        assert!((mean(&original, band) - mean(&converted, band)).abs() < 25.0, "band {band}");
    }
}

#[test]
fn wide_gamut_is_converted_and_its_profile_removed() {
    let answer = ask(&sample("flower-p3.jpg"), "width=120&format=png").unwrap().bytes;
    let loader = vips::Loader::Png;
    let image = vips::Image::load(&answer, &loader, vips::Access::Random).unwrap();
    assert!(!image.has(c"icc-profile-data"));
    let raw = Picture::decode(&ask(&sample("flower-p3.jpg"), "width=120&format=png").unwrap().bytes);
    let stored = Picture::decode(&sample("flower-p3.jpg"));
    // sRGB needs larger values than Display P3 for the same saturated colour
    let spread = |picture: &Picture| mean(picture, 0) - mean(picture, 2);
    assert!(spread(&raw) > spread(&stored) + 2.0, "{} {}", spread(&raw), spread(&stored));
}

#[test]
fn greyscale_is_kept_unless_a_colour_is_painted() {
    let plain = picture(&sample("camera.png"), "width=60&format=png");
    assert!(plain.rgba.chunks_exact(4).all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2]));
    let framed = picture(&sample("camera.png"), "width=60&pad=5&pad_color=ff8000");
    assert_eq!(framed.at(0, 0), [255, 128, 0, 255]);
    let turned = picture(&sample("camera.png"), "width=60&rotate=30&pad_color=ff8000");
    assert_eq!(turned.at(0, 0), [255, 128, 0, 255]);
}

#[test]
fn transparency_is_kept_padded_and_flattened() {
    let logo = sample("pixmill-logo.png");
    assert_eq!(picture(&logo, "width=100").at(1, 1)[3], 0);
    assert_eq!(picture(&logo, "width=100&format=jpeg").at(1, 1), [255, 255, 255, 255]);
    assert_eq!(picture(&logo, "width=100&flatten&pad_color=00f").at(1, 1), [0, 0, 255, 255]);
    assert_eq!(picture(&logo, "width=100&flatten&pad_color=0000").at(1, 1), [255, 255, 255, 255]);
    let framed = picture(&logo, "width=100&pad=4&pad_color=red");
    assert_eq!((framed.at(0, 0), framed.at(6, 6)[3]), ([255, 0, 0, 255], 0));
    let clear = picture(&sample("china.jpg"), "width=100&pad=4&pad_color=0000&format=png");
    assert_eq!((clear.at(0, 0)[3], clear.at(50, 30)[3]), (0, 255));
    let half = picture(&sample("china.jpg"), "width=100&pad=4&pad_color=ff000080&format=png");
    assert!(near(half.at(0, 0), [255, 0, 0, 128], 1), "{:?}", half.at(0, 0));
}

#[test]
fn nothing_bleeds_out_of_transparent_pixels() {
    // red, opaque, beside green that is fully transparent: no green may show at the edge after scaling and blurring
    crate::start();
    let pixels: Vec<u8> = (0..64)
        .flat_map(|_| (0..64).flat_map(|x| if x < 32 { [255, 0, 0, 255] } else { [0, 255, 0, 0] }))
        .collect();
    let image = vips::Image::from_pixels(&pixels, 64, 64, 4).unwrap();
    let image = image.interpret(vips::Interpretation::Srgb).unwrap();
    let png = image.save_png(1, PngRows::Plain, Palette::Direct, Keep::Nothing).unwrap();
    for query in ["width=21", "blur=8", "width=100", "rotate=10&pad_color=0000"] {
        let answer = picture(&png, query);
        let green =
            answer.rgba.chunks_exact(4).filter(|pixel| pixel[3] > 20).map(|pixel| pixel[1]).max().unwrap();
        assert!(green < 30, "{query}: {green}");
    }
}
