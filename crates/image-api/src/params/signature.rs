//! Parameters of signed URLs: they do not change the image and are not part of the canonical form.

use super::spec::{Grammar, Spec};

/// `signature`
pub static SIGNATURE: Spec = Spec {
    name: "signature",
    aliases: &["s"],
    summary: "The signature of the URL: HMAC-SHA256 of path and parameters, if the server has keys.",
    help: "64 hexadecimal digits. Parameters that the signature does not cover are ignored.",
    grammar: Grammar::Text("64 hexadecimal digits"),
    default: "the URL is not signed",
    needs: &[],
    examples: &[],
};

/// `expires`
pub static EXPIRES: Spec = Spec {
    name: "expires",
    aliases: &[],
    summary: "When a signed URL expires, in seconds since 1970.",
    help: "Covered by the signature.",
    grammar: Grammar::Text("seconds of Unix time"),
    default: "it does not expire",
    needs: &["signature"],
    examples: &[],
};
