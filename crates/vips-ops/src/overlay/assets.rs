//! The fetched overlays of a request.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::{face::Face, params::value::url::Url};

/// What a render needs beside the original: encoded pictures by the URL under which the request names them, and the
/// faces in the original. What is not there is left out of the picture.
#[derive(Debug, Clone, Default)]
pub struct Assets {
    pictures: BTreeMap<Url, Bytes>,
    /// The faces, in pixels of the upright original, if somebody has looked for them.
    pub faces: Vec<Face>,
}

impl Assets {
    /// Adds a picture.
    pub fn insert(&mut self, url: Url, bytes: Bytes) {
        self.pictures.insert(url, bytes);
    }

    /// All pictures with their URLs.
    pub fn pictures(&self) -> impl Iterator<Item = (&Url, &Bytes)> {
        self.pictures.iter()
    }

    /// The picture of a URL.
    pub fn find(&self, url: &Url) -> Option<&Bytes> {
        self.pictures.get(url)
    }
}
