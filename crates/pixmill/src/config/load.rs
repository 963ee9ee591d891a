//! From the layers to a configuration, or to everything that is wrong with them.

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;
use toml::{Table, Value};

use super::{
    Config, Environment, Flags, Problems,
    environment::PREFIX,
    file,
    layer::{LayerValue, RawValue},
};

/// What separates the parts of a key in the name of a variable.
const SEPARATOR: &str = "__";

/// Puts the layers on each other: defaults, the file (the one given here, else the one the environment names), the
/// environment, the command line. Every problem of every layer is reported, also of values that a later layer
/// overrides.
pub fn load(file: Option<&Path>, environment: &Environment, flags: &Flags) -> Result<Config, Problems> {
    let mut problems = Vec::new();
    let mut settings = Vec::new();
    if let Some(path) = file.or(environment.file().map(Path::new)) {
        match file::read(path) {
            Ok(given) => settings.extend(given),
            Err(problem) => problems.push(problem),
        }
    }
    for (rest, value) in environment.settings() {
        match variable(&rest, value) {
            Ok(setting) => settings.push(setting),
            Err(problem) => problems.push(problem),
        }
    }
    settings.extend(flags.settings());
    finish(settings, problems)
}

fn variable(rest: &str, value: Option<String>) -> Result<LayerValue, String> {
    let source = format!("{PREFIX}{rest}");
    let Some(value) = value else { return Err(format!("{source} is not UTF-8, expected text")) };
    let key = rest.to_lowercase().split(SEPARATOR).map(str::to_owned).collect();
    Ok(LayerValue { key, given: RawValue::Text(value), source })
}

fn finish(settings: Vec<LayerValue>, mut problems: Vec<String>) -> Result<Config, Problems> {
    let mut merged = Value::Table(Table::new());
    let mut sources = BTreeMap::new();
    for setting in settings {
        match setting.fit() {
            Ok(value) => {
                merge(&mut merged, value);
                sources.insert(setting.key.join("."), setting.source);
            }
            // several keys below an unknown one have the same problem
            Err(problem) if problems.contains(&problem) => {}
            Err(problem) => problems.push(problem),
        }
    }
    match Config::deserialize(merged) {
        Ok(config) => {
            problems.extend(config.problems().into_iter().map(|problem| with_source(problem, &sources)));
            if problems.is_empty() { Ok(config) } else { Err(problems.into()) }
        }
        Err(error) => {
            problems.push(error.message().to_owned());
            Err(problems.into())
        }
    }
}

/// Tables are joined, everything else is replaced.
fn merge(lower: &mut Value, upper: Value) {
    match (lower, upper) {
        (Value::Table(lower), Value::Table(upper)) => {
            for (name, value) in upper {
                match lower.get_mut(&name) {
                    Some(below) => merge(below, value),
                    None => drop(lower.insert(name, value)),
                }
            }
        }
        (lower, upper) => *lower = upper,
    }
}

