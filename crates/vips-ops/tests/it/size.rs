//! The output has exactly the planned size.

use proptest::prelude::*;
use testkit::sample;
use vips_ops::Error;

use crate::{ask, picture};

#[test]
fn the_output_has_the_requested_size() {
    for (source, query, expected) in [
        ("china.jpg", "width=400", (400, 267)),
        ("china.jpg", "width=400&height=300&crop=fit", (400, 300)),
        ("china.jpg", "width=50&height=400&crop=stretch", (50, 400)),
        ("china.jpg", "rotate=45&width=200&height=100&crop=pad", (200, 100)),
        ("china.jpg", "rotate=33&crop=zoom", (640, 427)),
        ("china.jpg", "width=1300", (1300, 867)),
        ("china.jpg", "width=1&height=1", (1, 1)),
        ("grace_hopper.jpg", "crop=10,20,100,50&pad=5", (110, 60)),
        ("coffee-bordered.png", "trim=color&rotate=90", (200, 300)),
        ("pixmill-logo.svg", "width=700", (700, 700)),
        ("pixmill-logo.svg", "width=300&height=100&crop=fit", (300, 100)),
        ("flower.jpg", "crop=center,center,10,3000", (10, 427)),
        ("astronaut.png", "width=300&height=100&crop=face", (300, 100)),
        ("quadrants-orient6.jpg", "crop=0,0,40,60&width=200", (40, 60)),
        ("china.jpg", "crop=entropy&width=60", (60, 35)),
    ] {
        let answer = picture(&sample(source), query);
        assert_eq!((answer.width, answer.height), expected, "{source} {query}");
    }
}

#[test]
fn limits_are_checked_before_decoding() {
    for query in ["width=20000", "width=12000&height=12000&crop=stretch", "pad=60000", "width=9000&dpr=10"] {
        assert!(matches!(ask(&sample("china.jpg"), query), Err(Error::OverLimit(_))), "{query}");
    }
    let settings = image_api::Settings {
        limits: image_api::settings::Limits { max_pixels: 1000, ..Default::default() },
        ..Default::default()
    };
    let refused = crate::ask_with(&sample("china.jpg"), "width=10", image_api::Accept::default(), &settings);
    assert!(
        matches!(
            refused,
            Err(Error::OverLimit(image_api::error::OverLimit { actual: 273_280, limit: 1000, .. }))
        ),
        "{refused:?}"
    );
}

#[test]
fn a_crop_outside_the_image_is_refused() {
    let Err(Error::Invalid(invalid)) = ask(&sample("china.jpg"), "width=100&crop=100,0,5,5") else {
        panic!("accepted")
    };
    assert_eq!(invalid.parameter, "crop");
    assert!(invalid.expected.contains("100 × 67"), "{}", invalid.expected);
}

#[test]
fn an_entropy_crop_without_a_box_keeps_at_least_half() {
    let whole = picture(&sample("pixmill-logo.png"), "force_jpg=true&pad=200");
    let padded = ask(&sample("pixmill-logo.png"), "force_jpg=true&pad=200").unwrap().bytes;
    let cut = picture(&padded, "crop=entropy");
    assert!(
        cut.width < whole.width * 7 / 10 && cut.width >= whole.width / 2,
        "{} of {}",
        cut.width,
        whole.width
    );
    assert!(cut.height < whole.height * 7 / 10 && cut.height >= whole.height / 2);
    assert_eq!(picture(&padded, "crop=entropy&width=150").width, 150);
    let busy = picture(&sample("chelsea.png"), "crop=entropy");
    assert!(busy.width >= 226 && busy.height >= 150);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn every_combination_has_the_planned_size(
        width in prop::option::of(1..400u32), height in prop::option::of(1..400u32),
        crop in prop::sample::select(vec!["", "fit", "top", "pad", "stretch", "zoom", "entropy", "5,5,70,70"]),
        rotate in prop::sample::select(vec!["0", "90", "17.5", "200"]), flip: bool, trim: bool,
        source in prop::sample::select(vec!["china.jpg", "coffee-bordered.png", "quadrants-orient6.jpg", "pixmill-logo.png"]),
    ) {
        let number = |name: &str, value: Option<u32>| value.map(|value| format!("&{name}={value}")).unwrap_or_default();
        let crop = if crop.is_empty() { String::new() } else { format!("&crop={crop}") };
        let trim = if trim { "&trim=color" } else { "" };
        let query = format!("rotate={rotate}&flip={flip}{}{}{crop}{trim}", number("width", width), number("height", height));
        match ask(&sample(source), &query) {
            Ok(answer) => {
                let decoded = testkit::Picture::decode(&answer.bytes);
                prop_assert_eq!((decoded.width, decoded.height), (answer.size.width, answer.size.height), "{}", query);
            }
            Err(Error::Invalid(invalid)) => prop_assert_eq!(invalid.parameter, "crop"),
            Err(other) => prop_assert!(false, "{}: {}", query, other),
        }
    }
}
