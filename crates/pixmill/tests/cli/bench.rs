//! `bench`: figures of real renders.

use std::{fs, path::Path};

use serde_json::Value;
use testkit::samples;

use crate::run::{err, out, refused, told};

/// Runs it with little work, and reads its JSON.
fn figures(more: &[&str]) -> Value {
    let arguments = ["bench", "--json", "--seconds", "0.05"].into_iter().chain(more.iter().copied());
    serde_json::from_str(&out(arguments)).unwrap()
}

fn positive(value: &Value) -> f64 {
    let number = value.as_f64().unwrap();
    assert!(number > 0.0, "{number}");
    number
}

#[test]
fn every_format_and_width_is_measured() {
    let found = figures(&["--original-width", "120", "--formats", "jpeg,webp", "--widths", "30,60"]);
    assert_eq!((&found["original"]["width"], &found["original"]["height"]), (&120.into(), &80.into()));
    let renders = found["renders"].as_array().unwrap();
    let cell = |cell: &Value| (cell["format"].as_str().unwrap().to_owned(), cell["width"].as_u64().unwrap());
    let cells: Vec<_> = renders.iter().map(cell).collect();
    let expected = [("jpeg", 30), ("jpeg", 60), ("webp", 30), ("webp", 60)];
    assert_eq!(cells, expected.map(|(format, width)| (format.to_owned(), width)));
    for cell in renders {
        for name in ["cpu_ms", "renders_per_second", "bytes"] {
            positive(&cell[name]);
        }
        assert!(positive(&cell["renders"]) >= positive(&found["threads"]), "{cell}");
    }
}

#[test]
fn the_results_are_those_of_other_renders() {
    let folder = tempfile::tempdir().unwrap();
    let (source, output) = (samples().join("china.jpg"), folder.path().join("a.webp"));
    let found = figures(&["--source", source.to_str().unwrap(), "--formats", "webp", "--widths", "90"]);
    assert_eq!((&found["original"]["width"], &found["original"]["height"]), (&640.into(), &427.into()));
    assert_eq!(positive(&found["original"]["bytes"]) as u64, fs::metadata(&source).unwrap().len());
    out([Path::new("process"), &source, Path::new("width=90&format=webp"), Path::new("-o"), &output]);
    assert_eq!(positive(&found["renders"][0]["bytes"]) as u64, fs::metadata(&output).unwrap().len());
}

#[test]
fn people_get_a_table() {
    let table =
        out(["bench", "--seconds", "0.01", "--original-width", "90", "--formats", "jpeg", "--widths", "9"]);
    assert!(table.starts_with("original: computed, 90 × 60, "), "{table}");
    let line = table.lines().find(|line| line.starts_with("jpeg ")).unwrap();
    assert_eq!(line.split_whitespace().count(), 5, "{table}");
}

#[test]
fn impossible_measurements_are_refused() {
    let wide = refused(["bench", "--original-width", "90", "--widths", "91"]);
    assert!(
        wide.contains("cannot measure a width of 91: expected 1 to 90, the width of the original"),
        "{wide}"
    );
    assert!(err(["bench", "--source", "no-such-file"]).starts_with("error: no-such-file: "));
    let text = samples().join("LICENSES.md");
    assert!(err(["bench", "--source", text.to_str().unwrap()]).contains("unsupported image format"));
    for refused in
        [["--seconds", "0"], ["--seconds", "x"], ["--formats", "bmp"], ["--original-width", "9000"]]
    {
        assert_eq!(told(["bench"].into_iter().chain(refused)).code, 2, "{refused:?}");
    }
}
