//! The fetched overlays of a request.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::params::value::url::Url;

/// Encoded pictures by the URL under which the request names them. What is not there is left out of the picture.
#[derive(Debug, Clone, Default)]
pub struct Assets(BTreeMap<Url, Bytes>);

impl Assets {
    /// Adds a picture.
    pub fn insert(&mut self, url: Url, bytes: Bytes) {
        self.0.insert(url, bytes);
    }

    /// The picture of a URL.
    pub fn find(&self, url: &Url) -> Option<&Bytes> {
        self.0.get(url)
    }
}
