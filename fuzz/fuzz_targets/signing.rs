//! Signed URLs: a signature of ours is accepted, and no query has a valid one by chance. An input is `path?query`.

#![no_main]

use std::{collections::BTreeMap, sync::LazyLock};

use image_api::{query::RequestQuery, table::Scope};
use libfuzzer_sys::fuzz_target;
use pixmill::signing::{Purpose, Signer};

static SIGNER: LazyLock<Signer> = LazyLock::new(|| {
    let keys = BTreeMap::from([("a".to_owned(), "0123456789abcdef0123456789abcdef".into())]);
    Signer::new(&keys).expect("there is a key")
});

/// Longest URL whose signature is checked.
const MAX_LEN: usize = 16 * 1024;

fuzz_target!(|url: &str| {
    let Some((path, query)) = url.split_once('?') else { return };
    let Ok(parsed) = RequestQuery::parse(query) else { return };
    let signature = SIGNER.sign("a", Purpose::Picture, path, &parsed);
    // a second signature, also `s` without a value, and an expiry in the past are refused
    let is_plain = !query.contains('%')
        && !parsed.pairs().iter().any(|pair| pair.row.is_some_and(|row| matches!(row.scope, Scope::Signature)));
    assert!(SIGNER.check(Purpose::Picture, path, parsed, 0).is_err(), "nobody guesses a signature");
    let signed = match signature {
        Some(signature) if query.is_empty() => format!("signature={signature}"),
        Some(signature) => format!("signature={signature}&{query}"),
        None => panic!("there is a key of this id"),
    };
    // a URL that is too long is refused
    if is_plain && path.len() + signed.len() <= MAX_LEN {
        let signed_query = RequestQuery::parse(&signed).expect("it is short");
        assert!(SIGNER.check(Purpose::Picture, path, signed_query, 0).is_ok(), "{path}?{signed}");
    }
});
