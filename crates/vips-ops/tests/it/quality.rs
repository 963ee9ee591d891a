//! Automatic quality: metrics compared with a reference implementation, and properties of the search on real images.

use bytes::Bytes;
use image_api::{
    OutputFormat, Params,
    params::output::{quality_method::QualityMethod, quality_preset::QualityPreset},
    plan::{
        encode::{Chroma, Encoding, Metadata},
        quality::{Search, Target},
    },
};
use testkit::{Picture, sample};
use vips_ops::{
    Error,
    encode::auto_quality::{self, Metric},
    vips::{Access, Deadline, Image, Loader},
};

use crate::{ask, picture, start};

/// An image above a degraded copy of it, and the scores of ssim, mpe and smallfry, computed in another language by the
/// same formulas.
const REFERENCE: [(&str, [f64; 3]); 6] = [
    ("small", [0.666_705_857, 5.748_518_519, 95.007_587_538]),
    ("odd", [0.745_731_243, 5.232_080_896, 95.052_067_010]),
    ("dark", [0.895_570_241, 2.225_477_431, 98.686_248_174]),
    ("equal", [1.0, 0.0, 115.722_049_246]),
    ("large", [0.950_449_926, 2.525_316_550, 77.591_444_842]),
    ("larger", [0.941_958_338, 4.105_782_791, 81.444_930_598]),
];

/// Tolerance for rounding in another order.
const TOLERANCE: f64 = 1e-6;

fn judge(method: QualityMethod, image: &Image) -> Metric {
    Metric::new(method, image).unwrap()
}

fn image(picture: &Picture) -> Image {
    Image::from_pixels(&picture.rgba, picture.width, picture.height, 4)
        .and_then(|image| image.extract_bands(0, 3))
        .unwrap()
}

#[test]
fn metrics_match_the_reference_implementation() {
    start();
    for (name, expected) in REFERENCE {
        let path = format!("{}/tests/reference/quality/{name}.png", env!("CARGO_MANIFEST_DIR"));
        let stack = Image::load(&Bytes::from(std::fs::read(path).unwrap()), &Loader::Png, Access::Random);
        let stack = stack.unwrap();
        let height = stack.height() / 2;
        let half = |top| stack.extract_area(0, top, stack.width(), height).unwrap();
        for (method, expected) in QualityMethod::ALL.into_iter().zip(expected) {
            let number = judge(method, &half(0)).compare(&half(height)).unwrap();
            assert!(
                (number - expected).abs() < TOLERANCE,
                "{name} {}: {number}, not {expected}",
                method.name()
            );
        }
        let score = judge(QualityMethod::Ssimulacra2, &half(0)).compare(&half(height)).unwrap();
        assert_eq!(score > 99.9, name == "equal", "{name}: {score}");
    }
}

/// The largest change of the found quality when a side grows by a pixel; larger for smallfry, which measures blocking.
const MOST_MOVED: u8 = 3;
const MOST_MOVED_BY_SMALLFRY: u8 = 8;

/// Shorter sides at which the search could change, from the smallest calibrated size on: at 112 SSIMULACRA2 once had
/// fewer scales, and from 256 on images are tried without being mirrored.
const SIDES: [u32; 3] = [66, 112, 256];

#[test]
fn the_quality_hardly_changes_between_sizes_one_pixel_apart() {
    for name in ["china.jpg", "grace_hopper.jpg", "rocket.jpg"] {
        for middle in SIDES {
            walk(name, middle, &QualityMethod::ALL);
        }
    }
}

#[test]
fn the_quality_hardly_changes_where_iqa_would_downscale() {
    walk("china.jpg", 384, &QualityMethod::ALL);
    walk("grace_hopper.jpg", 384, &QualityMethod::ALL);
}

#[test]
fn the_quality_hardly_changes_where_sampling_begins() {
    // a square of one megapixel
    walk("astronaut.png", 1024, &[QualityMethod::Mpe, QualityMethod::Ssimulacra2]);
}

