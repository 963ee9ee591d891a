//! Escaping of values in a canonical query string: readable, and parsed as the same value.

/// Appends a value such that [`RequestQuery::parse`](crate::query::RequestQuery::parse) returns it unchanged.
pub fn escape(value: &str, out: &mut String) {
    for c in value.chars() {
        match c {
            '%' => out.push_str("%25"),
            '&' => out.push_str("%26"),
            '+' => out.push_str("%2B"),
            ' ' => out.push('+'),
            c => out.push(c),
        }
    }
}
