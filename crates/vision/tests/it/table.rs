//! A snapshot of all categories with the names of their classes.

use std::{fmt::Write, fs};

use vision::CATEGORIES;

#[test]
fn categories_with_their_classes() {
    let names: Vec<String> =
        serde_json::from_slice(&fs::read(crate::vendor().join("models/names.json")).unwrap()).unwrap();
    let mut table = String::new();
    for category in CATEGORIES {
        let classes = category.classes.iter().cloned().flatten();
        let classes: Vec<_> = classes.map(|class| names[class].as_str()).collect();
        writeln!(table, "{}: {}", category.name, classes.join(", ")).unwrap();
    }
    insta::assert_snapshot!(table);
}
