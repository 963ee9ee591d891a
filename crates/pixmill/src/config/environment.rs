//! The environment variables of the process, as a value that can be passed around.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::{Path, PathBuf},
};

/// Prefix of variables that set a key. The parts of the key follow, joined by two underscores.
pub const PREFIX: &str = "PIXMILL__";

/// The variable that names the configuration file.
const FILE: &str = "PIXMILL_CONFIG";

/// Variables that a render worker gets, by name and by prefix.
const WORKER_VARIABLES: [&str; 6] =
    ["HOME", "LANG", "LD_LIBRARY_PATH", "MALLOC_CONF", "RUST_BACKTRACE", "TMPDIR"];
const WORKER_PREFIXES: [&str; 5] = ["FONTCONFIG_", "G_", "LC_", "VIPS_", "XDG_"];

/// Names and values of environment variables.
#[derive(Debug, Clone, Default)]
pub struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// The environment of this process.
    #[expect(clippy::disallowed_methods, reason = "this is the one place where the environment is read")]
    pub fn of_process() -> Self {
        Self(std::env::vars_os().collect())
    }

    /// The configuration file it names, if any.
    pub fn file(&self) -> Option<&OsString> {
        self.0.get(&OsString::from(FILE)).filter(|path| !path.is_empty())
    }

    /// The variables that a render worker gets: those of fonts, libraries and memory, and none that may contain a secret.
    pub fn for_workers(&self) -> impl Iterator<Item = (&OsString, &OsString)> {
        let is_wanted = |name: &str| {
            WORKER_VARIABLES.contains(&name) || WORKER_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        };
        self.0.iter().filter(move |(name, _)| name.to_str().is_some_and(is_wanted))
    }

    /// The home folder, if there is one.
    pub fn home(&self) -> Option<PathBuf> {
        self.path("HOME")
    }

    /// Additional locations of fonts, their configuration and their caches.
    pub fn font_paths(&self) -> impl Iterator<Item = PathBuf> {
        let file = self.path("FONTCONFIG_FILE").and_then(|file| file.parent().map(Path::to_path_buf));
        let below = |name, folder| self.path(name).map(|path| path.join(folder));
        [
            file,
            self.path("FONTCONFIG_PATH"),
            below("XDG_DATA_HOME", "fonts"),
            below("XDG_CONFIG_HOME", "fontconfig"),
            below("XDG_CACHE_HOME", "fontconfig"),
        ]
        .into_iter()
        .flatten()
    }

    /// The width of the terminal as the shell states it, in characters.
    pub fn columns(&self) -> Option<usize> {
        let text = self.0.get(&OsString::from("COLUMNS"))?.to_str()?;
        text.trim().parse().ok().filter(|columns| *columns > 0)
    }

    /// Whether terminals may be sent colours (no-color.org).
    pub fn has_colour(&self) -> bool {
        self.path("NO_COLOR").is_none()
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        self.0.get(&OsString::from(name)).filter(|path| !path.is_empty()).map(PathBuf::from)
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
    fn workers_get_no_secrets() {
        let environment = Environment::from_iter([
            ("AWS_SECRET_ACCESS_KEY", "x"),
            ("PIXMILL__PARAMS__SIGNING__KEYS", "x"),
            ("HOME", "/somewhere"),
            ("FONTCONFIG_FILE", "/fonts/fonts.conf"),
            ("XDG_CACHE_HOME", "/cache"),
        ]);
        let names: Vec<_> = environment.for_workers().map(|(name, _)| name.to_str().unwrap()).collect();
        assert_eq!(names, ["FONTCONFIG_FILE", "HOME", "XDG_CACHE_HOME"]);
        assert_eq!(environment.home(), Some("/somewhere".into()));
        let paths: Vec<_> = environment.font_paths().collect();
        assert_eq!(paths, [PathBuf::from("/fonts"), "/cache/fontconfig".into()]);
    }

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
