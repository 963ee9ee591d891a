//! Configurations as TOML: the default one with comments, made from the types and doc comments of the sections, and the effective
//! one.

use schemars::schema_for;
use serde_json::{Map, Value};

use super::{reference::Document, root::Config};
use crate::wrapping::indented;

/// Width of comments, in characters.
const WIDTH: usize = 110;

/// The default configuration as TOML. Each key has its meaning as a comment; keys without a default are commented out.
pub fn template() -> String {
    let schema = schema_for!(Config).to_value();
    let document = Document::of(&schema);
    let mut text =
        "# The default configuration of Pixmill. A file needs only the keys that differ.\n".to_owned();
    for (name, property) in document.properties(&schema).into_iter().flatten() {
        section(&document, name, property, &mut text);
    }
    text
}

/// The effective values as TOML, with secrets masked. Keys that have no value are left out.
pub fn effective(config: &Config) -> String {
    let table = toml_of(config.redacted()).expect("invariant: a configuration is a table");
    toml::to_string_pretty(&table).expect("invariant: all values of a configuration can be written as TOML")
}

/// A section with its keys, then those below it.
fn section(document: &Document<'_>, path: &str, property: &Value, text: &mut String) {
    text.push('\n');
    *text += &indented(&document.meaning(property), "# ", WIDTH);
    let Some(keys) = document.properties(property) else {
        // a table whose keys are names that operators choose
        text.extend(["# [", path, ".NAME]\n"]);
        return;
    };
    text.extend(["[", path, "]\n"]);
    let (tables, plain): (Vec<_>, Vec<_>) =
        keys.iter().partition(|(_, key)| document.properties(key).is_some());
    for (name, key) in plain {
        *text += &indented(&document.meaning(key), "# ", WIDTH);
        match key.get("default").cloned().and_then(toml_of) {
            Some(default) => text.extend([name, " = ", &default.to_string(), "\n"]),
            None => text.extend(["# ", name, " =\n"]),
        }
    }
    for (name, key) in tables {
        section(document, &format!("{path}.{name}"), key, text);
    }
}

/// A value as TOML, which has no null.
fn toml_of(value: Value) -> Option<toml::Value> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(value) => value.into(),
        Value::Number(number) => match number.as_i64() {
            Some(number) => number.into(),
            None => number.as_f64()?.into(),
        },
        Value::String(text) => text.into(),
        Value::Array(values) => values.into_iter().filter_map(toml_of).collect::<Vec<_>>().into(),
        Value::Object(keys) => toml::Value::Table(table_of(keys)),
    })
}

fn table_of(keys: Map<String, Value>) -> toml::Table {
    keys.into_iter().filter_map(|(name, value)| Some((name, toml_of(value)?))).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::{Environment, Flags, load, reference::reference};

    fn loaded(text: &str) -> Config {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        load(Some(file.path()), &Environment::default(), &Flags::default()).unwrap()
    }

    #[test]
    fn the_template_is_the_default_configuration() {
        assert_eq!(loaded(&template()), Config::default());
    }

    /// The reference, from which docs/configuration.md is made, and the template list the same keys in the same order of sections.
    #[test]
    fn the_template_has_every_key_of_the_reference() {
        let mut section = String::new();
        let mut listed = Vec::new();
        for line in template().lines() {
            let line = line.trim_start_matches("# ");
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                name.trim_end_matches(".NAME").clone_into(&mut section);
                if line.contains("NAME") {
                    listed.push(section.clone());
                }
            } else if let Some((name, _)) = line.split_once(" =")
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            {
                listed.push(format!("{section}.{name}"));
            }
        }
        let reference = reference();
        let keys = reference.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        let mut keys: Vec<_> = keys.map(str::to_owned).collect();
        keys.sort_unstable();
        listed.sort_unstable();
        assert_eq!(listed, keys);
    }

    #[test]
    fn the_effective_configuration_is_readable_and_masked() {
        let mut config = Config::default();
        config.limits.max_side = 77;
        config.admin.username = "operator".into();
        config.admin.password = "hunter2".into();
        let text = effective(&config);
        assert!(text.contains("max_side = 77\n") && !text.contains("hunter2"), "{text}");
        assert_eq!(loaded(&text.replace("***", "hunter2")), config);
    }
}
