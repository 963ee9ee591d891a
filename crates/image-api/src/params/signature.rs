//! Parameters of signed URLs: they change no picture and are no part of the canonical form.

use super::spec::{Grammar, Spec};

/// `signature`
pub static SIGNATURE: Spec = Spec {
    name: "signature",
    aliases: &["s"],
    summary: "Signs the URL: HMAC-SHA256 of path and parameters, where the server has keys.",
    help: "64 hexadecimal digits. What the signature does not cover is ignored.",
    grammar: Grammar::Text("64 hexadecimal digits"),
    default: "the URL is not signed",
    needs: &[],
    examples: &[],
};

/// `expires`
pub static EXPIRES: Spec = Spec {
    name: "expires",
    aliases: &[],
    summary: "Until when a signed URL is accepted, in seconds since 1970.",
    help: "Covered by the signature.",
    grammar: Grammar::Text("seconds of Unix time"),
    default: "it does not expire",
    needs: &["signature"],
    examples: &[],
};
