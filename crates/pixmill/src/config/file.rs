//! The layer of the configuration file, in TOML.

use std::{fs, path::Path};

use config_types::Problem;
use toml::{Table, Value};

use super::layer::Setting;

/// Reads a configuration file. The error is a problem with the file as a whole.
pub fn read(path: &Path) -> Result<Vec<Setting>, Problem> {
    let source = path.display().to_string();
    let text = fs::read_to_string(path)
        .map_err(|error| Problem::new("", format!("{source} cannot be read: {error}")))?;
    // the error's own text quotes the line, which may contain a secret
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let place = error.span().map_or_else(String::new, |span| place(&text, span.start));
        Problem::new("", format!("{source} is not valid TOML{place}: {}", error.message()))
    })?;
    let mut settings = Vec::new();
    flatten(&mut Vec::new(), Value::Table(table), &mut |key, value| {
        settings.push(Setting { key, value: value.into(), source: source.clone() });
    });
    Ok(settings)
}

/// Calls `visit` with each value that is not a table, and its key. Empty tables are visited too: their names may be unknown.
fn flatten(key: &mut Vec<String>, value: Value, visit: &mut impl FnMut(Vec<String>, Value)) {
    match value {
        Value::Table(table) if !table.is_empty() => {
            for (name, inner) in table {
                key.push(name);
                flatten(key, inner, visit);
                key.pop();
            }
        }
        leaf if !key.is_empty() => visit(key.clone(), leaf),
        _ => {}
    }
}

/// Line and column of an offset.
fn place(text: &str, offset: usize) -> String {
    let before = &text[..text.floor_char_boundary(offset)];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    format!(", line {line}, column {column}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::value::LayerValue;

    fn parsed(text: &str) -> Result<Vec<(String, LayerValue)>, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        let settings = read(file.path()).map_err(|problem| problem.to_string())?;
        Ok(settings.into_iter().map(|setting| (setting.key.join("."), setting.value)).collect())
    }

    #[test]
    fn tables_are_flattened() {
        let settings = parsed("a = 1\n[b]\nc.d = 'x'\ne = [{ f = 1 }]\n[empty]\n").unwrap();
        let keys: Vec<_> = settings.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["a", "b.c.d", "b.e", "empty"]);
        assert_eq!(settings[1].1, LayerValue::Toml("x".into()));
        assert_eq!(parsed("").unwrap(), []);
    }

    #[test]
    fn invalid_toml_is_reported_with_its_position_but_not_quoted() {
        let problem = parsed("[origin]\nurl = 'x'\nheaders.a = \"hunter2\n").unwrap_err();
        assert!(problem.contains("not valid TOML, line 3, column "), "{problem}");
        assert!(!problem.contains("hunter2"), "{problem}");
        let problem = parsed("a = 1\na = 2\n").unwrap_err();
        assert!(problem.contains("line 2, column 1: duplicate key"), "{problem}");
    }

    #[test]
    fn a_missing_file_is_a_problem() {
        let problem = read(Path::new("no/such/file.toml")).unwrap_err().to_string();
        assert!(problem.starts_with("no/such/file.toml cannot be read: "), "{problem}");
    }
}
