//! Sorts of things, written out in the names of the classes they sum up.

use std::{fmt::Write, fs};

use vision::CATEGORIES;

#[test]
fn parents_are_what_their_classes_have_in_common() {
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
