//! Range requests: video players need them.
//!
//! The header `Range` is parsed here and not by actix-web, whose typed header takes `BYTES=` for an unknown unit, refuses
//! positions beyond 64 bits, and accepts `+1` (docs/adr/0021).

use actix_web::{
    HttpMessage,
    http::{
        Method,
        header::{Header, IF_RANGE, IfRange, RANGE},
    },
};
use result_cache::EntryMeta;

use super::conditional::{entity_tag, last_modified};

/// The bytes that a request selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of them.
    Whole,
    /// From the first to the last, inclusive.
    Range(usize, usize),
    /// None that exist.
    Unsatisfiable,
}

/// Which part of a body of this length a request selects (RFC 9110, 14): the whole body if it has several ranges, or a range
/// of another version.
pub fn part(method: &Method, request: &impl HttpMessage, meta: &EntryMeta, length: usize) -> Part {
    let range = request.headers().get(RANGE).and_then(|value| value.to_str().ok());
    let Some(range) = range.filter(|_| method == Method::GET) else { return Part::Whole };
    if request.headers().contains_key(IF_RANGE) && !is_same_version(request, meta) {
        return Part::Whole;
    }
    let Some((unit, range)) = range.split_once('=') else { return Part::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Part::Whole;
    }
    parse(range.trim(), length).unwrap_or(Part::Whole)
}

/// Whether `If-Range` names this version, by strong comparison: weak tags do not match, and dates must be equal.
fn is_same_version(request: &impl HttpMessage, meta: &EntryMeta) -> bool {
    match IfRange::parse(request) {
        Ok(IfRange::EntityTag(tag)) => entity_tag(meta).is_some_and(|etag| etag.strong_eq(&tag)),
        Ok(IfRange::Date(date)) => last_modified(meta) == Some(date.into()),
        Err(_) => false,
    }
}

/// Parses one range; none if it is malformed, or several.
fn parse(range: &str, length: usize) -> Option<Part> {
    let (first, last) = range.split_once('-')?;
    let number = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // a number that is too large for us is beyond the end of any body
        is_number.then(|| text.parse().unwrap_or(usize::MAX))
    };
    let part = match (first, last) {
        ("", last) => match number(last)? {
            0 => Part::Unsatisfiable,
            count => between(length.saturating_sub(count), length, length),
        },
        (first, "") => between(number(first)?, length, length),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if first > last {
                return None;
            }
            between(first, last, length)
        }
    };
    Some(part)
}

fn between(first: usize, last: usize, length: usize) -> Part {
    if first >= length { Part::Unsatisfiable } else { Part::Range(first, last.min(length - 1)) }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    const DATE: &str = "Mon, 05 Jan 2026 10:00:00 GMT";

    fn selected(range: &str, if_range: &str, method: &Method) -> Part {
        let meta = EntryMeta {
            etag: Some("\"abc\"".to_owned()),
            last_modified: Some(DATE.to_owned()),
            ..EntryMeta::default()
        };
        let mut request = TestRequest::default().insert_header((RANGE, range));
        if !if_range.is_empty() {
            request = request.insert_header((IF_RANGE, if_range));
        }
        part(method, &request.to_http_request(), &meta, 100)
    }

    #[test]
    fn one_range() {
        for (range, expected) in [
            ("bytes=0-1", Part::Range(0, 1)),
            ("bytes=0-", Part::Range(0, 99)),
            ("bytes = 99-99", Part::Range(99, 99)),
            ("BYTES=10-5000", Part::Range(10, 99)),
            ("bytes=-10", Part::Range(90, 99)),
            ("bytes=-5000", Part::Range(0, 99)),
            ("bytes=0-99999999999999999999999", Part::Range(0, 99)),
            ("bytes=100-", Part::Unsatisfiable),
            ("bytes=100-200", Part::Unsatisfiable),
            ("bytes=-0", Part::Unsatisfiable),
            ("bytes=5-1", Part::Whole),
            ("bytes=0-1,5-6", Part::Whole),
            ("bytes=a-b", Part::Whole),
            ("bytes=+1-2", Part::Whole),
            ("bytes=-", Part::Whole),
            ("bytes", Part::Whole),
            ("pages=0-1", Part::Whole),
        ] {
            assert_eq!(selected(range, "", &Method::GET), expected, "{range}");
        }
        assert_eq!(selected("bytes=0-1", "", &Method::HEAD), Part::Whole);
    }

    #[test]
    fn ranges_are_of_the_same_version() {
        for (version, same) in [
            ("\"abc\"", true),
            (DATE, true),
            ("\"x\"", false),
            ("W/\"abc\"", false),
            ("Tue, 06 Jan 2026 10:00:00 GMT", false),
        ] {
            let expected = if same { Part::Range(0, 1) } else { Part::Whole };
            assert_eq!(selected("bytes=0-1", version, &Method::GET), expected, "{version}");
        }
    }
}
