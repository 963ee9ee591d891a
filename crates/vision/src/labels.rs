//! What is in a picture, by EfficientNet-Lite0: the thousand classes of `ImageNet`, and what they have in common.

use std::{path::PathBuf, sync::OnceLock};

use serde::{Deserialize, Serialize};
use vips::Image;

use crate::{
    categories::CATEGORIES,
    engine::{Engine, Input, Model},
    error::{Error, Result},
    faces::Face,
    pixels,
};

/// The square that is looked at.
const SIDE: u32 = 224;

/// The part of the smaller side that the model was trained to see, from the middle.
const CENTER: f64 = 0.875;

/// So many classes are known.
const CLASSES: usize = 1000;

/// No more classes than this are named, their parents not counted.
const MOST_CLASSES: usize = 10;

/// A category is named when it is at least as likely as this, in percent. It sums up many classes, and is wrong more
/// often than a class that is as likely.
const MIN_CATEGORY_CONFIDENCE: f32 = 30.0;

/// So many faces are a group.
const GROUP: usize = 3;

/// A thing or sort of things that is in the picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Label {
    /// Its name, every word with a capital.
    pub name: String,
    /// How likely it is there, in percent.
    pub confidence: f32,
}

/// The names of the classes, read when they are first needed.
pub struct Names {
    /// A JSON list of a thousand names.
    pub file: PathBuf,
    read: OnceLock<Vec<String>>,
}

impl Names {
    /// Reads nothing.
    pub fn new(file: PathBuf) -> Self {
        Self { file, read: OnceLock::new() }
    }

    /// All names.
    pub fn read(&self) -> Result<&[String]> {
        if let Some(names) = self.read.get() {
            return Ok(names);
        }
        let unusable = |reason: String| Error::Unusable { file: self.file.clone(), reason };
        let text = std::fs::read(&self.file).map_err(|_| Error::Missing { file: self.file.clone() })?;
        let names: Vec<String> =
            serde_json::from_slice(&text).map_err(|error| unusable(error.to_string()))?;
        if names.len() != CLASSES {
            return Err(unusable(format!("{} names, expected {CLASSES}", names.len())));
        }
        Ok(self.read.get_or_init(|| names.iter().map(|name| title(name)).collect()))
    }
}

/// How likely each class is: the mean of the middle of the picture, as the model was trained, and of all of it
/// squashed, which finds what is off-centre.
pub fn likelihoods(engine: &Engine, model: &Model, image: &Image) -> Result<Vec<f32>> {
    let squashed = classify(engine, model, pixels::rgb(image, SIDE, SIDE)?.as_ref())?;
    let side = ((f64::from(image.width().min(image.height())) * CENTER).round() as u32).max(1);
    let edge = |length: u32| (length - side) / 2;
    let middle = image.extract_area(edge(image.width()), edge(image.height()), side, side)?;
    let middle = classify(engine, model, pixels::rgb(&middle, SIDE, SIDE)?.as_ref())?;
    Ok(squashed.iter().zip(middle).map(|(a, b)| f32::midpoint(*a, b)).collect())
}

fn classify(engine: &Engine, model: &Model, rgb: &[u8]) -> Result<Vec<f32>> {
    let side = SIDE as usize;
    let input = Input { shape: [1, 3, side, side], numbers: pixels::planes(rgb) };
    let likely =
        model.run(engine, input, |outputs| Ok(outputs["probs"].try_extract_tensor::<f32>()?.1.to_vec()))?;
    match likely.len() {
        CLASSES => Ok(likely),
        other => Err(Error::Unusable {
            file: model.file.clone(),
            reason: format!("{other} classes, expected {CLASSES}"),
        }),
    }
}

/// The labels of a picture whose classes are as likely as given.
pub fn choose(likely: &[f32], names: &[String], least: f32) -> Vec<Label> {
    let percent = |part: f32| 100.0 * part;
    let mut classes: Vec<(usize, f32)> = likely.iter().map(|part| percent(*part)).enumerate().collect();
    classes.retain(|(_, confidence)| *confidence >= least);
    classes.sort_by(|a, b| b.1.total_cmp(&a.1));
    classes.truncate(MOST_CLASSES);
    let mut labels = Vec::new();
    for (class, confidence) in classes {
        insert(&mut labels, Label::new(&names[class], confidence));
    }
    for category in CATEGORIES {
        let confidence = percent(category.likelihood(likely));
        if confidence >= MIN_CATEGORY_CONFIDENCE {
            insert(&mut labels, Label::new(category.name, confidence));
        }
    }
    sort(&mut labels);
    labels
}

