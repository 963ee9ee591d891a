//! Every example of every parameter, rendered and compared with the picture that was looked at.

use std::path::Path;

use image_api::{Params, params::SPECS};

/// Mean distance in levels that another build of the codecs may cause.
const TOLERANCE: f64 = 1.0;

#[test]
fn examples_look_as_they_did() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut wrong = Vec::new();
    for spec in SPECS {
        for (index, example) in spec.examples.iter().enumerate() {
            if Params::parse(example.query).is_ok_and(|parsed| parsed.params.recognition.is_some()) {
                continue; // who looks at pictures tells what is to be seen
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
    assert!(wrong.is_empty(), "{wrong:#?}\nif the change is meant: `make golden`, then look at the pictures");
}
