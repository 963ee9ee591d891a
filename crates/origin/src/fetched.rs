//! What a fetch brings: an original, or the news that it has not changed.

use std::time::Duration;

use bytes::Bytes;
use http_semantics::{CachePolicy, Validators};

/// The result of a successful fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// The original.
    Modified(Original),
    /// The version that the caller knows is still the current one.
    NotModified(Unchanged),
}

/// An original with its whole body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    /// Its bytes, without content codings; there may be none.
    pub body: Bytes,
    /// Why the bytes may not be what the origin meant: it states a content coding that is unknown, or that the body
    /// does not have. Servers state this of intact images too, so the caller, who can recognise an image, decides. For
    /// the log.
    pub coding_warning: Option<String>,
    /// What tells this version from others.
    pub validators: Validators,
    /// What the origin says about caching it.
    pub cache_policy: CachePolicy,
    /// The media type that the origin claims. Folders claim none.
    pub content_type: Option<String>,
    /// How long the fetch took.
    pub elapsed: Duration,
}

/// The response that a known version is still the current one (304).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unchanged {
    /// The validators for the next conditional fetch.
    pub validators: Validators,
    /// What the origin says about caching it from now on.
    pub cache_policy: CachePolicy,
    /// How long the fetch took.
    pub elapsed: Duration,
}

/// The response of an origin, before the time is known that the fetch took.
pub(crate) struct OriginResponse {
    /// `None`: not modified.
    pub(crate) body: Option<Bytes>,
    pub(crate) validators: Validators,
    pub(crate) cache_policy: CachePolicy,
    pub(crate) content_type: Option<String>,
    pub(crate) coding_warning: Option<String>,
}

impl OriginResponse {
    pub(crate) fn into_fetched(self, elapsed: Duration) -> Fetched {
        let Self { body, validators, cache_policy, content_type, coding_warning } = self;
        match body {
            Some(body) => Fetched::Modified(Original {
                body,
                coding_warning,
                validators,
                cache_policy,
                content_type,
                elapsed,
            }),
            None => Fetched::NotModified(Unchanged { validators, cache_policy, elapsed }),
        }
    }
}
