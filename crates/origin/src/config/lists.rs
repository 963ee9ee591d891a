//! Keys that are lists, each entry of which is parsed.

use config_types::Problem;

use crate::host_allowlist::HostPattern;

/// Parses one entry; an error says what was expected.
pub(super) type Parse<T> = fn(&str) -> Result<T, &'static str>;

pub(super) fn parse_pattern(text: &str) -> Result<HostPattern, &'static str> {
    text.parse()
}

/// The entries that can be parsed; the others are in [`list_problems`].
pub(super) fn parse_list<T>(list: &[String], parse: Parse<T>) -> Vec<T> {
    list.iter().filter_map(|text| parse(text).ok()).collect()
}

/// The entries that cannot be parsed, as problems of their key.
pub(super) fn list_problems<T>(key: &str, list: &[String], parse: Parse<T>) -> Vec<Problem> {
    let problem = |text: &String| {
        let expected = parse(text).err()?;
        Some(Problem::new(format!("origin.{key}"), format!("{expected}, got {text:?}")))
    };
    list.iter().filter_map(problem).collect()
}
