//! `plan-capacity`: plans from figures in a file, and from figures that it measures.

use std::fs;

use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::run::{out, told};

/// Figures of two formats at two widths.
fn figures() -> NamedTempFile {
    let render = |format: &str, width: u32, cpu_ms: f64, bytes: u64| {
        json!({ "format": format, "width": width, "cpu_ms": cpu_ms, "bytes": bytes,
            "renders_per_second": 1.0, "renders": 1 })
    };
    let renders = [
        render("jpeg", 200, 10.0, 10_000),
        render("jpeg", 400, 20.0, 30_000),
        render("avif", 200, 40.0, 5000),
        render("avif", 400, 80.0, 15_000),
    ];
    let original = json!({ "name": "computed", "width": 2040, "height": 1360, "bytes": 400_000 });
    let figures = json!({ "version": "1", "libvips": "8", "optimized": true, "threads": 2, "original": original,
        "renders": renders });
    let file = NamedTempFile::new().unwrap();
    fs::write(&file, figures.to_string()).unwrap();
    file
}

/// The arguments of a plan from these figures.
fn arguments<'a>(file: &'a NamedTempFile, more: &[&'a str]) -> Vec<&'a str> {
    let given = ["plan-capacity", "--bench", file.path().to_str().unwrap(), "--requests-per-second", "1000"];
    given.into_iter().chain(more.iter().copied()).collect()
}

const LOAD: [&str; 6] =
    ["--hit-rate", "90%", "--formats", "jpeg=50%,avif=50%", "--widths", "200=50%,400=50%"];

#[test]
fn figures_in_a_file_give_a_plan() {
    let file = figures();
    let more = [&LOAD[..], &["--headroom", "50%", "--variants", "1000000", "--json"]].concat();
    let told: Value = serde_json::from_str(&out(arguments(&file, &more))).unwrap();
    let plan = &told["plan"];
    let near = |value: &Value, expected: f64| {
        let found = value.as_f64().unwrap();
        assert!((found / expected - 1.0).abs() < 1e-9, "{found}, expected {expected}: {plan:#}");
    };
    near(&plan["renders_per_second"], 100.0);
    near(&plan["cpu_ms_per_render"], 37.5);
    // 100 renders of 37.5 ms, and 1000 requests of 30 µs
    near(&plan["busy_cores"], 3.78);
    // half of four cores is to be used: two nodes, and a spare one
    assert_eq!((&plan["nodes"], &plan["cores"]), (&3.into(), &12.into()));
    near(&plan["bytes_per_response"], 15_000.0);
    near(&plan["origin_bytes_per_second"], 100.0 * 400_000.0);
    near(&plan["redis"]["commands_per_second"], 180.0 + 1000.0);
    near(&plan["redis"]["memory_bytes"], 1e6 * 15_600.0 * 1.25);
    assert_eq!(told["figures"]["renders"].as_array().unwrap().len(), 4);
}

#[test]
fn people_get_lines() {
    let file = figures();
    let text = out(arguments(&file, &LOAD));
    let line =
        |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{text}"));
    assert!(line("nodes").ends_with("3 of 4 cores, 1 of them to spare"), "{text}");
    assert!(line("busy cores").ends_with(" 3.78"), "{text}");
    assert!(line("Redis memory").ends_with("unknown without --variants"), "{text}");
}

#[test]
fn figures_are_measured_if_none_are_given() {
    let told = out([
        "plan-capacity",
        "--requests-per-second",
        "10",
        "--hit-rate",
        "50%",
        "--formats",
        "jpeg=100%",
        "--widths",
        "20=100%",
        "--seconds",
        "0.05",
        "--original-width",
        "60",
        "--json",
    ]);
    let told: Value = serde_json::from_str(&told).unwrap();
    let measured = &told["figures"]["renders"][0]["cpu_ms"];
    assert!(measured.as_f64().unwrap() > 0.0);
    assert_eq!(&told["plan"]["cpu_ms_per_render"], measured);
}

#[test]
fn impossible_input_is_refused() {
    let file = figures();
    let refused =
        |more: &[&str]| crate::run::refused(arguments(&file, &[&["--hit-rate", "90%"], more].concat()));
    for (more, reason) in [
        (&["--formats", "jpeg=50%,avif=40%"][..], "the shares of --formats add up to 90.0%, expected 100%"),
        (&["--formats", "jpeg=50%,jpeg=50%"], "--formats has jpeg twice"),
        (&["--formats", "bmp=100%"], "--formats has \"bmp\", expected one of jpeg, png, webp, avif"),
        (&["--formats", "png=100%", "--widths", "200=100%"], "the figures have no png: measure it"),
        (&["--formats", "jpeg=100%", "--widths", "500=100%"], "widths 200, 400, and 500 is not between them"),
        (
            &["--formats", "jpeg=100%", "--widths", "200=100%", "--node-memory", "1GB"],
            "a node of 4 cores needs more than 2.1 GB of memory",
        ),
    ] {
        let told = refused(more);
        assert!(told.contains(reason), "{more:?}: {told}");
    }
    fs::write(&file, "{}").unwrap();
    assert!(refused(&[]).contains("is not the output of `pixmill bench --json`: missing field"));
    for more in
        [&["--hit-rate", "0.9"][..], &["--hit-rate", "101%"], &["--hit-rate", "9%", "--headroom", "91%"]]
    {
        assert_eq!(told(arguments(&file, more)).code, 2, "{more:?}");
    }
}
