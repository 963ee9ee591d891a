//! If an encoding is larger than the original, the original is served instead, provided that it satisfies the request.

use bytes::Bytes;
use image_api::{Accept, Params, Settings};
use testkit::sample;
use vips_ops::vips::{Access, Deadline, Image, JpegScan, Keep, Loader, Subsample};

use crate::{ask, start};

/// A JPEG of low quality with EXIF, and one without metadata: both grow when encoded at quality 100.
fn poor(keep: Keep) -> Bytes {
    start();
    let photo = sample("quadrants-orient6.jpg");
    let image = Image::load(&photo, &Loader::Jpeg { shrink: 1 }, Access::Random).unwrap();
    let upright = image.edit(|edit| edit.set_int(c"orientation", 1)).unwrap();
    upright.save_jpeg(30, JpegScan::Baseline, Subsample::On, keep).unwrap()
}

#[test]
fn the_original_is_served_if_it_satisfies_the_request() {
    let (tagged, bare) = (poor(Keep::All), poor(Keep::Nothing));
    for (original, query, serves) in [
        (&tagged, "quality=100", true),
        (&tagged, "quality=100&format=jpeg&interlace=false&rotate=360", true),
        (&tagged, "quality=100&force_jpg=true", true),
        (&tagged, "quality=100&strip_exif=true", false),
        (&bare, "quality=100&strip_exif=true", true),
        (&tagged, "quality=100&interlace=true", false),
        (&tagged, "quality=100&width=50", false),
        (&tagged, "quality=100&brightness=0.01", false),
        (&tagged, "quality=100&blur=1", false),
        (&tagged, "quality=100&flip=true", false),
        (&tagged, "quality=100&pad=1", false),
        (&tagged, "quality=100&crop=0,0,20,20", false),
        (&tagged, "format=png", false),
        (&tagged, "quality=5", false),
    ] {
        let answer = ask(original, query).unwrap().bytes;
        assert_eq!(answer == *original, serves, "{query}: {} of {}", answer.len(), original.len());
        assert!(!serves || answer.len() <= original.len());
    }
}

#[test]
fn an_applied_orientation_prevents_passthrough() {
    let turned = sample("quadrants-orient6.jpg");
    // the tag says 90 degrees and the request rotates back: the pixels are the stored ones, without the tag
    let answer = ask(&turned, "angle=90&quality=100").unwrap().bytes;
    assert_ne!(answer, turned);
    let image = Image::load(&answer, &Loader::Jpeg { shrink: 1 }, Access::Random).unwrap();
    assert_eq!(image.int(c"orientation").unwrap_or(1), 1);
}

#[test]
fn it_can_be_switched_off() {
    let original = poor(Keep::All);
    let mut settings = Settings::default();
    settings.output.never_larger = false;
    let params = Params::parse("quality=100").unwrap().params;
    let deadline = Deadline::never();
    let answer = vips_ops::process(
        &params,
        &original,
        &vips_ops::Assets::default(),
        Accept::default(),
        &settings,
        &deadline,
        &mut |_| (),
    )
    .unwrap();
    assert!(answer.bytes.len() > original.len());
}
