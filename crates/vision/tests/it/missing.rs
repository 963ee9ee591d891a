//! An installation without models reports missing files.

use testkit::sample;
use vision::{ErrorKind, Settings, Vision};

use crate::{open, vendor, vision};

#[test]
fn missing_files_are_listed_and_methods_fail() {
    let image = open_sample();
    let nowhere = Settings { models: "nowhere".into(), runtime: "nowhere/libonnxruntime.so".into() };
    let blind = Vision::open(&nowhere);
    assert_eq!(blind.missing().len(), 5);
    let kinds =
        [blind.faces(&image).map(drop), blind.nsfw(&image).map(drop), blind.labels(&image, 15.0).map(drop)]
            .map(|result| result.unwrap_err().kind());
    assert_eq!(kinds, [ErrorKind::Unavailable; 3]);
}

#[test]
fn a_file_that_is_not_a_model_is_refused() {
    let image = open_sample();
    let settings = Settings {
        models: vendor().join("../samples"),
        runtime: vendor().join("native/lib/libonnxruntime.so"),
    };
    let error = Vision::open(&settings).faces(&image).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("make vendor"), "{error}");
}

fn open_sample() -> vips::Image {
    drop(vision());
    open(&sample("astronaut.png"))
}
