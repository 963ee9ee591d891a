//! The cost prediction, which reads the headers of hostile originals in the server process: any bytes give a prediction
//! without a panic, and it covers at least the memory of the original.

#![no_main]

use image_api::Accept;
use libfuzzer_sys::fuzz_target;
use vips_ops::{Assets, cost};

fuzz_target!(|data: &[u8]| {
    let Some((params, original)) = pixmill_fuzz::request(None, data) else { return };
    let settings = pixmill_fuzz::settings();
    let predicted = cost::predict(&params, &original, &Assets::default(), Accept::default(), &settings);
    assert!(!predicted.cpu.is_zero(), "no request is free");
    assert!(predicted.bytes >= original.len() as u64, "{predicted:?}");
});
