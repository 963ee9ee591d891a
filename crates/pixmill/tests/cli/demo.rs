//! The demo page in a real browser: served as `make demo` serves it, and used by tests/browser/demo.py.

use std::{
    net::TcpListener,
    process::{Command, id},
};

use crate::browser::{Chromium, find, script, skip};

const SERVE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/demo/serve.sh");

#[test]
fn the_demo_page_works_in_chromium() {
    let test = "the_demo_page_works_in_chromium";
    let Some(chromium) = Chromium::find(test) else { return };
    if find("nginx").is_none() {
        return skip(test, "nginx is not installed");
    }
    let pixmill = env!("CARGO_BIN_EXE_pixmill");
    let said = chromium.run(Command::new("bash").args([
        SERVE,
        pixmill,
        &free_port().to_string(),
        "python3",
        "-s",
        script!("demo.py"),
    ]));
    assert_eq!(said.matches("axe: 0 violations").count(), 4, "{said}");
}

/// A port that is free, and so is the one before it. The system gives none below 32768 to those who ask for any, so that no
/// other test gets it.
fn free_port() -> u16 {
    let is_free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    let start = 20_000 + (id() % 5000) as u16 * 2;
    (start..32_000).step_by(2).find(|port| is_free(*port) && is_free(port - 1)).unwrap()
}
