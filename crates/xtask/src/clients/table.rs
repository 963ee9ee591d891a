//! The table of parameters as the client libraries read it: one line per parameter.

use anyhow::{Context, Result};
use image_api::params::signature::SIGNATURE;
use image_api::params::spec::{Grammar, Spec};
use image_api::table::{Row, Scope, rows};

/// The line before the table in a library, without its comment sign.
const BEGIN: &str = "BEGIN TABLE";

/// The line after it.
const END: &str = "END TABLE";

/// The type of a parameter's values, as far as the libraries check it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// An integer in a range.
    Whole(u32, u32),
    /// A number in a range.
    Decimal(f64, f64),
    /// Any number.
    Number,
    /// A boolean.
    Boolean,
    /// One of these words.
    Keyword(&'static [&'static str]),
    /// A list, sent as JSON.
    Json,
    /// Text that selects the original, in which a `+` is no space.
    Source,
    /// Other text.
    Text,
}

impl Kind {
    /// The name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Whole(..) => "whole",
            Self::Decimal(..) => "decimal",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Keyword(_) => "keyword",
            Self::Json => "json",
            Self::Source => "source",
            Self::Text => "text",
        }
    }

    /// The kind of a parameter.
    pub fn of(row: &Row) -> Self {
        match row.spec.grammar {
            _ if matches!(row.scope, Scope::Source(_)) => Self::Source,
            Grammar::Whole(low, high) => Self::Whole(low, high),
            Grammar::Decimal(low, high) => Self::Decimal(low, high),
            Grammar::Degrees => Self::Number,
            Grammar::Boolean => Self::Boolean,
            Grammar::Keyword(words) => Self::Keyword(words),
            Grammar::Text(text) if text.starts_with("JSON array") => Self::Json,
            Grammar::Colour | Grammar::Text(_) => Self::Text,
        }
    }

    /// Bounds or words, as text.
    pub fn details(self) -> Vec<String> {
        match self {
            Self::Whole(low, high) => vec![low.to_string(), high.to_string()],
            Self::Decimal(low, high) => vec![low.to_string(), high.to_string()],
            Self::Keyword(words) => words.iter().map(|word| (*word).to_owned()).collect(),
            _ => Vec::new(),
        }
    }
}

/// Every parameter that a client may set: all but the signature, which is computed.
pub fn parameters() -> impl Iterator<Item = (&'static Spec, Kind)> {
    rows().iter().filter(|row| !row.is(&SIGNATURE)).map(|row| (row.spec, Kind::of(row)))
}

/// `name alias,alias kind detail…`, separated by bars, one line per parameter.
fn lines(indentation: &str) -> String {
    let line = |(spec, kind): (&Spec, Kind)| {
        let mut fields = vec![spec.name.to_owned(), spec.aliases.join(","), kind.name().to_owned()];
        fields.extend(kind.details());
        format!("{indentation}{}\n", fields.join("|"))
    };
    parameters().map(line).collect()
}

/// The library with the current table between its marks.
pub fn embedded(library: &str) -> Result<String> {
    let begin = library.find(BEGIN).with_context(|| format!("expected a line with {BEGIN}"))?;
    // the line after the mark opens the literal
    let opens = begin
        + library[begin..].match_indices('\n').nth(1).context("expected a literal after the mark")?.0
        + 1;
    let end = library.find(END).with_context(|| format!("expected a line with {END}"))?;
    // the last line before that of the mark closes it
    let before = library[..end].rfind('\n').map_or("", |at| library[..at].trim_end());
    let closes = before.rfind('\n').context("expected a literal before the mark")? + 1;
    anyhow::ensure!(opens <= closes, "expected {BEGIN}, a literal of several lines, {END}");
    let closing = &library[closes..];
    let indentation = &closing[..closing.len() - closing.trim_start().len()];
    Ok(format!("{}{}{closing}", &library[..opens], lines(indentation)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_stands_between_the_marks() {
        let before = "a\n# BEGIN TABLE\nT = '''\nold|x\nold|y\n  '''\n# END TABLE\nb\n";
        let after = embedded(before).unwrap();
        assert!(after.starts_with("a\n# BEGIN TABLE\nT = '''\n  width|w|whole|1|65535\n"), "{after}");
        assert!(after.ends_with("\n  expires||text\n  '''\n# END TABLE\nb\n"), "{after}");
        assert_eq!(embedded(&after).unwrap(), after);
        assert!(embedded("no marks").is_err());
    }

    #[test]
    fn lines_have_bounds_words_and_aliases() {
        let lines = lines("");
        for line in
            ["dpr|scale|decimal|0.1|10", "trim||keyword|color", "layers||json", "origin|hostname|source"]
        {
            assert!(lines.lines().any(|found| found == line), "{line}");
        }
        assert!(!lines.contains("signature"));
    }
}
