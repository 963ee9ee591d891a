//! BMP originals through the whole pipeline: decode, transform, encode.

#![no_main]

use image_api::SourceFormat;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| pixmill_fuzz::render(SourceFormat::Bmp, data));
