//! The request id: taken from `X-Request-Id`, or generated.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

/// The header with the id, in requests and responses.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Maximum length of an id from a client, in bytes.
const MAX_LENGTH: usize = 128;

/// The id from the client if it is safe in logs and headers, else a new UUID that sorts by time (version 7).
pub fn request_id(headers: &HeaderMap) -> HeaderValue {
    if let Some(given) = headers.get(REQUEST_ID).filter(|given| is_safe(given.as_bytes())) {
        return given.clone();
    }
    let mut buffer = Uuid::encode_buffer();
    let new = Uuid::now_v7().hyphenated().encode_lower(&mut buffer);
    HeaderValue::from_str(new).unwrap_or(HeaderValue::from_static("none"))
}

fn is_safe(id: &[u8]) -> bool {
    (1..=MAX_LENGTH).contains(&id.len())
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
    fn safe_ids_are_kept() {
        let longest = "a".repeat(MAX_LENGTH);
        for (id, safe) in [
            ("a", true),
            ("0190-AF.3_x", true),
            (longest.as_str(), true),
            ("", false),
            ("a b", false),
            ("a\"b", false),
            ("a,b", false),
            (&format!("{longest}a"), false),
        ] {
            assert_eq!(kept(id), safe, "{id}");
        }
    }

    #[test]
    fn new_ids_differ() {
        let headers = HeaderMap::new();
        let ids = [request_id(&headers), request_id(&headers)];
        assert_ne!(ids[0], ids[1]);
        assert!(ids.iter().all(|id| is_safe(id.as_bytes()) && id.len() == 36));
    }
}
