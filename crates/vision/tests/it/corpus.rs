//! Faces in the corpus beside the repository, if present.

use std::{fs, path::Path};

use vision::Vision;

use crate::{open, vision};

/// Images and their number of faces; the man in `camera.png` is in profile.
const FACES: [(&str, usize); 13] = [
    ("faces/grace_hopper.jpg", 1),
    ("faces/obama-720p.jpg", 1),
    ("faces/obama.jpg", 1),
    ("faces/two_people.jpg", 2),
    ("photos/astronaut.png", 1),
    ("photos/astronaut-gray.jpg", 1),
    ("photos/camera.png", 1),
    ("photos/chelsea.png", 0),
    ("photos/coffee.png", 0),
    ("photos/hubble_deep_field.jpg", 0),
    ("photos/page.png", 0),
    ("photos/rocket.jpg", 0),
    ("thumbor/no_face.jpg", 0),
];

#[test]
fn all_faces_are_found_and_no_others() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora/dev");
    if !corpus.exists() {
        eprintln!("skipped: the corpus is not beside the repository");
        return;
    }
    let vision = vision();
    let found = FACES.map(|(name, _)| (name, count(&vision, &corpus.join(name))));
    assert_eq!(found, FACES);
}

fn count(vision: &Vision, path: &Path) -> usize {
    let image = open(&fs::read(path).unwrap().into());
    vision.faces(&image).unwrap().iter().filter(|face| face.is_sure()).count()
}
