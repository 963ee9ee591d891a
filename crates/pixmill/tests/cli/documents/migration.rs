//! The tables of docs/migration: every query on Pixmill's side is valid, and every parameter has a row in the table of all.

use std::{collections::BTreeSet, fs};

use image_api::{
    params::policy::Policy,
    query::RequestQuery,
    table::{self, Row, Scope},
};

use super::page::root;

/// The page with the table of all parameters.
const ALL: &str = "docs/migration/README.md";

/// Inline code in the column `Pixmill` of the tables of a page, with its line.
fn queries(page: &str) -> Vec<(String, String)> {
    let text = fs::read_to_string(root().join(page)).unwrap();
    let mut column = None;
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        if !line.starts_with('|') {
            column = None;
        } else if let Some(at) = cells.iter().position(|cell| *cell == "Pixmill") {
            column = Some(at);
        } else if let Some(cell) = column.and_then(|at| cells.get(at)) {
            let codes = cell.split('`').skip(1).step_by(2);
            found.extend(codes.map(|code| (format!("{page}:{number}"), code.to_owned())));
        }
    }
    found
}

fn pages() -> Vec<String> {
    let entries = fs::read_dir(root().join("docs/migration")).unwrap();
    entries.map(|entry| format!("docs/migration/{}", entry.unwrap().file_name().to_str().unwrap())).collect()
}

#[test]
fn every_query_is_valid() {
    let mut policy = Policy::default();
    policy.be_strict();
    policy.add_preset("card", "width=480").unwrap();
    let queries: Vec<_> = pages().iter().flat_map(|page| queries(page)).collect();
    assert!(queries.len() > 200, "{}", queries.len());
    let mut problems = Vec::new();
    for (place, query) in queries.iter().filter(|(_, query)| !query.contains('…')) {
        let sent = RequestQuery::parse(query).unwrap();
        // the parameters of signatures and uploads are handled elsewhere: for them, the name is checked
        let picture = sent
            .filtered(|pair| matches!(pair.row, Some(Row { scope: Scope::Picture(_) | Scope::Preset, .. })));
        problems.extend(policy.parse_query(&picture).err().map(|error| format!("{place}: {query}: {error}")));
        let unknown = sent.pairs().iter().find(|pair| pair.row.is_none());
        problems.extend(unknown.map(|pair| format!("{place}: {query}: {} is unknown", pair.name)));
    }
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn every_parameter_has_a_row() {
    let names = queries(ALL).into_iter().flat_map(|(_, query)| {
        let names = query.split('&').map(|pair| pair.split('=').next().unwrap().to_owned());
        names.collect::<Vec<_>>()
    });
    let names: BTreeSet<String> = names.collect();
    let known: BTreeSet<String> = table::rows().iter().map(|row| row.spec.name.to_owned()).collect();
    let missing: Vec<_> = known.difference(&names).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