/// Searches at sizes around one.
fn walk(name: &str, middle: u32, methods: &[QualityMethod]) {
    let original = sample(name);
    let whole = ask(&original, "width=1").unwrap().original;
    let shorter = if whole.width < whole.height { "width" } else { "height" };
    for method in methods {
        let quality = |side: u32| {
            let query = format!("{shorter}={side}&format=jpeg&quality=auto&quality_method={}", method.name());
            ask(&original, &query).unwrap().quality.unwrap()
        };
        let found: Vec<u8> = (middle - 2..=middle + 1).map(quality).collect();
        let moved = found.windows(2).map(|pair| pair[0].abs_diff(pair[1])).max().unwrap();
        let most = if *method == QualityMethod::Smallfry { MOST_MOVED_BY_SMALLFRY } else { MOST_MOVED };
        assert!(moved <= most, "{name} {middle} {}: {found:?}", method.name());
    }
}

#[test]
fn every_metric_rates_more_loss_as_worse() {
    let original = sample("chelsea.png");
    let pixels = image(&picture(&original, "width=150&format=png"));
    for method in QualityMethod::ALL {
        let judge = judge(method, &pixels);
        let numbers = [20, 50, 85].map(|quality| {
            let query = format!("width=150&format=jpeg&quality={quality}");
            judge.compare(&image(&picture(&original, &query))).unwrap()
        });
        assert!(numbers.windows(2).all(|pair| !method.is_met(pair[0], pair[1])), "{numbers:?}");
    }
}

#[test]
fn the_output_meets_the_target_or_has_the_highest_quality() {
    for (name, format) in [("china.jpg", "jpeg"), ("coffee.png", "webp"), ("flower.jpg", "avif")] {
        let original = sample(name);
        // small enough to be fast, and large enough to be tried as a whole
        let pixels = image(&picture(&original, "width=256&height=256&crop=stretch&format=png"));
        for method in QualityMethod::ALL {
            let mut last = 0;
            for preset in QualityPreset::ALL {
                let (method_name, preset_name) = (method.name(), preset.name());
                let auto = format!(
                    "width=256&height=256&crop=stretch&format={format}&quality=auto&quality_method={method_name}&quality_preset={preset_name}"
                );
                let answer = ask(&original, &auto).unwrap();
                let quality = answer.quality.unwrap();
                let number = judge(method, &pixels).compare(&image(&Picture::decode(&answer.bytes))).unwrap();
                let is_met = method.is_met(number, auto_quality::target(method, preset, 256));
                assert!((40..=90).contains(&quality) && quality >= last, "{auto}: {quality} after {last}");
                assert!(is_met || quality == 90, "{auto}: {number} at {quality}");
                last = quality;
            }
        }
    }
}

#[test]
fn the_output_equals_that_of_the_found_quality() {
    for (name, query) in [
        ("china.jpg", "width=150"),
        ("china.jpg", "width=150&interlace=true&strip_exif=true"),
        ("astronaut-gps-orient6.jpg", "width=100"),
        ("astronaut-gps-orient6.jpg", "width=90&height=60&autorotate=false&format=avif"),
        ("pixmill-logo.png", "width=150&format=webp"),
        ("pixmill-logo.png", "width=150&format=avif"),
        ("camera.png", "width=150&format=jpeg"),
        ("camera.png", "width=150&format=webp"),
        ("camera.png", "width=150&format=avif"),
        ("flower-p3.jpg", "width=150"),
        ("gradient-16bit.png", "format=jpeg"),
        ("mill.gif", "format=jpeg"),
        ("chelsea.png", "width=1&height=1&format=jpeg&crop=stretch"),
        ("chelsea.png", "width=300&height=3&format=webp&crop=stretch"),
    ] {
        for method in ["ssim", "ssimulacra2", "smallfry"] {
            let original = sample(name);
            let auto = ask(&original, &format!("{query}&quality=auto&quality_method={method}")).unwrap();
            let fixed = ask(&original, &format!("{query}&quality={}", auto.quality.unwrap())).unwrap();
            assert_eq!(auto.bytes, fixed.bytes, "{name} {query} {method}");
            assert_eq!(fixed.quality, None);
        }
    }
}

/// The largest difference between the quality found on a sample and that of the whole image; the sample has nine tenths
/// of its pixels here.
const APART: u8 = 10;

