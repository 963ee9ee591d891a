//! `explain`: plans as text and as JSON.

use serde_json::Value;
use testkit::samples;

use crate::run::{err, out, refused, told};

#[test]
fn a_url_is_explained_on_an_assumed_picture() {
    let text = out(["explain", "https://images.example/a.jpg?w=480&quality=900&utm_source=x"]);
    for line in [
        "canonical: width=480&quality=100",
        "note: utm_source is ignored: unknown parameter",
        "note: quality was clamped to its range",
        "source: Jpeg, 1920 × 1080 (assumed)",
        "resize to 480 × 270",
    ] {
        assert!(text.lines().any(|told| told == line), "{line:?} is missing in {text}");
    }
}

#[test]
fn the_assumed_size_can_be_chosen() {
    let text = out(["explain", "width=100", "--size", "400x200"]);
    assert!(
        text.contains("source: Jpeg, 400 × 200 (assumed)") && text.contains("resize to 100 × 50"),
        "{text}"
    );
    assert!(out(["explain", "trim=color&width=9"]).contains("assumed to select the whole picture"));
    assert_eq!(told(["explain", "width=100", "--size", "400"]).code, 2);
    let refused = told(["explain", "width=100", "--size", "99999x99999"]);
    assert!(refused.code != 0 && refused.err.contains("limits.max_pixels"), "{}", refused.err);
}

#[test]
fn descriptions_are_distinguished_from_pictures() {
    assert!(out(["explain", "meta=true"]).contains("describe the original as JSON"));
    assert!(out(["explain", "meta=true&width=9"]).contains("describe it as JSON"));
    let told: Value = serde_json::from_str(&out(["explain", "meta=true", "--json"])).unwrap();
    assert_eq!((&told["answer"]["type"], &told["plan"]), (&"application/json".into(), &Value::Null));
}

#[test]
fn overlays_are_listed_with_their_positions() {
    let text = out(["explain", "width=200&mark=/logo.png&mark_pos=top&mark_offset=10&mark_scale=50"]);
    assert!(text.contains("lay /logo.png, shrunk to 57 × 57, at middle, top 11\n"), "{text}");
}

#[test]
fn a_file_is_analysed() {
    let sample = samples().join("quadrants-orient6.jpg");
    let sample = sample.to_str().unwrap();
    let told: Value =
        serde_json::from_str(&out(["explain", "width=30", "--source", sample, "--json"])).unwrap();
    assert_eq!(told["source"]["name"], sample);
    assert_eq!(told["answer"]["width"], 30);
    let plan: Vec<_> = told["plan"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(plan.contains(&"turn 90° clockwise"), "{plan:?}");
}

#[test]
fn auto_depends_on_the_accepted_formats() {
    let answer = |accept: &[&str]| {
        let arguments = ["explain", "width=30&format=auto", "--json"].iter().chain(accept);
        serde_json::from_str::<Value>(&out(arguments)).unwrap()["answer"]["type"].clone()
    };
    assert_eq!(answer(&[]), "image/jpeg");
    assert_eq!(answer(&["--accept", "webp"]), "image/webp");
    assert_eq!(answer(&["--accept", "webp,avif"]), "image/avif");
}

#[test]
fn no_parameters_mean_the_original() {
    assert!(out(["explain", "https://images.example/a.jpg"]).ends_with("send the original as it is\n"));
    let json: Value = serde_json::from_str(&out(["explain", "", "--json"])).unwrap();
    assert_eq!((&json["plan"], &json["answer"]), (&Value::Null, &Value::Null));
    let logo = samples().join("pixmill-logo.svg");
    assert!(out(["explain", "", "--source", logo.to_str().unwrap()]).contains("encode Png"));
}

#[test]
fn invalid_queries_are_refused() {
    assert!(refused(["explain", "width=px"]).starts_with("error: width: expected "));
    assert!(err(["explain", "mark=/a?mark=/a?mark=/a?mark=/a"]).contains("at most 3 deep"));
    assert!(err(["explain", "width=60000"]).contains("limits.max_side allows 12000"));
    assert!(err(["explain", "width=1", "--source", "no/such.jpg"]).starts_with("error: no/such.jpg: "));
}
