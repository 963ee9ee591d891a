//! Code that the fuzz targets share: rendering an original of one format, and the limits that keep each input cheap.

use bytes::Bytes;
use image_api::{Accept, Params, Settings, SourceFormat};
use vips_ops::{Assets, process, source::sniff::sniff, vips::{self, Deadline, Vips}};

/// The requests that an original is rendered with: each part of the pipeline at least once. The first byte of an input
/// selects one.
const QUERIES: [&str; 12] = [
    "format=png",
    "width=40&format=jpeg",
    "width=300&height=30&crop=stretch&format=webp",
    "width=64&height=64&crop=entropy",
    "trim=color&format=png",
    "rotate=33&format=png",
    "meta=true",
    "strip_exif=true",
    "autorotate=false&flip=true&height=50",
    "blur=3&filter=5&vibrance=0.5&shadow=0.4",
    "format=gif&width=30",
    "format=jpeg&quality=auto&width=80&quality_attempts=2",
];

/// Pixels of an original above which it is refused: larger ones find no more, and cost time.
const MAX_PIXELS: u64 = 1 << 20;

/// The operator's settings with limits that keep each input cheap.
pub fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.limits.max_pixels = MAX_PIXELS;
    settings.limits.max_animation_pixels = MAX_PIXELS;
    settings.limits.max_output_pixels = MAX_PIXELS;
    settings
}

/// An input of a target that reads originals: a request, and the bytes of an original of this format. Other inputs are
/// skipped, since their format has a target of its own.
pub fn request(format: Option<SourceFormat>, data: &[u8]) -> Option<(Params, Bytes)> {
    let (choice, original) = data.split_first()?;
    if format.is_some() && sniff(original) != format {
        return None;
    }
    let query = QUERIES[usize::from(*choice) % QUERIES.len()];
    let params = Params::parse(query).expect("the queries above are valid").params;
    Some((params, Bytes::copy_from_slice(original)))
}

/// Renders an original of this format. An error is a valid outcome; a crash, a hang or an invalid memory access is a
/// finding.
pub fn render(format: SourceFormat, data: &[u8]) {
    let Some((params, original)) = request(Some(format), data) else { return };
    Vips::start(vips::Settings::default()).expect("libvips starts");
    let (assets, settings, deadline) = (Assets::default(), settings(), Deadline::never());
    let _ = process(&params, &original, &assets, Accept::default(), &settings, &deadline, &mut |_| ());
}
