//! The sample images, whose content is known.

use testkit::sample;
use vision::{Face, Label, with_people};

use crate::{open, vision};

fn sure(name: &str) -> Vec<Face> {
    let faces = vision().faces(&open(&sample(name))).unwrap();
    faces.into_iter().filter(Face::is_sure).collect()
}

#[test]
fn a_portrait_has_one_face_with_eyes_in_it() {
    for name in ["astronaut.png", "grace_hopper.jpg"] {
        let faces = sure(name);
        let [face] = faces.as_slice() else { panic!("{name}: {faces:?}") };
        let [left, right] = face.eyes;
        assert!(left.x < right.x, "{name}: {face:?}");
        for eye in face.eyes {
            let (x, y) = ((eye.x - face.x) / face.width, (eye.y - face.y) / face.height);
            assert!((0.1..0.9).contains(&x) && (0.2..0.6).contains(&y), "{name}: {face:?}");
        }
    }
}

#[test]
fn a_face_is_located_in_pixels_of_the_image() {
    let [face] = sure("astronaut.png")[..] else { panic!("one face") };
    let (x, y) = (face.x + face.width / 2.0, face.y + face.height / 2.0);
    assert!((x - 224.0).abs() < 20.0 && (y - 120.0).abs() < 20.0, "{face:?}");
    assert!((60.0..140.0).contains(&face.width), "{face:?}");
}

#[test]
fn images_without_people_have_no_face() {
    for name in ["chelsea.png", "coffee.png", "china.jpg", "flower.jpg", "rocket.jpg", "pixmill-logo.png"] {
        assert_eq!(sure(name), [], "{name}");
    }
}

#[test]
fn ordinary_photographs_are_safe() {
    for name in ["astronaut.png", "grace_hopper.jpg", "chelsea.png", "coffee.png", "china.jpg", "flower.jpg"]
    {
        let score = vision().nsfw(&open(&sample(name))).unwrap();
        assert!((0.0..0.2).contains(&score), "{name}: {score}");
    }
}

#[test]
fn labels_name_the_content() {
    let vision = vision();
    for (name, expected) in [
        ("chelsea.png", "Cat"),
        ("coffee.png", "Drink"),
        ("china.jpg", "Building"),
        ("rocket.jpg", "Missile"),
        ("grace_hopper.jpg", "Person"),
    ] {
        let image = open(&sample(name));
        let labels = with_people(vision.labels(&image, 15.0).unwrap(), &vision.faces(&image).unwrap());
        assert!(labels.iter().any(|label| label.name == expected), "{name}: {labels:?}");
        assert!(labels.windows(2).all(|pair| pair[0].confidence >= pair[1].confidence), "{labels:?}");
        assert!(labels.iter().all(|Label { confidence, .. }| (15.0..=100.0).contains(confidence)));
    }
}

#[test]
fn results_are_the_same_on_every_thread() {
    let vision = vision();
    let image = open(&sample("astronaut.png")).copy_memory().unwrap();
    let first = vision.faces(&image).unwrap();
    std::thread::scope(|scope| {
        let others: Vec<_> = (0..4).map(|_| scope.spawn(|| vision.faces(&image).unwrap())).collect();
        for other in others {
            assert_eq!(other.join().unwrap(), first);
        }
    });
}
