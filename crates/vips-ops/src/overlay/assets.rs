//! The images fetched for the overlays of a request.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::{face::Face, params::value::url::Url, source::Sharing};

/// The inputs of a render beside the original: encoded overlay images by the URL that names them in the request, and
/// the faces detected in the original. An overlay without an asset is omitted.
#[derive(Debug, Clone, Default)]
pub struct Assets {
    pictures: BTreeMap<Url, Bytes>,
    /// The faces, in pixels of the upright original, if detection ran.
    pub faces: Vec<Face>,
    /// Whether the render shares the decode of the original with others.
    pub sharing: Sharing,
}

impl Assets {
    /// Adds an encoded image.
    pub fn insert(&mut self, url: Url, bytes: Bytes) {
        self.pictures.insert(url, bytes);
    }

    /// All encoded images with their URLs.
    pub fn pictures(&self) -> impl Iterator<Item = (&Url, &Bytes)> {
        self.pictures.iter()
    }

    /// The encoded image of a URL.
    pub fn find(&self, url: &Url) -> Option<&Bytes> {
        self.pictures.get(url)
    }
}
