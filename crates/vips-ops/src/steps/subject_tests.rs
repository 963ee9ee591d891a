//! Windows in photographs and in synthetic images.

use testkit::{Picture, sample};
use vips::{Interpretation, Vips};

use super::*;

/// A sample image, scaled to a height of `height` pixels.
fn photo(name: &str, height: u32) -> Image {
    Vips::start(vips::Settings::default()).unwrap();
    let Picture { width, height: stored, rgba, .. } = Picture::decode(&sample(name));
    let image = Image::from_pixels(&rgba, width, stored, 4).unwrap();
    let image = image.interpret(Interpretation::Srgb).unwrap();
    resize::to(&image, Size { width: width * height / stored, height }).unwrap()
}

/// A striped disc of radius 20 on a soft grey gradient.
fn disc(size: Size, (x, y): (i32, i32)) -> Image {
    Vips::start(vips::Settings::default()).unwrap();
    let pixel = |column: i32, row: i32| -> [u8; 3] {
        let (right, down) = (column - x, row - y);
        if right * right + down * down > 400 {
            [120 + (column / 8) as u8 % 60; 3]
        } else if (right + down).rem_euclid(12) < 6 {
            [200, 60, 40]
        } else {
            [240, 220, 90]
        }
    };
    let pixels: Vec<u8> = (0..size.height as i32)
        .flat_map(|row| (0..size.width as i32).flat_map(move |column| pixel(column, row)))
        .collect();
    let image = Image::from_pixels(&pixels, size.width, size.height, 3).unwrap();
    image.interpret(Interpretation::Srgb).unwrap()
}

#[test]
fn a_subject_is_kept_whole_wherever_it_is() {
    for at in (24..400).step_by(17) {
        for length in [60, 90, 133, 200] {
            let across = window(
                &disc(Size { width: 424, height: 100 }, (at, 50)),
                Size { width: length, height: 100 },
            );
            let down = window(
                &disc(Size { width: 100, height: 424 }, (50, at)),
                Size { width: 100, height: length },
            );
            for (start, name) in [(across.unwrap().left, "across"), (down.unwrap().top, "down")] {
                let (first, last) = (start as i32, (start + length) as i32);
                assert!(first <= at - 20 && last >= at + 20, "{name}: {at} in {first} to {last}");
                let spare = first > 0 && last < 424 && length >= 90;
                let rim = (at - first).min(last - at);
                assert!(!spare || rim >= 24, "{name}: {at} at the rim of {first} to {last}");
            }
        }
    }
}

#[test]
fn without_a_subject_the_window_is_near_the_centre() {
    Vips::start(vips::Settings::default()).unwrap();
    let flat = Image::from_pixels(&vec![90; 300 * 200 * 3], 300, 200, 3).unwrap();
    let flat = flat.interpret(Interpretation::Srgb).unwrap();
    assert_eq!(window(&flat, Size { width: 100, height: 200 }).unwrap().left, 100);
    assert!((30..=50).contains(&window(&flat, Size { width: 300, height: 100 }).unwrap().top));
    let clear = Image::from_pixels(&vec![0; 300 * 200 * 4], 300, 200, 4).unwrap();
    let clear = clear.interpret(Interpretation::Srgb).unwrap();
    assert_eq!(window(&clear, Size { width: 100, height: 200 }).unwrap().left, 100);
}

#[test]
fn windows_in_photographs_contain_the_subject() {
    // the start of the window in thousandths of the side, per aspect ratio
    for (name, (across, down), starts) in [
        // the pavilion with its whole spire
        ("china.jpg", (400, 1000), 80..190),
        ("china.jpg", (1000, 500), 0..80),
        // the rocket, not at the edge
        ("rocket.jpg", (333, 1000), 280..400),
        ("rocket.jpg", (220, 1000), 340..460),
        // the whole face
        ("astronaut.png", (1000, 333), 0..45),
        ("astronaut.png", (500, 1000), 150..320),
        ("grace_hopper.jpg", (1000, 400), 100..240),
        // the whole flower
        ("flower.jpg", (1000, 500), 130..230),
        ("flower.jpg", (450, 1000), 200..300),
        ("chelsea.png", (1000, 400), 60..320),
    ] {
        for height in [120, 300, 427] {
            let image = photo(name, height);
            let part = |side: u32, part: u32| side * part / 1000;
            let size = Size { width: part(image.width(), across), height: part(image.height(), down) };
            let found = window(&image, size).unwrap();
            let start = if across < 1000 {
                found.left * 1000 / image.width()
            } else {
                found.top * 1000 / image.height()
            };
            assert!(starts.contains(&start), "{name} {across} × {down} at {height}: {start}");
        }
    }
}

#[test]
fn every_aspect_ratio_is_supported() {
    for (width, height) in [(1, 1), (2, 300), (300, 2), (9, 4000), (4000, 9), (7, 7)] {
        let image = disc(Size { width, height }, (3, 3));
        for size in [Size { width, height }, Size { width: 1, height: 1 }] {
            let found = window(&image, size).unwrap();
            assert!(found.left + found.width <= width && found.top + found.height <= height, "{found}");
        }
    }
}
