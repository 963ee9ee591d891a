//! Faces of the sample images, as detected by the models, and their use by the parameters.

use image_api::{Accept, Face, Params, Settings};
use testkit::{Picture, sample};
use vips_ops::{Answer, Error, answer, vips::Deadline};

/// The faces detected in a sample image, in whole pixels.
pub fn of(source: &str) -> Vec<Face> {
    let face = |(left, top), (width, height), eyes| vec![Face { left, top, width, height, score: 0.9, eyes }];
    match source {
        "astronaut.png" => face((182.0, 58.0), (88.0, 120.0), [(203.0, 102.0), (247.0, 104.0)]),
        "astronaut-redeye.jpg" => face((76.0, 57.0), (175.0, 237.0), [(118.0, 143.0), (206.0, 149.0)]),
        _ => Vec::new(),
    }
}

/// The response to a request on a sample image whose faces are known.
pub fn ask(source: &str, query: &str) -> Result<Answer, Error> {
    crate::start();
    let params = Params::parse(query).unwrap().params;
    let (settings, deadline) = (Settings::default(), Deadline::never());
    let mut assets = crate::samples_for(&params, &settings)?;
    assets.faces = of(source);
    answer(&params, &sample(source), &assets, Accept::default(), &settings, &deadline, &mut |_| ())
}

fn picture(source: &str, query: &str) -> Picture {
    Picture::decode(&ask(source, query).unwrap().bytes)
}

#[test]
fn red_pupils_become_dark_and_nothing_else_changes() {
    let red = |picture: &Picture, (x, y): (u32, u32)| {
        let [red, green, blue, _] = picture.at(x, y).map(i32::from);
        red - green.max(blue)
    };
    let before = picture("astronaut-redeye.jpg", "format=png");
    let after = picture("astronaut-redeye.jpg", "redeye=true&format=png");
    for pupil in [(120, 146), (208, 149)] {
        assert!(red(&before, pupil) > 100 && red(&after, pupil) < 10, "{pupil:?}");
    }
    for light in [(118, 141), (203, 147)] {
        assert!(after.at(light.0, light.1)[1] > before.at(light.0, light.1)[1] / 2, "{light:?}");
    }
    let changed = (0..320 * 320)
        .filter(|index| before.at(index % 320, index / 320) != after.at(index % 320, index / 320));
    let changed: Vec<_> = changed.map(|index| (index % 320, index / 320)).collect();
    let near = |(x, y): &(u32, u32)| (105..220).contains(x) && (128..162).contains(y);
    // two discs with a radius of 10 pixels: the pupils with their soft edges
    assert!(changed.len() < 650 && changed.iter().all(near), "{} pixels", changed.len());
}

#[test]
fn red_eyes_are_corrected_in_every_orientation() {
    let plain = picture("astronaut-redeye.jpg", "redeye=true&format=png");
    let around = picture("astronaut-redeye.jpg", "redeye=true&format=png&rotate=180&flip=true");
    for (x, y) in [(120, 146), (208, 149)] {
        assert_eq!(plain.at(x, y), around.at(x, 319 - y));
    }
}

#[test]
fn pixels_without_faces_or_red_eyes_are_unchanged() {
    for source in ["astronaut.png", "china.jpg"] {
        let difference = picture(source, "format=png").difference(&picture(source, "redeye=true&format=png"));
        assert_eq!(difference.worst, 0, "{source}");
    }
}

#[test]
fn a_crop_around_the_face_is_smaller_and_in_the_right_place() {
    let face = picture("astronaut.png", "crop=face");
    assert!(face.width < 300 && face.height < 330, "{}x{}", face.width, face.height);
    let turned = picture("astronaut.png", "crop=face&rotate=90");
    assert!(turned.width.abs_diff(face.height) < 40, "{}x{}", turned.width, turned.height);
    let wide = picture("astronaut.png", "crop=face&width=200&height=100&format=png");
    assert_eq!((wide.width, wide.height), (200, 100));
}

#[test]
fn descriptions_contain_faces_if_requested() {
    let faces = |query| {
        let answer = ask("astronaut.png", query).unwrap();
        serde_json::from_slice::<serde_json::Value>(&answer.bytes).unwrap()["faces"].clone()
    };
    assert_eq!(faces("meta=true"), serde_json::json!([]));
    let face = serde_json::json!({ "xPos": 182, "yPos": 58, "width": 88, "height": 120, "confidence": 90.0 });
    assert_eq!(faces("meta=true&face=true"), serde_json::json!([face]));
}

#[test]
fn a_face_crop_without_faces_is_an_entropy_crop() {
    for query in ["", "&width=100", "&width=100&height=50"] {
        let face = picture("china.jpg", &format!("crop=face&format=png{query}"));
        assert!(face == picture("china.jpg", &format!("crop=entropy&format=png{query}")), "{query}");
    }
}
