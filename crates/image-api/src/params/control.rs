//! Control parameters: actions on an image other than processing it. They do not change the image and are not part
//! of the canonical form.

use super::spec::{Grammar, Spec};

/// `async`
pub static ASYNC: Spec = Spec {
    name: "async",
    aliases: &[],
    summary: "Responds at once with the location of a status; the image is rendered in the background.",
    help: "On a `GET` or a `POST`. The status is at `/async/ID`, the image at its `location` once it is `done`.",
    grammar: Grammar::Boolean,
    default: "false",
    needs: &[],
    examples: &[],
};

/// `cache_processed`
pub static CACHE_PROCESSED: Spec = Spec {
    name: "cache_processed",
    aliases: &[],
    summary: "Stores the processed upload as the original of its path.",
    help: "On a `POST`, where uploads are accepted.",
    grammar: Grammar::Boolean,
    default: "false",
    needs: &[],
    examples: &[],
};

/// `cache_queries`
pub static CACHE_QUERIES: Spec = Spec {
    name: "cache_queries",
    aliases: &[],
    summary: "Renders further variants of the same original and stores them.",
    help: "A JSON array of query strings, or the parameter repeated (`cache_queries[]` and `cache_queries[0]` too), at most \
           `uploads.max_queries`. Where uploads are accepted.",
    grammar: Grammar::Text("JSON array of query strings, or one query string"),
    default: "none",
    needs: &[],
    examples: &[],
};

/// Whether a name is `cache_queries[]` or `cache_queries[0]`, the form that some libraries use for repeated fields.
pub fn is_repeated_queries(name: &str) -> bool {
    let index = name.strip_prefix(CACHE_QUERIES.name).and_then(|rest| rest.strip_prefix('['));
    let index = index.and_then(|rest| rest.strip_suffix(']'));
    index.is_some_and(|index| index.bytes().all(|byte| byte.is_ascii_digit()))
}
