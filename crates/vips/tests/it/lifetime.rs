//! Bytes live exactly as long as they are needed.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use vips::{Access, Image, JpegScan, Keep, Loader, Subsample};

use crate::gradient;

/// Bytes that count how often they are freed.
struct Counted(Vec<u8>, Arc<AtomicUsize>);

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.1.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn source_bytes_live_as_long_as_the_image_and_no_longer() {
    let jpeg = gradient(64, 48).save_jpeg(80, JpegScan::Baseline, Subsample::On, Keep::Nothing).unwrap();
    let freed = Arc::new(AtomicUsize::new(0));
    let bytes = Bytes::from_owner(Counted(jpeg.to_vec(), freed.clone()));
    let image = Image::load(&bytes, &Loader::Jpeg { shrink: 1 }, Access::Sequential).unwrap();
    drop(bytes);
    assert_eq!(freed.load(Ordering::SeqCst), 0, "libvips still reads from these bytes");
    assert_eq!(image.pixels().unwrap().len(), 64 * 48 * 3);
    drop(image);
    assert_eq!(freed.load(Ordering::SeqCst), 1, "the last image released the bytes");
}

#[test]
fn encoded_bytes_outlive_the_image() {
    let image = gradient(64, 48);
    let jpeg = image.save_jpeg(80, JpegScan::Baseline, Subsample::On, Keep::Nothing).unwrap();
    drop(image);
    let tail = jpeg.slice(jpeg.len() - 2..);
    drop(jpeg);
    assert_eq!(tail[..], [0xff, 0xd9]);
}
