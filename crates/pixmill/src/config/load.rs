//! Loads the configuration from its layers, or reports everything that is wrong with them.

use std::{collections::BTreeMap, path::Path};

use config_types::Problem;

use super::{
    environment::{Environment, PREFIX},
    file,
    flags::Flags,
    layer::Setting,
    problems::Problems,
    root::Config,
    value::LayerValue,
};

/// Separates the parts of a key in the name of a variable.
const SEPARATOR: &str = "__";

/// Loads the configuration: defaults, overridden by the file (this one, else the one that the environment names), the
/// environment, and the command line. Reports the problems of all layers together, also of values that are overridden.
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
        match parse_variable(&rest, value) {
            Ok(setting) => settings.push(setting),
            Err(problem) => problems.push(problem),
        }
    }
    settings.extend(flags.settings());
    merge(settings, problems)
}

fn parse_variable(rest: &str, value: Option<String>) -> Result<Setting, Problem> {
    let source = format!("{PREFIX}{rest}");
    let Some(value) = value else { return Err(Problem::new("", format!("{source} is not valid UTF-8"))) };
    let key = rest.to_lowercase().split(SEPARATOR).map(str::to_owned).collect();
    Ok(Setting { key, value: LayerValue::Text(value), source })
}

fn merge(settings: Vec<Setting>, mut problems: Vec<Problem>) -> Result<Config, Problems> {
    let mut merged = LayerValue::Table(BTreeMap::new());
    let mut sources = BTreeMap::new();
    for setting in settings {
        match setting.fit() {
            Ok(value) => {
                merged.merge(value);
                sources.insert(setting.key.join("."), setting.source);
            }
            // several keys below an unknown one have the same problem
            Err(problem) if problems.contains(&problem) => {}
            Err(problem) => problems.push(problem),
        }
    }
    match serde_path_to_error::deserialize::<_, Config>(merged) {
        Ok(config) => {
            problems.extend(config.problems().into_iter().map(|problem| with_source(problem, &sources)));
            if problems.is_empty() { Ok(config) } else { Err(problems.into()) }
        }
        Err(error) => {
            problems.push(Problem::new(error.path().to_string(), error.inner().to_string()));
            Err(problems.into())
        }
    }
}

/// Adds where the key of a problem was set, if it was; a key in an inline table was set with the table.
fn with_source(problem: Problem, sources: &BTreeMap<String, String>) -> Problem {
    let parents = std::iter::successors(Some(problem.key.as_str()), |key| Some(key.rsplit_once('.')?.0));
    match parents.into_iter().find_map(|key| sources.get(key)) {
        Some(source) => problem.from_source(source),
        None => problem,
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, time::Duration};

    use bytesize::ByteSize;
    use tempfile::NamedTempFile;

    use super::*;
    use crate::config::Playground;

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
        problems.list().iter().map(|problem| problem.to_string().replace(&path, "FILE")).collect()
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
        assert_eq!(&*config.origin.url, "http://flag.example");
        assert_eq!(config.origin.headers["a"].reveal(), "file");
        assert_eq!(config.origin.headers["b"].reveal(), "environment");
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
            playground: true,
        };
        let environment = environment(&[("PIXMILL__ADMIN__ADDRESS", "127.0.0.1:9")]);
        let config = load(None, &environment, &flags).unwrap();
        assert_eq!(config.listen.address.to_string(), "127.0.0.1:0");
        assert_eq!(config.admin.address.to_string(), "[::1]:0");
        assert!(config.playground.enabled && config.playground.landing);
        assert_eq!(load(None, &environment, &Flags::default()).unwrap().playground, Playground::default());
    }

    #[test]
    fn the_environment_can_name_the_file_and_an_option_overrides_it() {
        let (named, given) = (file("limits.max_frames = 1"), file("limits.max_frames = 2"));
        let environment: Environment = [("PIXMILL_CONFIG", named.path())].into_iter().collect();
        assert_eq!(load(None, &environment, &Flags::default()).unwrap().limits.max_frames, 1);
        assert_eq!(load(Some(given.path()), &environment, &Flags::default()).unwrap().limits.max_frames, 2);
    }

    #[test]
    fn problems_of_all_layers_are_reported_with_their_sources() {
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
            ("typo: unknown key, expected one of `listen`", "FILE"),
            ("empty: unknown key", "FILE"),
            ("limits.max_side: expected a whole number of at most 4294967295, got \"wide\"", "FILE"),
            ("limits.max_frames: expected at least 1, got 0", "FILE"),
            ("listen.keep_alive: expected more than 60s", "FILE"),
            ("listen.adress: unknown key, expected one of `address`", "FILE"),
            ("output.avif_effort: expected 0 to 9, got 12", "PIXMILL__OUTPUT__AVIF_EFFORT"),
            ("output.avif: expected a boolean, got \"perhaps\"", "PIXMILL__OUTPUT__AVIF"),
            ("limits.max_sides: unknown key", "PIXMILL__LIMITS__MAX_SIDES"),
            ("listen.address: expected an IP address and a port", "--listen"),
        ] {
            let source = format!("(from {source})");
            let found = problems.iter().any(|problem| problem.starts_with(key) && problem.ends_with(&source));
            assert!(found, "{key} {source} is missing in {problems:#?}");
        }
        assert_eq!(problems.len(), 10, "{problems:#?}");
    }

    #[test]
    fn overridden_values_must_be_valid() {
        let problems =
            problems("limits.max_side = true", &[("PIXMILL__LIMITS__MAX_SIDE", "9")], &Flags::default());
        assert!(
            problems.len() == 1
                && problems[0].starts_with("limits.max_side: expected a whole number")
                && problems[0].contains("got true"),
            "{problems:?}"
        );
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
        assert_eq!(problems.list()[0].to_string(), "PIXMILL__ORIGIN__URL is not valid UTF-8");
    }
}
