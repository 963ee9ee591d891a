//! Image classification by EfficientNet-Lite0: the thousand classes of `ImageNet`, and categories of them.

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

/// Side of the square input, in pixels.
const SIDE: u32 = 224;

/// Fraction of the shorter side that the model was trained on, as a centre crop.
const CENTER: f64 = 0.875;

/// Number of classes.
const CLASSES: usize = 1000;

/// Most classes that are reported, categories not counted.
const MOST_CLASSES: usize = 10;

/// Lowest confidence of a reported category, in percent. It sums up many classes, and is wrong more often than a class
/// of the same confidence.
const MIN_CATEGORY_CONFIDENCE: f32 = 30.0;

/// Number of faces that count as a group.
const GROUP: usize = 3;

/// A label of an image: a class or a category.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Label {
    /// Its name, in title case.
    pub name: String,
    /// Confidence in percent.
    pub confidence: f32,
}

/// The names of the classes, loaded on first use.
pub struct Names {
    /// Path of a JSON list of a thousand names.
    pub file: PathBuf,
    read: OnceLock<Vec<String>>,
}

impl Names {
    /// Stores the path; nothing is loaded yet.
    pub fn new(file: PathBuf) -> Self {
        Self { file, read: OnceLock::new() }
    }

    /// All names, in title case.
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

/// The probability of each class: the mean of a centre crop, as the model was trained on, and of the whole image
/// stretched to a square, which finds off-centre objects.
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

/// Selects labels by the probabilities of classes: at most [`MOST_CLASSES`] classes of at least `least` percent, and
/// categories.
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

/// Adds labels for people by detected faces: no class of the model is a person.
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

/// Adds a label, once per name: some classes have the same name as others, or as a category.
fn insert(labels: &mut Vec<Label>, label: Label) {
    match labels.iter_mut().find(|known| known.name == label.name) {
        Some(known) => known.confidence = known.confidence.max(label.confidence),
        None => labels.push(label),
    }
}

/// Sorts by descending confidence; the order of equal ones is kept.
fn sort(labels: &mut [Label]) {
    labels.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
}

impl Label {
    fn new(name: &str, confidence: f32) -> Self {
        Self { name: name.to_owned(), confidence: confidence.min(100.0) }
    }
}

/// Converts a name to title case.
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

    fn rounded(labels: &[Label]) -> Vec<(&str, u32)> {
        labels.iter().map(|label| (label.name.as_str(), label.confidence.round() as u32)).collect()
    }

    #[test]
    fn a_category_can_be_certain_where_no_class_is() {
        let mut likely = vec![0.0; CLASSES];
        likely[151..161].fill(0.08);
        likely[281] = 0.16;
        let labels = choose(&likely, &names(), 15.0);
        assert_eq!(rounded(&labels), [("Animal", 96), ("Mammal", 96), ("Dog", 80), ("Class 281", 16)]);
    }

    #[test]
    fn at_most_ten_classes_and_each_name_once() {
        let mut likely = vec![0.0; CLASSES];
        likely[400..420].fill(0.05);
        assert_eq!(choose(&likely, &names(), 1.0).len(), MOST_CLASSES);
        let mut likely = vec![0.0; CLASSES];
        likely[762] = 0.9;
        let mut names = names();
        names[762] = "Restaurant".to_owned();
        assert_eq!(rounded(&choose(&likely, &names, 15.0)), [("Restaurant", 90)]);
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
        assert_eq!(
            rounded(&with_people(dog(), &[face(0.4)])),
            [("Dog", 70)],
            "an uncertain face adds no label"
        );
        let people = with_people(dog(), &[face(0.6), face(0.9)]);
        assert_eq!(rounded(&people), [("Person", 90), ("Face", 90), ("Dog", 70)]);
        assert!(rounded(&with_people(dog(), &[face(0.6); 3])).contains(&("Group", 60)));
    }

    #[test]
    fn titles() {
        assert_eq!(title("Granny Smith apple"), "Granny Smith Apple");
        assert_eq!(title("swim trunks / shorts"), "Swim Trunks / Shorts");
        assert_eq!(title("high-speed train"), "High-Speed Train");
    }
}
