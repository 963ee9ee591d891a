//! `check-config` and `config`: the layers of the configuration.

use std::{fs, path::Path};

use crate::run::{Told, out, pixmill, refused};

fn checked(file: &Path, variables: &[(&str, &str)]) -> Told {
    let mut command = pixmill(["check-config"]);
    command.arg("--config").arg(file).envs(variables.iter().copied());
    command.output().unwrap().into()
}

#[test]
fn a_good_configuration_is_ok() {
    assert_eq!(out(["check-config"]), "ok\n");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pixmill.toml");
    fs::write(
        &file,
        "[limits]\nmax_bytes = '10MiB'\ndeadline = '5s'\n[cache]\nmemory.max_bytes = 33554432\n",
    )
    .unwrap();
    let told = checked(&file, &[("PIXMILL__LOGS__FORMAT", "human"), ("PIXMILL_PORT", "tcp://10.0.0.1:80")]);
    assert_eq!((told.code, told.out.as_str(), told.err.as_str()), (0, "ok\n", ""));
}

#[test]
fn all_problems_are_reported_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pixmill.toml");
    fs::write(&file, "nonsense = 1\n[limits]\nmax_side = 'wide'\n[origin]\nheaders.token = 7777777\n")
        .unwrap();
    let told = checked(&file, &[("PIXMILL__LISTEN__KEEP_ALIVE", "30s"), ("PIXMILL__LISTEN__PORT", "80")]);
    assert_eq!((told.code, told.out.as_str()), (2, ""), "{told:?}");
    assert!(told.err.starts_with("error: the configuration has 5 problems:\n"), "{}", told.err);
    for problem in [
        "nonsense: unknown key, expected one of `listen`",
        "limits.max_side: expected a whole number of at most 4294967295, got \"wide\"",
        "origin.headers.token: expected a string, got ***",
        "listen.keep_alive: expected more than 60s",
        "listen.port: unknown key, expected one of `address`",
    ] {
        assert!(
            told.err.lines().any(|line| line.trim_start().starts_with(problem)),
            "{problem}: {}",
            told.err
        );
    }
    assert!(!told.err.contains("7777777"), "{}", told.err);
    assert!(told.err.contains("(from PIXMILL__LISTEN__PORT)"), "{}", told.err);
}

#[test]
fn the_file_can_come_from_the_environment() {
    let told: Told = pixmill(["check-config"]).env("PIXMILL_CONFIG", "no/such.toml").output().unwrap().into();
    assert_eq!(told.code, 2);
    assert!(told.err.contains("no/such.toml cannot be read: "), "{}", told.err);
    assert!(refused(["check-config", "--config", "no/such.toml"]).contains("no/such.toml cannot be read"));
}

#[test]
fn imagizer_settings_are_reported_with_their_new_keys() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pixmill.toml");
    let text = "bucketsAllowed = ['a']\nallowDynamicOrigin = true\n[aws]\nawsAuthorization = 'x'\n[params]\npresetColors = {}\n";
    fs::write(&file, text).unwrap();
    let told = refused(["check-config", "--config", file.to_str().unwrap()]);
    for line in [
        "bucketsAllowed: unknown key, use origin.buckets_allowed",
        "allowDynamicOrigin: unknown key, use origin.allow_dynamic",
        "aws: unknown key, use origin.bucket.access_key_id and origin.bucket.secret_access_key",
        "params.presetColors: unknown key, use params.preset_colors",
    ] {
        assert!(told.contains(line), "{line}\n{told}");
    }
}

#[test]
fn the_default_configuration_can_be_used_as_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pixmill.toml");
    fs::write(&file, out(["config", "--default"])).unwrap();
    let told = checked(&file, &[]);
    assert_eq!((told.code, told.out.as_str(), told.err.as_str()), (0, "ok\n", ""));
    let file = file.to_str().unwrap();
    assert_eq!(out(["config", "--config", file]), out(["config"]));
}

#[test]
fn the_effective_configuration_has_no_secrets() {
    let shown = |arguments: &[&str]| {
        let variables = [
            ("PIXMILL__ADMIN__USERNAME", "operator"),
            ("PIXMILL__ADMIN__PASSWORD", "hunter2"),
            ("PIXMILL__LIMITS__MAX_SIDE", "77"),
        ];
        let told: Told = pixmill(arguments).envs(variables).output().unwrap().into();
        assert_eq!((told.code, told.err.as_str()), (0, ""));
        assert!(!told.out.contains("hunter2"), "{}", told.out);
        told.out
    };
    let toml = shown(&["config"]);
    assert!(toml.contains("\nmax_side = 77\n") && toml.contains("\npassword = \"***\"\n"), "{toml}");
    let json: serde_json::Value = serde_json::from_str(&shown(&["config", "--json"])).unwrap();
    assert_eq!((&json["limits"]["max_side"], &json["admin"]["password"]), (&77.into(), &"***".into()));
    assert_eq!(pixmill(["config", "--default", "--json"]).output().unwrap().status.code(), Some(2));
}
