//! Chromium, driven by the scripts of tests/browser through Playwright.

use std::{
    io::{Write, stderr},
    path::Path,
    process::{Command, Stdio},
};

/// Where vendor.sh installs Playwright and axe-core.
const TOOLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/tools/playwright");

/// The path of a script.
macro_rules! script {
    ($name:literal) => {
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser/", $name)
    };
}
pub(crate) use script;

/// An installed Chromium.
pub struct Chromium {
    path: String,
}

impl Chromium {
    /// The browser for a test. If it or Playwright is not installed, the test is skipped, and standard error says so.
    pub fn find(test: &str) -> Option<Self> {
        let path = find("chromium");
        let missing = match path {
            Some(path) if Path::new(TOOLS).is_dir() => return Some(Self { path }),
            Some(_) => "no Playwright: vendor-scripts/vendor.sh playwright fetches it",
            None => "no chromium in PATH",
        };
        skip(test, missing);
        None
    }

    /// Runs a command that uses the browser, and returns what it printed. It must succeed.
    pub fn run(&self, command: &mut Command) -> String {
        let environment =
            [("CHROMIUM", self.path.as_str()), ("PYTHONPATH", TOOLS), ("PYTHONDONTWRITEBYTECODE", "1")];
        let output = command.envs(environment).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
        said
    }
}

/// The path of an installed program.
pub fn find(program: &str) -> Option<String> {
    let command = format!("command -v {program}");
    let found = Command::new("sh").args(["-c", &command]).stderr(Stdio::null()).output().unwrap();
    let path = String::from_utf8(found.stdout).unwrap().trim().to_owned();
    (!path.is_empty()).then_some(path)
}

/// Says on standard error that a test is skipped: not by a macro, whose output the test runner captures.
pub fn skip(test: &str, missing: &str) {
    stderr().write_all(format!("{test}: skipped: {missing}\n").as_bytes()).unwrap();
}
