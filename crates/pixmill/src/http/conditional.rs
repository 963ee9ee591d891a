//! Conditional requests: whether the client has the answer already.

use actix_web::http::header::{HeaderMap, IF_MODIFIED_SINCE, IF_NONE_MATCH};
use result_cache::EntryMeta;

/// Whether the answer is the one that the client has (RFC 9110, 13.2.2): tags decide, dates only without tags.
pub fn not_modified(headers: &HeaderMap, meta: &EntryMeta) -> bool {
    if headers.contains_key(IF_NONE_MATCH) {
        let Some(etag) = &meta.etag else { return false };
        let lines = headers.get_all(IF_NONE_MATCH).filter_map(|line| line.to_str().ok());
        return lines.into_iter().any(|line| names(line, etag));
    }
    let since = headers.get(IF_MODIFIED_SINCE).and_then(|date| date.to_str().ok());
    match (since, &meta.last_modified) {
        (Some(since), Some(modified)) => not_after(modified, since),
        _ => false,
    }
}

/// Whether a list of entity tags has this one, by weak comparison: `W/` is disregarded.
fn names(list: &str, etag: &str) -> bool {
    let mut rest = list.trim();
    if rest == "*" {
        return true;
    }
    while !rest.is_empty() {
        let tag = rest.strip_prefix("W/").unwrap_or(rest);
        let Some(end) = tag.strip_prefix('"').and_then(|inner| inner.find('"')) else { return false };
        let (tag, after) = tag.split_at(end + 2);
        if tag == etag {
            return true;
        }
        rest = after.trim_start_matches([',', ' ', '\t']);
    }
    false
}

fn not_after(modified: &str, since: &str) -> bool {
    match (httpdate::parse_http_date(modified), httpdate::parse_http_date(since)) {
        (Ok(modified), Ok(since)) => modified <= since,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    const MONDAY: &str = "Mon, 05 Jan 2026 10:00:00 GMT";
    const TUESDAY: &str = "Tue, 06 Jan 2026 10:00:00 GMT";

    fn decided(if_none_match: &str, if_modified_since: &str) -> bool {
        let meta = EntryMeta {
            etag: Some("\"abc\"".to_owned()),
            last_modified: Some(MONDAY.to_owned()),
            ..EntryMeta::default()
        };
        let mut headers = HeaderMap::new();
        for (name, value) in [(IF_NONE_MATCH, if_none_match), (IF_MODIFIED_SINCE, if_modified_since)] {
            if !value.is_empty() {
                headers.insert(name, HeaderValue::from_str(value).unwrap());
            }
        }
        not_modified(&headers, &meta)
    }

    #[test]
    fn tags() {
        for (list, same) in [
            ("\"abc\"", true),
            ("W/\"abc\"", true),
            ("*", true),
            ("\"x\", \"abc\"", true),
            ("\"x\",W/\"y\" ,  W/\"abc\"", true),
            ("\"a,b\", \"abc\"", true),
            ("\"x\"", false),
            ("abc", false),
            ("\"abc", false),
            ("\"x\" \"", false),
            ("\"*\"", false),
        ] {
            assert_eq!(decided(list, ""), same, "{list}");
        }
    }

    #[test]
    fn dates_count_only_without_tags() {
        assert!(decided("", MONDAY));
        assert!(decided("", TUESDAY));
        assert!(!decided("", "Sun, 04 Jan 2026 10:00:00 GMT"));
        assert!(!decided("", "yesterday"));
        assert!(!decided("\"x\"", TUESDAY));
        assert!(!decided("", ""));
    }
}
