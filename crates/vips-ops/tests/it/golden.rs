//! Renders every example of every parameter and compares it with its reviewed golden image.

use std::path::Path;

use image_api::{Params, params::SPECS};

/// Mean distance in 8-bit levels that another build of the codecs may cause.
const TOLERANCE: f64 = 1.0;

#[test]
fn examples_match_their_golden_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut wrong = Vec::new();
    for spec in SPECS {
        for (index, example) in spec.examples.iter().enumerate() {
            if Params::parse(example.query).is_ok_and(|parsed| parsed.params.recognition.is_some()) {
                continue; // its result depends on face or label detection, which is tested elsewhere
            }
            match crate::faces::ask(example.source, example.query) {
                Ok(answer) => {
                    let file = format!("{}-{}.{}", spec.name, index + 1, answer.media.name());
                    wrong.extend(testkit::golden::check(&folder.join(file), &answer.bytes, TOLERANCE).err());
                }
                Err(error) => wrong.push(format!("{} {}: {error}", example.source, example.query)),
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}\nfor an intended change: `make golden`, then review the images");
}
