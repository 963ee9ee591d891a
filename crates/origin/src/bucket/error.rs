//! What the errors of `object_store` mean for a fetch.

use std::error::Error as StdError;

use crate::error::Error;

/// Error codes of the three providers for a missing bucket, in the body of a 404.
const NO_BUCKET: [&str; 2] = ["NoSuchBucket", "ContainerNotFound"];

/// How much of an error message is kept for the log, in characters.
const QUOTED: usize = 1024;

/// The error of a fetch of `original` from the bucket `host`.
pub(crate) fn fetch_error(error: &object_store::Error, host: &str, original: &str) -> Error {
    if let Some(own) = own(error) {
        return own;
    }
    let reason: String = error.to_string().chars().take(QUOTED).collect();
    let original = original.to_owned();
    match error {
        // an error of the configuration, not a missing original
        object_store::Error::NotFound { .. } if NO_BUCKET.iter().any(|code| reason.contains(code)) => {
            Error::Broken { host: host.to_owned(), reason }
        }
        object_store::Error::NotFound { .. } => Error::NotFound { original },
        object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => {
            Error::Forbidden { original, reason }
        }
        _ => Error::Broken { host: host.to_owned(), reason },
    }
}

/// Our own error among the causes of another, if there is one.
pub(crate) fn own(error: &(dyn StdError + 'static)) -> Option<Error> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(own) = error.downcast_ref::<Error>() {
            return Some(own.clone());
        }
        cause = error.source();
    }
    None
}

/// A configuration that `object_store` rejects.
pub(crate) fn misconfigured(error: &object_store::Error) -> Error {
    Error::Misconfigured { problems: vec![format!("origin.bucket: {error}")] }
}
