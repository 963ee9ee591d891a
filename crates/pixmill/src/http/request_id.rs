//! The request's id: the one that came with it, or a new one.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

/// The header that carries it.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id that is taken over.
const LONGEST: usize = 128;

/// The id that came along, if it is harmless in logs and headers, else a new one that sorts by time.
pub fn request_id(headers: &HeaderMap) -> HeaderValue {
    if let Some(given) = headers.get(REQUEST_ID).filter(|given| is_sane(given.as_bytes())) {
        return given.clone();
    }
    let mut buffer = Uuid::encode_buffer();
    let new = Uuid::now_v7().hyphenated().encode_lower(&mut buffer);
    HeaderValue::from_str(new).unwrap_or(HeaderValue::from_static("none"))
}

fn is_sane(id: &[u8]) -> bool {
    (1..=LONGEST).contains(&id.len())
        && id.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(id: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_str(id).unwrap());
        request_id(&headers) == id
    }

    #[test]
    fn sane_ids_are_kept() {
        let longest = "a".repeat(LONGEST);
        for (id, sane) in [
            ("a", true),
            ("0190-AF.3_x", true),
            (longest.as_str(), true),
            ("", false),
            ("a b", false),
            ("a\"b", false),
            ("a,b", false),
            (&format!("{longest}a"), false),
        ] {
            assert_eq!(kept(id), sane, "{id}");
        }
    }

    #[test]
    fn new_ids_differ() {
        let headers = HeaderMap::new();
        let ids = [request_id(&headers), request_id(&headers)];
        assert_ne!(ids[0], ids[1]);
        assert!(ids.iter().all(|id| is_sane(id.as_bytes()) && id.len() == 36));
    }
}