/// The labels with the people that faces tell of: no class of the model is a person.
pub fn with_people(mut labels: Vec<Label>, faces: &[Face]) -> Vec<Label> {
    let sure: Vec<f32> = faces.iter().filter(|face| face.is_sure()).map(|face| 100.0 * face.score).collect();
    let Some(surest) = sure.iter().copied().reduce(f32::max) else { return labels };
    let group = if sure.len() >= GROUP { &["Person", "Face", "Group"][..] } else { &["Person", "Face"] };
    for name in group {
        insert(&mut labels, Label::new(name, surest));
    }
    sort(&mut labels);
    labels
}

/// One label a name: some classes are called as others, or as their parents.
fn insert(labels: &mut Vec<Label>, label: Label) {
    match labels.iter_mut().find(|known| known.name == label.name) {
        Some(known) => known.confidence = known.confidence.max(label.confidence),
        None => labels.push(label),
    }
}

/// The surest first; those that are as sure stay in order.
fn sort(labels: &mut [Label]) {
    labels.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
}

impl Label {
    fn new(name: &str, confidence: f32) -> Self {
        Self { name: name.to_owned(), confidence: confidence.min(100.0) }
    }
}

/// Every word with a capital.
fn title(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut begins = true;
    for letter in name.chars() {
        if begins {
            out.extend(letter.to_uppercase());
        } else {
            out.push(letter);
        }
        begins = letter == ' ' || letter == '-' || letter == '(' || letter == '/';
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faces::Point;

    fn names() -> Vec<String> {
        (0..CLASSES).map(|class| format!("Class {class}")).collect()
    }

    fn told(labels: &[Label]) -> Vec<(&str, u32)> {
        labels.iter().map(|label| (label.name.as_str(), label.confidence.round() as u32)).collect()
    }

    #[test]
    fn a_sort_of_things_may_be_sure_where_no_thing_is() {
        let mut likely = vec![0.0; CLASSES];
        likely[151..161].fill(0.08);
        likely[281] = 0.16;
        let labels = choose(&likely, &names(), 15.0);
        assert_eq!(told(&labels), [("Animal", 96), ("Mammal", 96), ("Dog", 80), ("Class 281", 16)]);
    }

    #[test]
    fn ten_classes_at_most_and_each_name_once() {
        let mut likely = vec![0.0; CLASSES];
        likely[400..420].fill(0.05);
        assert_eq!(choose(&likely, &names(), 1.0).len(), MOST_CLASSES);
        let mut likely = vec![0.0; CLASSES];
        likely[762] = 0.9;
        let mut names = names();
        names[762] = "Restaurant".to_owned();
        assert_eq!(told(&choose(&likely, &names, 15.0)), [("Restaurant", 90)]);
    }

    #[test]
    fn faces_are_people() {
        let face = |score| Face {
            x: 0.0,
            y: 0.0,
            width: 9.0,
            height: 9.0,
            score,
            eyes: [Point { x: 0.0, y: 0.0 }; 2],
        };
        let dog = || vec![Label::new("Dog", 70.0)];
        assert_eq!(told(&with_people(dog(), &[face(0.4)])), [("Dog", 70)], "a doubtful one tells nothing");
        let people = with_people(dog(), &[face(0.6), face(0.9)]);
        assert_eq!(told(&people), [("Person", 90), ("Face", 90), ("Dog", 70)]);
        assert!(told(&with_people(dog(), &[face(0.6); 3])).contains(&("Group", 60)));
    }

    #[test]
    fn titles() {
        assert_eq!(title("Granny Smith apple"), "Granny Smith Apple");
        assert_eq!(title("swim trunks / shorts"), "Swim Trunks / Shorts");
        assert_eq!(title("high-speed train"), "High-Speed Train");
    }
}
