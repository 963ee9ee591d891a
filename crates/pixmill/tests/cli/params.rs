//! `params`, `--version`, the help, and what is made from it: completions and manual pages.

use std::{fs, process::Command};

use crate::run::{Told, out, pixmill, refused, told};

#[test]
fn the_table_lists_every_parameter() {
    let table = out(["params"]);
    assert!(table.starts_with("NAME "), "{table}");
    for spec in image_api::params::SPECS {
        let names_it = |line: &str| line.split([' ', ',']).next() == Some(spec.name);
        assert_eq!(table.lines().filter(|line| names_it(line)).count(), 1, "{}: {table}", spec.name);
    }
}

#[test]
fn json_output() {
    let list: serde_json::Value = serde_json::from_str(&out(["params", "--json"])).unwrap();
    let names: Vec<_> =
        list.as_array().unwrap().iter().map(|param| param["name"].as_str().unwrap()).collect();
    for spec in image_api::params::SPECS {
        assert!(names.contains(&spec.name), "{}", spec.name);
    }
    let openapi: serde_json::Value = serde_json::from_str(&out(["params", "--openapi"])).unwrap();
    assert_eq!(openapi["openapi"], "3.1.0");
    assert_eq!(out(["openapi"]), out(["params", "--openapi"]));
    let width: serde_json::Value = serde_json::from_str(&out(["params", "w", "--json"])).unwrap();
    assert_eq!(width["name"], "width");
}

#[test]
fn one_parameter_is_explained_within_the_width_of_the_terminal() {
    let page = |columns| {
        let told: Told = pixmill(["params", "trim"]).env("COLUMNS", columns).output().unwrap().into();
        assert_eq!((told.code, told.err.as_str()), (0, ""));
        told.out
    };
    let longest = |page: &str| page.lines().map(|line| line.chars().count()).max().unwrap();
    let (narrow, wide) = (page("44"), page("100"));
    assert!(longest(&narrow) <= 44 && (60..=100).contains(&longest(&wide)), "{narrow}{wide}");
    assert!(narrow.starts_with("trim\n\n") && narrow.contains("\nExamples:\n  /"), "{narrow}");
    assert!(longest(&out(["params", "trim"])) <= 80);
}

#[test]
fn mistyped_names_are_suggested() {
    let mistaken = refused(["params", "widht"]);
    assert_eq!(mistaken, "error: unknown parameter \"widht\": did you mean width?\n");
    for (arguments, tip) in [(&["proces"][..], "'process'"), (&["serve", "--lisen", "x"], "'--listen'")] {
        let mistaken = told(arguments);
        assert_eq!(mistaken.code, 2);
        assert!(mistaken.err.contains("tip: ") && mistaken.err.contains(tip), "{}", mistaken.err);
    }
}

#[test]
fn every_command_shows_examples_and_the_program_its_exit_codes() {
    let help = out(["--help"]);
    assert!(help.contains("Exit codes:\n  0  success\n"), "{help}");
    for command in ["serve", "process", "warm", "config", "man"] {
        let help = out([command, "--help"]);
        assert!(help.contains(&format!("Examples:\n  pixmill {command}")), "{help}");
    }
}

#[test]
fn completions_are_scripts_of_their_shells() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pixmill");
    let script = out(["completions", "bash"]);
    fs::write(&file, &script).unwrap();
    let parsed = Command::new("bash").arg("-n").arg(&file).output().unwrap();
    assert!(parsed.status.success(), "{}", String::from_utf8_lossy(&parsed.stderr));
    assert!(script.contains("--skip-existing"), "{script}");
    assert!(out(["completions", "zsh"]).starts_with("#compdef pixmill\n"));
    assert!(out(["completions", "fish"]).contains("complete -c pixmill "));
    assert_eq!(told(["completions", "abacus"]).code, 2);
}

#[test]
fn manual_pages_are_roff() {
    let is_page = |text: &str| text.starts_with(".ie ") || text.starts_with(".TH ");
    assert!(is_page(&out(["man"])));
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    out(["man", pages.to_str().unwrap()]);
    for page in ["pixmill.1", "pixmill-process.1", "pixmill-check-config.1"] {
        let text = fs::read_to_string(pages.join(page)).unwrap();
        assert!(is_page(&text) && text.contains("Examples:") == (page != "pixmill.1"), "{page}: {text}");
    }
    assert!(!pages.join("pixmill-render-worker.1").exists());
}

#[test]
fn the_version_names_libvips() {
    let version = out(["--version"]);
    assert!(version.starts_with("pixmill ") && version.contains(&vips_ops::vips::version()), "{version}");
}

#[test]
fn the_help_lists_the_commands() {
    let help = out(["help"]);
    for command in ["serve", "process", "explain", "params", "check-config", "health"] {
        assert!(help.lines().any(|line| line.trim_start().starts_with(command)), "{command}: {help}");
    }
    assert_eq!(told(["polish"]).code, 2);
}
