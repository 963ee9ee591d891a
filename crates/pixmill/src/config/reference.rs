//! The reference of all keys, in Markdown, made from the types and doc comments of the sections.

use schemars::schema_for;
use serde_json::{Map, Value};

use super::root::Config;

/// One heading and one table per section: key, default, meaning.
pub fn reference() -> String {
    let schema = schema_for!(Config).to_value();
    let document = Document::of(&schema);
    let sections = document.properties(&schema).into_iter().flatten();
    let text = |(name, property): (&String, &Value)| {
        let meaning = description(property);
        let rows = document.rows(name, property);
        format!("## `{name}`\n\n{meaning}\n\n| key | default | meaning |\n|---|---|---|\n{rows}")
    };
    sections.map(text).collect::<Vec<_>>().join("\n")
}

/// A JSON schema with its named type definitions.
pub(super) struct Document<'a> {
    types: Option<&'a Map<String, Value>>,
}

impl<'a> Document<'a> {
    /// The document of a schema.
    pub(super) fn of(schema: &'a Value) -> Self {
        Self { types: schema["$defs"].as_object() }
    }

    /// The doc comment of a key on one line, with those of its values.
    pub(super) fn meaning(&self, property: &Value) -> String {
        [description(property), self.choices(property)].concat()
    }

    /// The rows of a key, or of all keys below it.
    fn rows(&self, key: &str, property: &Value) -> String {
        if let Some(properties) = self.properties(property) {
            return properties
                .iter()
                .map(|(name, below)| self.rows(&format!("{key}.{name}"), below))
                .collect();
        }
        let default = match property.get("default") {
            None | Some(Value::Null) => "none".to_owned(),
            Some(value) => format!("`{value}`"),
        };
        let meaning = self.meaning(property);
        format!("| `{key}` | {} | {} |\n", in_cell(&default), in_cell(&meaning))
    }

    /// The keys below it, if it is a table with known keys.
    pub(super) fn properties<'b>(&self, schema: &'b Value) -> Option<&'b Map<String, Value>>
    where
        'a: 'b,
    {
        self.resolved(schema).get("properties")?.as_object()
    }

    /// The values of an enumeration, with their meanings.
    fn choices(&self, property: &Value) -> String {
        let choices = self.resolved(property).get("oneOf").and_then(Value::as_array);
        let choice = |choice: &Value| match choice.get("const") {
            Some(value) => format!(" `{value}`: {}", lower(&description(choice))),
            None => String::new(),
        };
        choices.into_iter().flatten().map(choice).collect()
    }

    fn resolved<'b>(&self, schema: &'b Value) -> &'b Value
    where
        'a: 'b,
    {
        let name = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
        name.and_then(|name| self.types?.get(name)).unwrap_or(schema)
    }
}

/// The doc comment, on one line.
fn description(schema: &Value) -> String {
    schema.get("description").and_then(Value::as_str).unwrap_or_default().replace('\n', " ")
}

/// A sentence with a lower-case first letter, unless its first word is an acronym.
fn lower(sentence: &str) -> String {
    let mut chars = sentence.chars();
    match (chars.next(), chars.clone().next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => first.to_lowercase().chain(chars).collect(),
        _ => sentence.to_owned(),
    }
}

fn in_cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: &str) -> String {
        let start = format!("| `{key}` |");
        let text = reference();
        let mut rows = text.lines().filter(|line| line.starts_with(&start));
        let row = rows.next().unwrap_or_else(|| panic!("no row of {key} in {text}"));
        assert_eq!(rows.next(), None, "{key}");
        row.to_owned()
    }

    #[test]
    fn keys_have_a_row_with_default_and_meaning() {
        assert_eq!(
            row("params.allow_original"),
            "| `params.allow_original` | `true` | Whether a request without parameters gets the original as it is; \
             otherwise it is refused. |"
        );
        assert!(row("cache.memory.max_bytes").contains("| `\"256.0 MiB\"` |"));
        assert!(row("quality_auto.ssimulacra2").contains("| none |"));
        assert!(row("origin.headers").contains("| `{}` |"));
        assert!(row("origin.ca_file").contains("| none |"));
        assert!(row("logs.format").contains("`\"json\"`: one JSON object per line."));
    }

    #[test]
    fn every_key_is_documented() {
        for line in reference().lines().filter(|line| line.starts_with("| `")) {
            let cells: Vec<_> = line.split(" | ").collect();
            assert!(cells.len() == 3 && cells[2].ends_with(". |"), "{line}");
        }
    }

    #[test]
    fn sections_come_in_the_order_of_the_configuration() {
        let text = reference();
        let headings: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        let expected = [
            "listen",
            "admin",
            "origin",
            "origins",
            "params",
            "cors",
            "errors",
            "client_hints",
            "limits",
            "output",
        ];
        let expected: Vec<_> = expected
            .iter()
            .chain(&[
                "animation",
                "meta",
                "codecs",
                "quality_auto",
                "refine",
                "cache",
                "workers",
                "uploads",
                "vision",
                "playground",
                "logs",
                "telemetry",
                "sentry",
            ])
            .map(|name| format!("`{name}`"))
            .collect();
        assert_eq!(headings, expected);
    }
}
