//! Plans for any request and any header: no panic, and no output beyond the limits. An input is 11 bytes that
//! state the header of the original, then the query.

#![no_main]

use arbitrary::Arbitrary;
use image_api::{
    Accept, Measurements, Params, Plan, Settings, SourceFormat, SourceInfo, orientation::Orientation, size::Size,
    source::Storage,
};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    width: u16,
    height: u16,
    frames: u8,
    exif: u8,
    format: u8,
    alpha: bool,
    is_indexed: bool,
    quality: u8,
    accept: u8,
    query: &'a str,
}

fuzz_target!(|input: Input| {
    let Ok(parsed) = Params::parse(input.query) else { return };
    let format = SourceFormat::ALL[usize::from(input.format) % SourceFormat::ALL.len()];
    let stored = Size { width: u32::from(input.width).max(1), height: u32::from(input.height).max(1) };
    let info = SourceInfo {
        frames: u32::from(input.frames).max(1),
        orientation: Orientation::from_exif(i32::from(input.exif % 9)),
        alpha: input.alpha,
        storage: if input.is_indexed { Storage::Indexed } else { Storage::Direct },
        jpeg_quality: (1..=100).contains(&input.quality).then_some(input.quality),
        ..SourceInfo::raster(format, stored)
    };
    let accept = Accept { avif: input.accept & 1 != 0, webp: input.accept & 2 != 0 };
    let settings = Settings::default();
    let Ok(plan) = Plan::resolve(&parsed.params, &info, &Measurements::default(), accept, &settings) else { return };
    assert!(plan.size.width > 0 && plan.size.height > 0, "{plan:?}");
    assert!(plan.size.pixels() <= settings.limits.max_output_pixels, "{plan:?}");
    assert!(plan.size.width.max(plan.size.height) <= settings.limits.max_side, "{plan:?}");
});
