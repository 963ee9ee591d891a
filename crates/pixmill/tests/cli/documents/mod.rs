//! Tests of the documentation: every command, request, configuration and program in it is executed or checked.
//!
//! The language after the fence selects the check of a block: `sh` (commands), `console` (commands after `$ `, and what they
//! print, where `…` stands for any text and `ID` for an identifier), `toml` (configuration), `json`, `python`, `js`, `go`, `ruby`,
//! `php` and `java` (programs), `html` (its pictures are requested), `yaml` (for other programs: not checked), `text` (not to be
//! run).

mod clients;
mod error_codes;
mod migration;
mod page;
mod pattern;
mod programs;
mod shell;
mod site;
mod tutorial;

use std::fs;

use page::{LANGUAGES, all_blocks, blocks, requests};
use site::Site;

use crate::run::pixmill;

#[test]
fn every_block_has_a_language() {
    let others = all_blocks().into_iter().filter(|block| !LANGUAGES.contains(&block.language.as_str()));
    let places: Vec<_> = others.map(|block| block.place).collect();
    assert_eq!(places, [""; 0], "expected one of {LANGUAGES:?} behind the fence");
}

#[test]
fn every_configuration_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pixmill.toml");
    for block in blocks("toml") {
        fs::write(&file, &block.text).unwrap();
        let mut command = pixmill(["check-config".as_ref(), "--config".as_ref(), file.as_os_str()]);
        // keys that are named in comments are set by the environment
        for name in block.text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
            if name.starts_with("PIXMILL__") {
                command.env(name, "from the environment");
            }
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}: {}", block.place, String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn every_json_can_be_read() {
    for block in blocks("json") {
        let read: Result<serde_json::Value, _> = serde_json::from_str(&block.text);
        assert!(read.is_ok(), "{}: {}", block.place, read.unwrap_err());
    }
}

#[test]
fn every_request_is_answered() {
    let site = Site::start();
    for (place, request) in requests() {
        // pictures of other hosts are refused unless they are allowed
        let expected = if request.contains("=http") { "401" } else { "200" };
        assert_eq!(site.status(&request), expected, "{place}: {request}");
    }
}

#[test]
fn every_command_does_what_it_says() {
    let site = Site::start();
    // the tutorial has a test of its own, since its commands depend on one another
    for block in blocks("sh").iter().filter(|block| !block.place.starts_with(tutorial::PAGE)) {
        shell::run_all(&site, block);
    }
    for block in blocks("console") {
        shell::run_and_compare(&site, &block);
    }
}
