//! The playground in a real browser: what tests/browser/playground.py does there.

use std::process::Command;

use crate::{
    browser::{Chromium, script},
    serve::serve_with,
};

const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples");

const KEY: &str = "correct horse battery staple";

#[test]
fn the_playground_works_in_chromium() {
    let Some(chromium) = Chromium::find("the_playground_works_in_chromium") else { return };
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
    let arguments = ["-s", script!("playground.py"), &open.url, &signing.url, KEY];
    let said = chromium.run(Command::new("python3").args(arguments));
    assert_eq!(said.matches("axe: 0 violations").count(), 4, "{said}");
    println!("{said}");
}
