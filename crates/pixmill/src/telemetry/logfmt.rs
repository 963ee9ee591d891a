//! logfmt: `name=value` pairs, values in quotes where they need them.

use std::fmt::Write;

use tracing::Level;

use super::layout::Now;

/// Starts a line: its time, level and target.
pub fn head(line: &mut String, level: Level, target: &str) {
    // writing to a string cannot fail
    let _ = write!(line, "time={Now} level={} target=", level.as_str().to_ascii_lowercase());
    value(line, target);
}

/// Appends a pair.
pub fn pair(line: &mut String, name: &str, text: &str) {
    line.push(' ');
    line.push_str(name);
    line.push('=');
    value(line, text);
}

/// Appends a value. One in quotes has the escapes of JSON, so that it never contains a line feed.
fn value(line: &mut String, text: &str) {
    let is_plain =
        |letter: char| !letter.is_control() && !letter.is_whitespace() && !matches!(letter, '"' | '=' | '\\');
    if !text.is_empty() && text.chars().all(is_plain) {
        line.push_str(text);
    } else if let Ok(quoted) = serde_json::to_string(text) {
        line.push_str(&quoted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_where_needed() {
        for (text, expected) in [
            ("a", " n=a"),
            ("/x?y", " n=/x?y"),
            ("", " n=\"\""),
            ("a b", " n=\"a b\""),
            ("a=b", " n=\"a=b\""),
            ("a\"b\n", " n=\"a\\\"b\\n\""),
            ("é", " n=é"),
        ] {
            let mut line = String::new();
            pair(&mut line, "n", text);
            assert_eq!(line, expected);
        }
    }
}
