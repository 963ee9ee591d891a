//! Parts of an answer: players of films ask for them, and some play nothing without.

use actix_web::http::{
    Method,
    header::{HeaderMap, IF_RANGE, RANGE},
};
use result_cache::EntryMeta;

/// The bytes that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of them.
    Whole,
    /// From the first to the last, both included.
    Range(usize, usize),
    /// None that there are.
    Unsatisfiable,
}

/// Which part of a body of this length is asked for (RFC 9110, 14). Several ranges at once are answered with the whole,
/// as is a range of another version than this one.
pub fn part(method: &Method, headers: &HeaderMap, meta: &EntryMeta, length: usize) -> Part {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(range) = text(RANGE).filter(|_| method == Method::GET) else { return Part::Whole };
    if headers.contains_key(IF_RANGE) && !text(IF_RANGE).is_some_and(|version| is_of(version, meta)) {
        return Part::Whole;
    }
    let Some((unit, range)) = range.split_once('=') else { return Part::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Part::Whole;
    }
    read(range.trim(), length).unwrap_or(Part::Whole)
}

/// Strong comparison: a weak tag names no bytes, and a date must be the very one.
fn is_of(version: &str, meta: &EntryMeta) -> bool {
    let known = [&meta.etag, &meta.last_modified];
    known.into_iter().flatten().any(|known| known == version && !known.starts_with("W/"))
}

/// Nothing if it is not one range.
fn read(range: &str, length: usize) -> Option<Part> {
    let (first, last) = range.split_once('-')?;
    let number = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // a number that is too large for us lies beyond every end
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
    use actix_web::http::header::HeaderValue;

    use super::*;

    const DATE: &str = "Mon, 05 Jan 2026 10:00:00 GMT";

    fn asked(range: &str, if_range: &str, method: &Method) -> Part {
        let meta = EntryMeta {
            etag: Some("\"abc\"".to_owned()),
            last_modified: Some(DATE.to_owned()),
            ..EntryMeta::default()
        };
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, HeaderValue::from_str(range).unwrap());
        if !if_range.is_empty() {
            headers.insert(IF_RANGE, HeaderValue::from_str(if_range).unwrap());
        }
        part(method, &headers, &meta, 100)
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
            assert_eq!(asked(range, "", &Method::GET), expected, "{range}");
        }
        assert_eq!(asked("bytes=0-1", "", &Method::HEAD), Part::Whole);
    }

    #[test]
    fn only_of_the_same_version() {
        for (version, same) in [
            ("\"abc\"", true),
            (DATE, true),
            ("\"x\"", false),
            ("W/\"abc\"", false),
            ("Tue, 06 Jan 2026 10:00:00 GMT", false),
        ] {
            let expected = if same { Part::Range(0, 1) } else { Part::Whole };
            assert_eq!(asked("bytes=0-1", version, &Method::GET), expected, "{version}");
        }
    }
}
