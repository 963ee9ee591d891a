//! Images are shared between threads.

use std::thread;

use vips::{Image, JpegScan, Keep, Subsample, ops::Kernel, thread_shutdown};

use crate::gradient;

fn thumbnail(image: &Image) -> Vec<u8> {
    let small = image.resize(0.25, 0.25, Kernel::Lanczos3).unwrap();
    small.save_jpeg(80, JpegScan::Baseline, Subsample::On, Keep::Nothing).unwrap().to_vec()
}

#[test]
fn one_image_in_64_threads() {
    let image = gradient(256, 256);
    let expected = thumbnail(&image);
    thread::scope(|scope| {
        for _ in 0..64 {
            let image = image.clone();
            let expected = &expected;
            scope.spawn(move || {
                assert_eq!(&thumbnail(&image), expected);
                drop(image);
                thread_shutdown();
            });
        }
    });
}
