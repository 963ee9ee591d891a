//! Golden files: outputs that were checked once and must not change. Images are compared by decoded distance, JSON by
//! value.

use std::{fs, path::Path};

use bytes::Bytes;
use serde_json::Value;

use crate::picture::Picture;

/// Environment variable that makes tests write golden files instead of comparing; review the changes afterwards.
const WRITE: &str = "PIXMILL_WRITE_GOLDEN";

/// Compares an output with the golden file at `path`. Images are equal up to a mean distance of `tolerance` 8-bit
/// levels.
///
/// # Errors
///
/// A description of the difference.
pub fn check(path: &Path, answer: &Bytes, tolerance: f64) -> Result<(), String> {
    let golden = fs::read(path).ok().map(Bytes::from);
    let is_json = path.extension().is_some_and(|ending| ending == "json");
    let verdict = match &golden {
        None => Err("the golden file is missing".to_owned()),
        Some(golden) if is_json => compare_json(&json(answer), &json(golden)),
        Some(golden) => compare(&Picture::decode(answer), &Picture::decode(golden), tolerance),
    };
    if verdict.is_err() && writes() {
        let kept = if is_json { format!("{:#}\n", json(answer)).into() } else { answer.clone() };
        fs::create_dir_all(path.parent().expect("a file in a folder")).expect("the folder is made");
        fs::write(path, kept).expect("the golden file is written");
        return Ok(());
    }
    verdict.map_err(|what| format!("{}: {what}", path.display()))
}

fn compare(picture: &Picture, golden: &Picture, tolerance: f64) -> Result<(), String> {
    let shape = |picture: &Picture| (picture.width, picture.height, picture.frames);
    if shape(picture) != shape(golden) {
        return Err(format!("size and frames are {:?}, were {:?}", shape(picture), shape(golden)));
    }
    let difference = picture.difference(golden);
    if difference.mean > tolerance {
        Err(format!("{difference:?}, allowed mean {tolerance}"))
    } else {
        Ok(())
    }
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("an answer in JSON")
}

fn compare_json(answer: &Value, golden: &Value) -> Result<(), String> {
    if answer == golden { Ok(()) } else { Err(format!("the answer is {answer:#}")) }
}

#[expect(clippy::disallowed_methods, reason = "`make golden` sets an environment variable")]
fn writes() -> bool {
    std::env::var_os(WRITE).is_some()
}

#[cfg(test)]
mod tests {
    use vips::{Image, Keep, Palette, PngRows, Settings, Vips};

    use super::*;

    fn png(level: u8) -> Bytes {
        Vips::start(Settings::default()).unwrap();
        let image = Image::from_pixels(&[level; 8 * 8 * 3], 8, 8, 3).unwrap();
        image.save_png(1, PngRows::Plain, Palette::Direct, Keep::Nothing).unwrap()
    }

    #[test]
    fn a_changed_image_is_detected() {
        let same = Picture::decode(&png(100));
        assert!(compare(&same, &Picture::decode(&png(100)), 0.0).is_ok());
        assert!(compare(&same, &Picture::decode(&png(103)), 1.0).is_err());
        let number = |text: &str| json(text.as_bytes());
        assert!(compare_json(&number("{\"a\":1}"), &number("{ \"a\": 1 }")).is_ok());
        assert!(compare_json(&number("{\"a\":1}"), &number("{\"a\":2}")).is_err());
        assert!(check(Path::new("no/such/golden.png"), &png(1), 9.0).is_err());
    }
}
