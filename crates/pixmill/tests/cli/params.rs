//! `params`, `--version` and the help.

use crate::run::{out, told};

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