#[test]
fn a_sample_of_a_large_image_is_representative() {
    let original = sample("astronaut.png");
    let query = "width=1000&height=1100&crop=stretch&format=jpeg";
    let pixels = image(&picture(&original, &query.replace("jpeg", "png")));
    for (method, target) in [("mpe", 1.5), ("ssim", 0.985)] {
        let auto =
            format!("{query}&quality=auto&quality_method={method}&quality_target={target}&quality_min=1");
        let answer = ask(&original, &auto).unwrap();
        let quality = answer.quality.unwrap();
        let fixed = ask(&original, &format!("{query}&quality={quality}")).unwrap();
        assert_eq!(answer.bytes, fixed.bytes, "{auto}");
        let method = QualityMethod::ALL.into_iter().find(|known| known.name() == method).unwrap();
        let judge = judge(method, &pixels);
        let number = |quality: u8| {
            judge.compare(&image(&picture(&original, &format!("{query}&quality={quality}")))).unwrap()
        };
        let (worse, better) =
            (number(quality.saturating_sub(APART).max(1)), number((quality + APART).min(100)));
        assert!(
            !method.is_met(worse, target) && method.is_met(better, target),
            "{auto}: {quality}, {worse}, {better}"
        );
    }
}

#[test]
fn bounds_and_targets_are_respected() {
    let quality = |query: &str| {
        ask(&sample("china.jpg"), &format!("width=120&quality=auto&{query}")).unwrap().quality.unwrap()
    };
    assert_eq!(quality("quality_target=1&quality_max=55"), 55);
    assert_eq!(quality("quality_target=0&quality_min=33"), 33);
    assert_eq!(quality("quality_target=0&quality_attempts=1"), 65);
    assert_eq!(quality("quality_target=0&quality_attempts=2"), 52);
    assert_eq!(quality("quality_method=mpe&quality_target=200&quality_min=1&quality_attempts=10"), 1);
    assert_eq!(quality("quality_target=.9&quality_preset=veryhigh"), quality("quality_target=.9"));
    let refused = ask(&sample("china.jpg"), "quality=auto&quality_min=60&quality_max=50").unwrap_err();
    assert!(matches!(refused, Error::Invalid(invalid) if invalid.parameter == "quality_min"));
}

#[test]
fn lossless_and_animated_outputs_have_no_search() {
    for (name, query) in [
        ("china.jpg", "width=50&format=png"),
        ("china.jpg", "width=50&format=gif"),
        ("mill.gif", "width=50"),
        ("mill.webp", "width=50"),
    ] {
        let auto = ask(&sample(name), &format!("{query}&quality=auto")).unwrap();
        assert_eq!(auto.quality, None, "{name} {query}");
        assert_eq!(auto.bytes, ask(&sample(name), query).unwrap().bytes, "{name} {query}");
    }
}

#[test]
fn invalid_values_are_named() {
    for (query, parameter) in [
        ("quality=high", "quality"),
        ("quality=auto&quality_method=foo", "quality_method"),
        ("quality_method=foo", "quality_method"),
        ("quality=auto&quality_preset=best", "quality_preset"),
        ("quality=auto&quality_target=medium", "quality_target"),
        ("quality=auto&quality_attempts=few", "quality_attempts"),
    ] {
        assert_eq!(Params::parse(query).unwrap_err().parameter, parameter, "{query}");
    }
}

#[test]
fn the_deadline_ends_the_search() {
    start();
    let [soon, late] = [(); 2].map(|()| image(&picture(&sample("china.jpg"), "width=100&format=png")));
    let output = Encoding {
        format: OutputFormat::Jpeg,
        codec: None,
        quality: 90,
        search: None,
        effort: 0,
        is_slow: false,
        interlace: false,
        palette: false,
        chroma: Chroma::ByQuality,
        metadata: Metadata::All,
    };
    let search =
        Search { method: QualityMethod::Mpe, target: Target::Number(1.0), min: 40, max: 90, attempts: 6 };
    let deadline = Deadline::never();
    assert!(auto_quality::encode(&soon, output, search, &deadline).is_ok());
    deadline.cancel();
    assert!(auto_quality::encode(&late, output, search, &deadline).is_err());
}
