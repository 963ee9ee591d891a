//! Tone, colour and presets compared with the reference formulas, computed by another program.
//!
//! Each file in `tests/reference` is a stack of images of one size: a photograph, and below it the photograph after
//! each of `CASES`, computed in floating point by the formulas of the design.

use bytes::Bytes;
use testkit::Picture;
use vips_ops::vips::{Access, Image, Interpretation, Keep, Loader, Palette, PngRows};

use crate::{ask, picture, start};

/// Mean distance in 8-bit levels that rounding between passes may cause.
const TOLERANCE: f64 = 1.5;

const CASES: [&str; 22] = [
    "auto_fix=1",
    "auto_level=1",
    "fill_flash=1",
    "fill_flash=0.5",
    "shadow=1",
    "shadow=-1",
    "highlights=1",
    "highlights=-1",
    "vibrance=1",
    "vibrance=-1",
    "warmth=1",
    "warmth=-1",
    "saturation=1",
    "saturation=-0.5",
    "gamma=1",
    "gamma=-1",
    "brightness=0.3",
    "brightness=-0.3",
    "contrast=0.4",
    "contrast=-0.4",
    "colorize=1e78dc&colorize_intensity=60",
    "colorize=1e78dc&colorize_intensity=100",
];

const LOOKS: usize = 20;

fn png(image: &Image) -> Bytes {
    image.save_png(1, PngRows::Plain, Palette::Direct, Keep::Nothing).unwrap()
}

#[test]
fn results_match_the_reference_formulas() {
    start();
    let looks = (1..=LOOKS).map(|look| format!("filter={look}"));
    let cases: Vec<String> = CASES.map(str::to_owned).into_iter().chain(looks).collect();
    let mut wrong = Vec::new();
    for name in ["china", "astronaut", "rocket"] {
        let path = format!("{}/tests/reference/{name}.png", env!("CARGO_MANIFEST_DIR"));
        let stack = Bytes::from(std::fs::read(path).unwrap());
        let stack = Image::load(&stack, &Loader::Png, Access::Random).unwrap();
        let height = stack.height() / (cases.len() as u32 + 1);
        let tile = |index: u32| stack.extract_area(0, index * height, stack.width(), height).unwrap();
        let photo = png(&tile(0));
        for (index, query) in cases.iter().enumerate() {
            let difference = picture(&photo, query).difference(&Picture::of(&tile(index as u32 + 1)));
            // alpha is the same everywhere and must not lower the mean
            let mean = difference.mean * 4.0 / 3.0;
            if mean > TOLERANCE {
                wrong.push(format!("{name} {query}: {mean:.2}, worst {}", difference.worst));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn neutral_values_change_nothing() {
    let neutral = "brightness=0&contrast=0&gamma=0&highlights=0&shadow=0&saturation=0&vibrance=0&warmth=0&fill_flash=0\
                   &blur=0&sharp_amount=0&auto_fix=false&auto_level=0";
    let params = image_api::Params::parse(&format!("width=50&{neutral}")).unwrap().params;
    assert_eq!(params.canonical(), "width=50");
    let plain = ask(&testkit::sample("china.jpg"), "width=50").unwrap().bytes;
    assert_eq!(ask(&testkit::sample("china.jpg"), &format!("width=50&{neutral}")).unwrap().bytes, plain);
}

#[test]
fn alpha_is_never_changed() {
    let logo = testkit::sample("pixmill-logo.png");
    let alpha =
        |query: &str| -> Vec<u8> { picture(&logo, query).rgba.iter().skip(3).step_by(4).copied().collect() };
    let plain = alpha("width=80");
    for case in CASES.iter().copied().chain(["filter=3", "filter=16", "sharp_amount=80"]) {
        assert_eq!(alpha(&format!("width=80&{case}")), plain, "{case}");
    }
}

#[test]
fn greyscale_images_become_coloured() {
    let answer = picture(&testkit::sample("camera.png"), "width=40&filter=sepia");
    assert!(answer.rgba.chunks_exact(4).filter(|pixel| pixel[0] > pixel[2].saturating_add(10)).count() > 500);
}

#[test]
fn animations_are_corrected_by_their_first_frame() {
    // a second frame with another lightness must be shifted like the first one, not to the same result
    start();
    let frame =
        |base: u8| (0..64u8).flat_map(move |at| [base + at, base + at, base + at]).collect::<Vec<u8>>();
    let stack = Image::from_pixels(&[frame(20), frame(60)].concat(), 8, 16, 3).unwrap();
    let stack = stack.interpret(Interpretation::Srgb).unwrap().edit(|edit| {
        edit.set_int(c"page-height", 8);
        edit.set_ints(c"delay", &[50, 50]);
    });
    let webp = stack.unwrap().save_webp(100, 4, Keep::All).unwrap();
    let answer = picture(&webp, "auto_fix=true&format=webp&quality=100");
    assert_eq!(answer.frames, 2);
    assert!(answer.at(4, 12)[0] > answer.at(4, 4)[0] + 30, "{:?} {:?}", answer.at(4, 12), answer.at(4, 4));
}

#[test]
fn sharpening_sharpens_and_blurring_blurs() {
    let spread = |query: &str| {
        let answer = picture(&testkit::sample("chelsea.png"), query);
        let rows = answer.rgba.chunks_exact(answer.width as usize * 4);
        rows.flat_map(|row| row.windows(5).step_by(4).map(|pair| u64::from(pair[0].abs_diff(pair[4]))))
            .sum::<u64>()
    };
    let (plain, blurred, sharp) =
        (spread("width=150"), spread("width=150&blur=6"), spread("width=150&sharp_amount=60"));
    assert!(blurred * 2 < plain && sharp * 10 > plain * 13, "{blurred} {plain} {sharp}");
    assert!(spread("width=150&sharp_amount=60&sharp_radius=40") > sharp);
}
