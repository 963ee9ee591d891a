//! The request id: taken from `X-Request-Id`, or generated.

use std::{
    cell::Cell,
    hash::{BuildHasher, RandomState},
};

use actix_web::http::header::{HeaderName, HeaderValue};
use result_cache::clock;
use uuid::{Builder, Uuid};

/// The header with the id, in requests and responses.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Maximum length of an id from a client, in bytes.
const MAX_LENGTH: usize = 128;

/// The id from the client if it is safe in logs and headers, else a new UUID that sorts by time (version 7).
pub fn request_id(given: Option<&HeaderValue>) -> HeaderValue {
    if let Some(given) = given.filter(|given| is_safe(given.as_bytes())) {
        return given.clone();
    }
    let mut buffer = Uuid::encode_buffer();
    let new = Builder::from_unix_timestamp_millis(clock::now(), &random()).into_uuid();
    let new = new.hyphenated().encode_lower(&mut buffer);
    HeaderValue::from_str(new).unwrap_or(HeaderValue::from_static("none"))
}

/// Bytes that differ from one id to the next and from one thread and process to the next: a count, hashed with a random key of
/// the thread (by `SipHash`). An id is not a secret, so the kernel is not asked for random bytes on each request.
fn random() -> [u8; 10] {
    thread_local! {
        static KEY: RandomState = RandomState::new();
        static COUNT: Cell<u64> = const { Cell::new(0) };
    }
    let count = COUNT.replace(COUNT.get().wrapping_add(1));
    let hash = |half: u8| KEY.with(|key| key.hash_one((count, half))).to_le_bytes();
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&hash(0));
    bytes[8..].copy_from_slice(&hash(1)[..2]);
    bytes
}

fn is_safe(id: &[u8]) -> bool {
    (1..=MAX_LENGTH).contains(&id.len())
        && id.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(id: &str) -> bool {
        request_id(Some(&HeaderValue::from_str(id).unwrap())) == id
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
        let make = || (0..1000).map(|_| request_id(None)).collect::<Vec<_>>();
        let [here, there] = [make(), std::thread::spawn(make).join().unwrap()];
        let ids: std::collections::HashSet<_> = here.iter().chain(&there).collect();
        assert_eq!(ids.len(), 2000);
        for id in ids {
            let uuid = Uuid::parse_str(id.to_str().unwrap()).unwrap();
            assert!(uuid.get_version_num() == 7 && is_safe(id.as_bytes()) && id.len() == 36, "{uuid}");
        }
    }
}
