//! The sample images of the repository.

use std::{
    fs,
    path::{Path, PathBuf},
};

use bytes::Bytes;

/// The folder of sample images.
pub fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples")
}

/// The bytes of a sample image.
pub fn sample(name: &str) -> Bytes {
    let path = samples().join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).into()
}
