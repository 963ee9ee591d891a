//! Orientation: EXIF, rotation and mirroring, on an image of four coloured quadrants.

use bytes::Bytes;
use testkit::{Picture, sample};
use vips_ops::vips;
use vips_ops::vips::{Image, JpegScan, Keep, Subsample};

use crate::{picture, start};

/// The colours of the four quadrants: top left, top right, bottom left, bottom right.
fn quarters(picture: &Picture) -> String {
    let (x, y) = (picture.width / 4, picture.height / 4);
    [(x, y), (3 * x, y), (x, 3 * y), (3 * x, 3 * y)].map(|(x, y)| name(picture.at(x, y))).concat()
}

fn name(pixel: [u8; 4]) -> &'static str {
    match pixel {
        [200..=255, 200..=255, 200..=255, _] => "w",
        [200..=255, 0..=60, 0..=60, _] => "r",
        [0..=60, 90..=255, 0..=60, _] => "g",
        [0..=60, 0..=60, 200..=255, _] => "b",
        _ => "?",
    }
}

/// Red and green above blue and white, stored with an orientation tag.
fn stored(tag: i32) -> Bytes {
    start();
    let colours = [[254, 0, 0], [0, 128, 0], [0, 0, 254], [254, 254, 254]];
    let pixels: Vec<u8> = (0..40)
        .flat_map(|y| (0..60).flat_map(move |x| colours[usize::from(y >= 20) * 2 + usize::from(x >= 30)]))
        .collect();
    let image = Image::from_pixels(&pixels, 60, 40, 3).unwrap();
    let tagged = image.edit(|edit| edit.set_int(c"orientation", tag)).unwrap();
    tagged.save_jpeg(95, JpegScan::Baseline, Subsample::Off, Keep::All).unwrap()
}

#[test]
fn every_exif_orientation_becomes_upright() {
    // what a viewer shows for the stored rows by the EXIF standard
    for (tag, expected) in [
        (1, "rgbw"),
        (2, "grwb"),
        (3, "wbgr"),
        (4, "bwrg"),
        (5, "rbgw"),
        (6, "brwg"),
        (7, "wgbr"),
        (8, "gwrb"),
    ] {
        for query in ["quality=95", "width=30&height=30&crop=stretch", "blur=0.1"] {
            let answer = picture(&stored(tag), query);
            assert_eq!(quarters(&answer), expected, "{tag} {query}");
        }
        assert_eq!(quarters(&picture(&stored(tag), "autorotate=false&quality=95")), "rgbw", "{tag}");
    }
}

#[test]
fn an_applied_orientation_tag_is_removed() {
    for (query, expected) in [("width=30", None), ("width=30&autorotate=false", Some(6))] {
        let answer = crate::ask(&stored(6), query).unwrap().bytes;
        let loader = vips::Loader::Jpeg { shrink: 1 };
        let image = Image::load(&answer, &loader, vips::Access::Random).unwrap();
        assert_eq!(image.int(c"orientation").filter(|tag| *tag != 1), expected, "{query}");
    }
}

#[test]
fn right_angle_rotations_and_mirrors() {
    for (query, expected) in [
        ("rotate=90", "brwg"),
        ("rotate=180", "wbgr"),
        ("rotate=-90", "gwrb"),
        ("angle=90", "gwrb"),
        ("rotate=270&angle=180", "brwg"),
        ("flip=true", "grwb"),
        ("rotate=180&flip=true", "bwrg"),
        ("rotate=90&flip=true", "rbgw"),
        ("rotate=90&width=20&height=20&crop=stretch", "brwg"),
    ] {
        assert_eq!(quarters(&picture(&stored(1), &format!("{query}&quality=95"))), expected, "{query}");
    }
}

#[test]
fn a_crop_refers_to_the_upright_image() {
    let answer = picture(&sample("quadrants-orient6.jpg"), "crop=0,0,100,100");
    assert_eq!(name(answer.at(50, 50)), "b");
    let answer = picture(&sample("quadrants-orient6.jpg"), "width=100&height=50&crop=bottom");
    assert_eq!((name(answer.at(10, 40)), name(answer.at(90, 40))), ("w", "g"));
}

#[test]
fn free_rotations_are_clockwise_and_fill_corners() {
    let answer = picture(&stored(1), "rotate=20&pad_color=black&quality=95&format=png");
    assert_eq!(answer.at(0, 0), [0, 0, 0, 255]);
    // clockwise: the top left corner of the image moves to the right along the top edge
    let top = (0..answer.width).find(|x| answer.at(*x, 1) != [0, 0, 0, 255]).unwrap();
    assert!(top < answer.width / 2 && top > 5, "{top} of {}", answer.width);
    let clear = picture(&stored(1), "rotate=20&pad_color=0000&format=png");
    assert_eq!(clear.at(0, 0)[3], 0);
    let mirrored = picture(&stored(1), "rotate=20&flip&pad_color=black&format=png");
    assert_eq!(mirrored.at(answer.width - 1 - top, 1)[3], 255);
    assert_ne!(mirrored.at(answer.width - 1 - top - 1, 2), [0, 0, 0, 255]);
}
