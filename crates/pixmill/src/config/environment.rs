//! The environment variables of the process, as a value that can be passed around.

use std::{collections::BTreeMap, ffi::OsString};

/// What begins the name of a variable that sets a key; the parts of the key follow, joined by two underscores.
pub const PREFIX: &str = "PIXMILL__";

/// The variable that names the configuration file.
const FILE: &str = "PIXMILL_CONFIG";

/// Names and values of environment variables.
#[derive(Debug, Clone, Default)]
pub struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// That of this process.
    #[expect(clippy::disallowed_methods, reason = "this is the one place where the environment is read")]
    pub fn of_process() -> Self {
        Self(std::env::vars_os().collect())
    }

    /// The configuration file it names, if any.
    pub fn file(&self) -> Option<&OsString> {
        self.0.get(&OsString::from(FILE)).filter(|path| !path.is_empty())
    }

    /// The variables that set a key: what follows the prefix, and the value unless it is not UTF-8.
    pub fn settings(&self) -> impl Iterator<Item = (String, Option<String>)> {
        self.0.iter().filter_map(|(name, value)| {
            let rest = name.to_string_lossy().strip_prefix(PREFIX)?.to_owned();
            Some((rest, value.to_str().map(str::to_owned)))
        })
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_with_two_underscores_set_keys() {
        let environment = Environment::from_iter([
            ("PIXMILL__LIMITS__MAX_SIDE", "9"),
            ("PIXMILL_SERVICE_HOST", "10.0.0.1"),
            ("PIXMILL_CONFIG", "pixmill.toml"),
            ("HOME", "/root"),
        ]);
        let settings: Vec<_> = environment.settings().collect();
        assert_eq!(settings, [("LIMITS__MAX_SIDE".to_owned(), Some("9".to_owned()))]);
        assert_eq!(environment.file(), Some(&OsString::from("pixmill.toml")));
        assert_eq!(Environment::from_iter([("PIXMILL_CONFIG", "")]).file(), None);
    }
}
