//! The layer of the configuration file, in TOML.

use std::{fs, path::Path};

use toml::{Table, Value};

use super::layer::{LayerValue, RawValue};

/// Reads a file; an error is the problem with it as a whole.
pub fn read(path: &Path) -> Result<Vec<LayerValue>, String> {
    let source = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| format!("{source} cannot be read: {error}"))?;
    // the error's own text would show the line, and with it a secret
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let place = error.span().map_or_else(String::new, |span| place(&text, span.start));
        format!("{source} is not valid TOML{place}: {}", error.message())
    })?;
    let mut settings = Vec::new();
    flatten(&mut Vec::new(), Value::Table(table), &mut |key, value| {
        settings.push(LayerValue { key, given: RawValue::Toml(value), source: source.clone() });
    });
    Ok(settings)
}

/// Shows each value that is not a table with its key. An empty table is shown too: its name may be unknown.
fn flatten(key: &mut Vec<String>, value: Value, see: &mut impl FnMut(Vec<String>, Value)) {
    match value {
        Value::Table(table) if !table.is_empty() => {
            for (name, inner) in table {
                key.push(name);
                flatten(key, inner, see);
                key.pop();
            }
        }
        leaf if !key.is_empty() => see(key.clone(), leaf),
        _ => {}
    }
}

fn place(text: &str, offset: usize) -> String {
    let before = &text[..text.floor_char_boundary(offset)];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    format!(", line {line}, column {column}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Result<Vec<(String, String)>, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        let settings = read(file.path())?;
        let given = |setting: LayerValue| match setting.given {
            RawValue::Toml(value) => value.to_string(),
            RawValue::Text(text) => text,
        };
        Ok(settings.into_iter().map(|setting| (setting.key.join("."), given(setting))).collect())
    }

    #[test]
    fn tables_are_taken_apart_down_to_values() {
        let settings = written("a = 1\n[b]\nc.d = 'x'\ne = [{ f = 1 }]\n[empty]\n").unwrap();
        let keys: Vec<_> = settings.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["a", "b.c.d", "b.e", "empty"]);
        assert_eq!(settings[1].1, "\"x\"");
        assert_eq!(written("").unwrap(), []);
    }

    #[test]
    fn broken_toml_is_told_with_its_place_but_without_its_text() {
        let problem = written("[origin]\nurl = 'x'\nheaders.a = \"hunter2\n").unwrap_err();
        assert!(problem.contains("not valid TOML, line 3, column "), "{problem}");
        assert!(!problem.contains("hunter2"), "{problem}");
        let problem = written("a = 1\na = 2\n").unwrap_err();
        assert!(problem.contains("line 2, column 1: duplicate key"), "{problem}");
    }

    #[test]
    fn a_file_that_is_not_there_is_a_problem() {
        let problem = read(Path::new("no/such/file.toml")).unwrap_err();
        assert!(problem.starts_with("no/such/file.toml cannot be read: "), "{problem}");
    }
}
