//! Cover crops of banners and panoramas: limits apply to the output only, which equals a crop of the fully scaled
//! image.

use bytes::Bytes;
use testkit::Picture;
use vips_ops::vips::{Image, Keep, Palette, PngRows};

use crate::{ask, picture, start};

/// An image whose red encodes the distance from the left and whose green the distance from the top, with sharp edges in
/// blue.
fn chart(width: u32, height: u32) -> Bytes {
    start();
    let part = |at: u32, whole: u32| (u64::from(at) * 255 / u64::from(whole.max(2) - 1)) as u8;
    let pixel = |x: u32, y: u32| {
        [part(x, width), part(y, height), if (x / 9 + y / 7).is_multiple_of(2) { 40 } else { 215 }]
    };
    let pixels: Vec<u8> = (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y))).collect();
    let image = Image::from_pixels(&pixels, width, height, 3).unwrap();
    image.save_png(1, PngRows::Plain, Palette::Direct, Keep::Nothing).unwrap()
}

#[test]
fn limits_apply_to_the_output_only() {
    for ((width, height), query, expected) in [
        ((728, 90), "width=1600&height=1600&crop=fit", (1600, 1600)),
        ((728, 90), "width=1600&height=1600&crop=entropy", (1600, 1600)),
        ((90, 728), "width=2000&height=1000&crop=bottom", (2000, 1000)),
        ((16_000, 120), "width=200&height=200&crop=fit", (200, 200)),
        ((16_000, 1200), "width=1000&height=1000&crop=top", (1000, 1000)),
        ((3, 9000), "width=1200&height=1200&crop=fit", (1200, 1200)),
        ((1, 60_000), "width=2000&height=2000&crop=fit&rotate=90", (2000, 2000)),
        ((60_000, 1), "width=300&height=4000&crop=bottom", (300, 4000)),
        ((728, 90), "width=800&height=800&crop=fit&dpr=2&flip=true", (1600, 1600)),
        ((728, 90), "width=60000&crop=40000,center,500,400", (500, 400)),
    ] {
        let answer = ask(&chart(width, height), &format!("{query}&format=jpeg"));
        let answer = answer.unwrap_or_else(|error| panic!("{query}: {error}"));
        let decoded = Picture::decode(&answer.bytes);
        assert_eq!((decoded.width, decoded.height), expected, "{query}");
    }
}

/// A part of an image.
fn part(whole: &Picture, left: u32, top: u32, width: u32, height: u32) -> Vec<[u8; 4]> {
    (top..top + height)
        .flat_map(|y| (left..left + width).map(move |x| (x, y)))
        .map(|(x, y)| whole.at(x, y))
        .collect()
}

fn mean_distance(one: &[[u8; 4]], other: &[[u8; 4]]) -> f64 {
    let levels = |(a, b): (&[u8; 4], &[u8; 4])| {
        a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / 4.0
    };
    one.iter().zip(other).map(levels).sum::<f64>() / one.len() as f64
}

#[test]
fn a_cover_crop_equals_a_crop_of_the_fully_scaled_image() {
    let banner = chart(728, 90);
    for (turn, whole, cover, (left, top)) in [
        ("", "height=500", "width=500&height=500&crop=fit", (1772, 0)),
        ("&rotate=90", "width=300", "width=300&height=400&crop=fit", (0, 1013)),
        ("&rotate=180", "height=500", "width=500&height=500&crop=top", (1772, 0)),
        ("&rotate=270&flip=true", "width=300", "width=300&height=400&crop=bottom", (0, 2027)),
        ("", "width=364", "width=20&height=45&crop=fit", (172, 0)),
    ] {
        let whole = picture(&banner, &format!("{whole}{turn}&format=png"));
        let kept = picture(&banner, &format!("{cover}{turn}&format=png"));
        let expected = part(&whole, left, top, kept.width, kept.height);
        let distance = mean_distance(&part(&kept, 0, 0, kept.width, kept.height), &expected);
        assert!(distance < 0.05, "{cover}{turn}: {distance}");
    }
}

#[test]
fn a_crop_before_scaling_has_the_right_position() {
    // scaled beyond the range of the resampler's coordinates
    let strip = chart(20_000, 2);
    let kept = picture(&strip, "width=400&height=400&crop=fit&format=png");
    // the central two pixels of 20,000: half way from black to red, and from black to green from top to bottom
    let middle = kept.at(200, 200);
    assert!(middle[0].abs_diff(127) <= 1 && middle[1].abs_diff(127) <= 4, "{middle:?}");
    let beginning = picture(&chart(2, 20_000), "width=400&height=400&crop=top&format=png");
    assert!(beginning.at(200, 0)[1] <= 1 && beginning.at(399, 399)[0] >= 250, "{:?}", beginning.at(399, 399));
}
