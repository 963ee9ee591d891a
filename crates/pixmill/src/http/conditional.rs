//! Conditional requests: whether the client has the response already.

use std::time::SystemTime;

use actix_web::{
    HttpMessage,
    http::header::{
        EntityTag, Header, HttpDate, IF_MODIFIED_SINCE, IF_NONE_MATCH, IfModifiedSince, IfNoneMatch,
    },
};
use result_cache::EntryMeta;

/// Whether the response is the one that the client has (RFC 9110, 13.2.2): dates count only without entity tags, which are
/// compared weakly.
pub fn not_modified(request: &impl HttpMessage, meta: &EntryMeta) -> bool {
    let headers = request.headers();
    if let Some(sent) = headers.get(IF_NONE_MATCH) {
        // the tag of the last response, sent back: the usual case
        if meta.etag.as_ref().is_some_and(|etag| sent == etag) {
            return true;
        }
        let Some(etag) = entity_tag(meta) else { return false };
        return match IfNoneMatch::parse(request) {
            Ok(IfNoneMatch::Any) => true,
            Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|tag| tag.weak_eq(&etag)),
            Err(_) => false,
        };
    }
    if !headers.contains_key(IF_MODIFIED_SINCE) {
        return false;
    }
    match (last_modified(meta), IfModifiedSince::parse(request)) {
        (Some(modified), Ok(IfModifiedSince(since))) => modified <= SystemTime::from(since),
        _ => false,
    }
}

/// The entity tag of a cached response.
pub fn entity_tag(meta: &EntryMeta) -> Option<EntityTag> {
    meta.etag.as_ref()?.parse().ok()
}

/// The modification date of a cached response, in whole seconds.
pub fn last_modified(meta: &EntryMeta) -> Option<SystemTime> {
    let date: HttpDate = meta.last_modified.as_ref()?.parse().ok()?;
    Some(date.into())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    const MONDAY: &str = "Mon, 05 Jan 2026 10:00:00 GMT";
    const TUESDAY: &str = "Tue, 06 Jan 2026 10:00:00 GMT";

    fn is_not_modified(if_none_match: &str, if_modified_since: &str) -> bool {
        let meta = EntryMeta {
            etag: Some("\"abc\"".to_owned()),
            last_modified: Some(MONDAY.to_owned()),
            ..EntryMeta::default()
        };
        let mut request = TestRequest::default();
        for (name, value) in [(IF_NONE_MATCH, if_none_match), (IF_MODIFIED_SINCE, if_modified_since)] {
            if !value.is_empty() {
                request = request.insert_header((name, value));
            }
        }
        not_modified(&request.to_http_request(), &meta)
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
            assert_eq!(is_not_modified(list, ""), same, "{list}");
        }
    }

    #[test]
    fn dates_count_only_without_tags() {
        assert!(is_not_modified("", MONDAY));
        assert!(is_not_modified("", TUESDAY));
        assert!(!is_not_modified("", "Sun, 04 Jan 2026 10:00:00 GMT"));
        assert!(!is_not_modified("", "yesterday"));
        assert!(!is_not_modified("\"x\"", TUESDAY));
        assert!(!is_not_modified("", ""));
    }
}
