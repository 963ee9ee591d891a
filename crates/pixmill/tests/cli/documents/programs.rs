//! The programs in docs/signing.md compute the signature of the test vector.

use std::process::Command;

use super::page::{Block, blocks};

const URL: &str =
    "https://img.example/caf%C3%A9/photo.jpg?width=300&crop=fit&mark=/logo%20small.png&expires=4102444800";
const KEY: &str = "correct horse battery staple";
const SIGNATURE: &str = "45132550dbd0394328bffd121f5120ca34ce05084bdd0377af47e54f78a561ae";

fn signs(program: &str, code: &str) {
    let folder = tempfile::tempdir().unwrap();
    let extension = if program == "node" { "mjs" } else { "py" };
    let file = folder.path().join(format!("sign.{extension}"));
    std::fs::write(&file, code).unwrap();
    let output = Command::new(program).arg(&file).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        printed.trim(),
        format!("{URL}&signature={SIGNATURE}"),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Whether a program is installed, by its option that prints the version; if not, prints that its test is skipped.
#[expect(clippy::print_stdout, reason = "what is skipped is told")]
pub fn is_there(program: &str, version: &str) -> bool {
    let there = Command::new(program).arg(version).output().is_ok_and(|output| output.status.success());
    if !there {
        println!("skipped: {program} is not installed");
    }
    there
}

/// The programs of docs/signing.md; those of docs/clients.md have tests of their own.
fn of_signing(language: &str) -> Vec<Block> {
    blocks(language).into_iter().filter(|block| !block.place.starts_with("docs/clients.md")).collect()
}

#[test]
fn python_signs() {
    let blocks = of_signing("python");
    assert_eq!(blocks.len(), 1, "the test of a further program: {blocks:?}");
    if is_there("python3", "--version") {
        signs("python3", &format!("{}\nprint(sign({URL:?}, {KEY:?}))", blocks[0].text));
    }
}

#[test]
fn javascript_signs() {
    let blocks = of_signing("js");
    assert_eq!(blocks.len(), 1, "the test of a further program: {blocks:?}");
    if is_there("node", "--version") {
        signs("node", &format!("{}\nconsole.log(sign({URL:?}, {KEY:?}))", blocks[0].text));
    }
}
