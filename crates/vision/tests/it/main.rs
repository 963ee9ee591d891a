//! Tests of the models on real images; `make vendor` fetches the models.
#![expect(clippy::unwrap_used, reason = "tests")]

mod corpus;
mod missing;
mod samples;
mod table;

use std::path::{Path, PathBuf};

use bytes::Bytes;
use vips::{Access, Image, Loader};
use vision::{Settings, Vision};

/// The folder filled by `make vendor`.
pub fn vendor() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vendor")
}

/// The models.
pub fn vision() -> Vision {
    vips::Vips::start(vips::Settings::default()).unwrap();
    let settings =
        Settings { models: vendor().join("models"), runtime: vendor().join("native/lib/libonnxruntime.so") };
    let vision = Vision::open(&settings);
    assert_eq!(vision.missing(), [""; 0].map(PathBuf::from), "run `make vendor`");
    vision
}

/// Decodes an image.
pub fn open(bytes: &Bytes) -> Image {
    let loader = if bytes.starts_with(b"\x89PNG") { Loader::Png } else { Loader::Jpeg { shrink: 1 } };
    Image::load(bytes, &loader, Access::Random).unwrap()
}
