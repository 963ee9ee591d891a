//! The playground in a real browser, by Playwright: what tests/browser/browser.py does there.

use std::{
    io::{Write, stderr},
    path::Path,
    process::{Command, Stdio},
};

use crate::serve::serve_with;

/// Where vendor.sh installs Playwright and axe-core.
const TOOLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/tools/playwright");

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser/browser.py");

const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples");

const KEY: &str = "correct horse battery staple";

#[test]
fn the_playground_works_in_chromium() {
    let Some(chromium) = chromium() else { return };
    let arguments = ["--origin", SAMPLES, "--playground"];
    let open = serve_with(
        &arguments,
        &[
            ("PIXMILL__UPLOADS__ENABLED", "true"),
            ("PIXMILL__UPLOADS__PUBLIC", "true"),
            ("PIXMILL__UPLOADS__ADDRESS", "127.0.0.1:0"),
        ],
    );
    let signing = serve_with(&arguments, &[("PIXMILL__PARAMS__SIGNING__KEYS__MAIN", KEY)]);
    let output = Command::new("python3")
        .args(["-s", SCRIPT, &open.url, &signing.url, KEY])
        .env("CHROMIUM", chromium)
        .env("PYTHONPATH", TOOLS)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(said.matches("axe: 0 violations").count(), 4, "{said}");
    println!("{said}");
}

/// The path of the browser, if everything is installed.
fn chromium() -> Option<String> {
    let found =
        Command::new("sh").args(["-c", "command -v chromium"]).stderr(Stdio::null()).output().unwrap();
    let path = String::from_utf8(found.stdout).unwrap().trim().to_owned();
    let missing = match (path.is_empty(), Path::new(TOOLS).is_dir()) {
        (false, true) => return Some(path),
        (true, _) => "no chromium in PATH",
        (_, false) => "no Playwright: vendor-scripts/vendor.sh playwright fetches it",
    };
    // not by a macro, whose output the test runner captures
    stderr().write_all(format!("the_playground_works_in_chromium: skipped: {missing}\n").as_bytes()).unwrap();
    None
}
