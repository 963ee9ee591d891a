//! Every error code of the server has a heading in docs/troubleshooting.md, so that it can be looked up.

use std::{collections::BTreeSet, fs};

use super::page::root;

/// The only file that maps failures to codes; its functions that do so lie between these lines.
const MAPPING: (&str, &str, &str) = (
    "crates/pixmill/src/http/error.rs",
    "\n/// Status and code of a sort of failure.",
    "\n/// The parameter that the failure is about.",
);

#[test]
fn every_code_has_a_heading() {
    let (file, from, to) = MAPPING;
    let source = fs::read_to_string(root().join(file)).unwrap();
    let mapping = source.split_once(from).unwrap().1.split_once(to).unwrap().0;
    // no other literals are there
    let codes: BTreeSet<&str> = mapping.split('"').skip(1).step_by(2).collect();
    for code in pixmill::http::error::codes() {
        assert!(codes.contains(code), "{code} was not found in {file}");
    }
    let page = fs::read_to_string(root().join("docs/troubleshooting.md")).unwrap();
    let section = page.split_once("\n## By error code\n").unwrap().1;
    let headings: BTreeSet<&str> = section.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    assert_eq!(headings, codes);
}
