//! Values as they stand in a canonical query string: readable, and parsed as what they were.

/// Appends a value so that [`RequestQuery::parse`](crate::query::RequestQuery::parse) reads it back, whatever is in it.
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