/// Adds where the key that a problem begins with was set, if it was.
fn with_source(problem: String, sources: &BTreeMap<String, String>) -> String {
    let is_subject = |key: &str| {
        let rest = problem.strip_prefix(key);
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || "._-".contains(c)))
    };
    match sources.iter().find(|(key, _)| is_subject(key)) {
        Some((_, source)) => format!("{problem} (from {source})"),
        None => problem,
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, time::Duration};

    use bytesize::ByteSize;
    use tempfile::NamedTempFile;

    use super::*;

    fn file(text: &str) -> NamedTempFile {
        let file = NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        file
    }

    fn environment(variables: &[(&str, &str)]) -> Environment {
        variables.iter().copied().collect()
    }

    fn problems(toml: &str, variables: &[(&str, &str)], flags: &Flags) -> Vec<String> {
        let file = file(toml);
        let path = file.path().display().to_string();
        let problems = load(Some(file.path()), &environment(variables), flags).unwrap_err();
        problems.sentences().iter().map(|problem| problem.replace(&path, "FILE")).collect()
    }

    #[test]
    fn nothing_given_means_the_defaults() {
        let config = load(None, &Environment::default(), &Flags::default()).unwrap();
        assert_eq!(config, Config::default());
    }

    #[test]
    fn each_layer_overrides_the_ones_below() {
        let file = file(
            r#"
            [listen]
            address = "127.0.0.1:1"
            keep_alive = "2m"
            workers = 3
            [limits]
            max_side = 100
            max_frames = 7
            [origin]
            url = "http://file.example"
            [origin.headers]
            a = "file"
            b = "file"
            "#,
        );
        let environment = environment(&[
            ("PIXMILL__LISTEN__ADDRESS", "127.0.0.1:2"),
            ("PIXMILL__LIMITS__MAX_SIDE", "200"),
            ("PIXMILL__ORIGIN__HEADERS__B", "environment"),
            ("PIXMILL__ORIGIN__URL", "http://environment.example"),
            ("PIXMILL__CACHE__MEMORY__MAX_BYTES", "64MiB"),
            ("PIXMILL__CACHE__RESULTS__ENABLED", "false"),
            ("PIXMILL__LIMITS__DEADLINE", "5s"),
            ("PIXMILL_LISTEN", "elsewhere"),
        ]);
        let flags = Flags { origin: Some("http://flag.example".to_owned()), ..Flags::default() };
        let config = load(Some(file.path()), &environment, &flags).unwrap();
        assert_eq!(config.listen.address.port(), 2);
        assert_eq!(config.listen.keep_alive, Duration::from_mins(2));
        assert_eq!(config.listen.workers, 3);
        assert_eq!((config.limits.max_side, config.limits.max_frames), (200, 7));
        assert_eq!(config.limits.deadline, Duration::from_secs(5));
        assert_eq!(config.limits.max_pixels, Config::default().limits.max_pixels);
        assert_eq!(config.origin.url, "http://flag.example");
        assert_eq!(config.origin.headers["a"], "file");
        assert_eq!(config.origin.headers["b"], "environment");
        assert_eq!(config.cache.memory.max_bytes, ByteSize::mib(64));
        assert!(!config.cache.results.enabled && config.cache.originals.enabled);
        assert_eq!(config.settings().limits.max_side, 200);
    }

    #[test]
    fn flags_are_the_uppermost_layer() {
        let flags = Flags {
            listen: Some("127.0.0.1:0".to_owned()),
            admin_listen: Some("[::1]:0".to_owned()),
            origin: Some(String::new()),
        };
        let environment = environment(&[("PIXMILL__ADMIN__ADDRESS", "127.0.0.1:9")]);
        let config = load(None, &environment, &flags).unwrap();
        assert_eq!(config.listen.address.to_string(), "127.0.0.1:0");
        assert_eq!(config.admin.address.to_string(), "[::1]:0");
    }

    #[test]
    fn the_environment_can_name_the_file_and_an_option_goes_before_it() {
        let (named, given) = (file("limits.max_frames = 1"), file("limits.max_frames = 2"));
        let environment: Environment = [("PIXMILL_CONFIG", named.path())].into_iter().collect();
        assert_eq!(load(None, &environment, &Flags::default()).unwrap().limits.max_frames, 1);
        assert_eq!(load(Some(given.path()), &environment, &Flags::default()).unwrap().limits.max_frames, 2);
    }

    #[test]
    fn all_problems_of_all_layers_come_together_with_their_sources() {
        let toml = r#"
            typo.a = 1
            typo.b = 1
            [empty]
            [limits]
            max_side = "wide"
            max_frames = 0
            [listen]
            keep_alive = "5s"
            adress = "127.0.0.1:80"
        "#;
        let variables = [
            ("PIXMILL__OUTPUT__AVIF_EFFORT", "12"),
            ("PIXMILL__OUTPUT__AVIF", "perhaps"),
            ("PIXMILL__LIMITS__MAX_SIDES", "5"),
        ];
        let flags = Flags { listen: Some("8080".to_owned()), ..Flags::default() };
        let problems = problems(toml, &variables, &flags);
        for (key, source) in [
            ("typo is no known key, expected one of `listen`", "FILE"),
            ("empty is no known key", "FILE"),
            ("limits.max_side is \"wide\", expected a whole number", "FILE"),
            ("limits.max_frames: expected at least 1, got 0", "FILE"),
            ("listen.keep_alive is 5s, expected more than 60s", "FILE"),
            ("listen.adress is no known key, expected one of `address`", "FILE"),
            ("output.avif_effort: expected 0 to 9, got 12", "PIXMILL__OUTPUT__AVIF_EFFORT"),
            ("output.avif is \"perhaps\", expected a boolean", "PIXMILL__OUTPUT__AVIF"),
            ("limits.max_sides is no known key", "PIXMILL__LIMITS__MAX_SIDES"),
            ("listen.address is \"8080\", expected an IP address and a port", "--listen"),
        ] {
            let source = format!("(from {source})");
            let found = problems.iter().any(|problem| problem.starts_with(key) && problem.ends_with(&source));
            assert!(found, "{key} {source} is missing in {problems:#?}");
        }
        assert_eq!(problems.len(), 10, "{problems:#?}");
    }

    #[test]
    fn a_value_that_is_overridden_must_still_be_right() {
        let problems =
            problems("limits.max_side = true", &[("PIXMILL__LIMITS__MAX_SIDE", "9")], &Flags::default());
        assert!(problems.len() == 1 && problems[0].starts_with("limits.max_side is true,"), "{problems:?}");
    }

    #[test]
    fn secrets_never_appear() {
        let toml = "[origin]\nurl = 'gopher://user:hunter2@example'\n[origin.headers]\n'a b' = 'hunter2'\nc = ['hunter2']";
        let variables =
            [("PIXMILL__ORIGIN__PASSWORD", "hunter2"), ("PIXMILL__ORIGIN__HEADERS__RANGE", "hunter2")];
        let problems = problems(toml, &variables, &Flags::default());
        assert_eq!(problems.len(), 5, "{problems:#?}");
        assert!(!problems.join(" ").contains("hunter2"), "{problems:#?}");
    }

    #[cfg(unix)]
    #[test]
    fn values_that_are_not_utf8_are_problems() {
        use std::{ffi::OsString, os::unix::ffi::OsStringExt};
        let broken = OsString::from_vec(vec![0xff]);
        let environment: Environment = [("PIXMILL__ORIGIN__URL", broken)].into_iter().collect();
        let problems = load(None, &environment, &Flags::default()).unwrap_err();
        assert_eq!(problems.sentences(), ["PIXMILL__ORIGIN__URL is not UTF-8, expected text"]);
    }
}
