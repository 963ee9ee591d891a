//! The pictures of the cases: one photograph of 1024 px in four formats.

use std::{fs, path::Path};

use vips_ops::vips::{
    Access, Image, JpegScan, Keep, Loader, Palette, PngRows, Settings, Subsample, Vips, ops::Kernel,
};

/// The photograph.
const PHOTO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/china.jpg");

/// The long side, in pixels: small, so that callgrind takes seconds.
const LONG_SIDE: f64 = 1024.0;

/// The bounding box of the renders, in pixels.
pub const TARGET: u32 = 256;

/// The formats: the names of the files, and of the parameter.
pub const FORMATS: [&str; 4] = ["jpeg", "png", "webp", "avif"];

/// Writes the pictures to a folder. Outside of callgrind, since it takes long, and by libvips alone, so that no change of the
/// encoders beside it changes the pictures.
pub fn write(folder: &Path) {
    Vips::start(Settings::default()).expect("libvips starts");
    let photo = fs::read(PHOTO).expect("a sample").into();
    let image = Image::load(&photo, &Loader::Jpeg { shrink: 1 }, Access::Random).expect("a sample");
    let scale = LONG_SIDE / f64::from(image.width().max(image.height()));
    let large = image.resize(scale, scale, Kernel::Lanczos3).expect("a valid scale");
    for format in FORMATS {
        let bytes = match format {
            "jpeg" => large.save_jpeg(75, JpegScan::Baseline, Subsample::On, Keep::Nothing),
            "png" => large.save_png(6, PngRows::Plain, Palette::Direct, Keep::Nothing),
            "webp" => large.save_webp(75, 2, Keep::Nothing),
            _ => large.save_avif(65, 0, Subsample::On, Keep::Nothing),
        };
        fs::write(folder.join(format), bytes.expect("an encoder")).expect("the folder can be written");
    }
}
