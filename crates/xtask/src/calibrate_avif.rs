//! Calibrates AVIF qualities against JPEG qualities: the table `AVIF_QUALITY` in `image-api/src/format.rs`.

use anyhow::Result;
use bytes::Bytes;
use testkit::sample;
use vips_ops::vips::ops::Kernel;
use vips_ops::vips::{Access, Image, JpegScan, Keep, Loader, Settings, Subsample, Vips};

use crate::photographs::Photo;

/// Photographs without heavy compression of their own.
const PHOTOS: [&str; 6] =
    ["astronaut.png", "chelsea.png", "coffee.png", "china.jpg", "flower.jpg", "rocket.jpg"];

/// Long sides of the images that are compared, in pixels.
const SIDES: [u32; 2] = [240, 440];

/// JPEG qualities for which the AVIF quality is searched.
pub const JPEG: [u8; 10] = [1, 10, 20, 30, 50, 70, 80, 90, 95, 100];

/// AVIF qualities that are measured; between them scores are interpolated linearly.
const AVIF: [u8; 15] = [1, 5, 10, 18, 26, 34, 42, 50, 58, 66, 74, 82, 90, 95, 100];

/// From this quality on, chroma is not subsampled (4:4:4), as in the server.
const FULL_COLOUR_QUALITY: u8 = 90;

/// Effort of the server's AVIF encoder.
const AVIF_EFFORT: u8 = 0;

/// Prints the table, with the mean SSIMULACRA2 and the bytes of each entry.
#[expect(clippy::print_stdout, reason = "the table is what the task is for")]
pub fn run(_arguments: &[String]) -> Result<()> {
    Vips::start(Settings::default())?;
    let photos = photos()?;
    let scores = |encode: &dyn Fn(&Image, u8) -> Result<Bytes>, quality| mean(&photos, encode, quality);
    let avif: Vec<_> =
        AVIF.iter().map(|quality| Ok((*quality, scores(&avif, *quality)?))).collect::<Result<_>>()?;
    println!("jpeg ssimulacra2   bytes   avif   bytes");
    for quality in JPEG {
        let (score, bytes) = scores(&jpeg, quality)?;
        let after = avif.iter().position(|(_, (found, _))| *found >= score).unwrap_or(avif.len() - 1).max(1);
        let ((low, (from, light)), (high, (to, heavy))) = (avif[after - 1], avif[after]);
        let part = ((score - from) / (to - from)).clamp(0.0, 1.0);
        let matched = f64::from(low) + part * (f64::from(high) - f64::from(low));
        let size = light + part * (heavy - light);
        println!("{quality:>4} {score:>11.2} {bytes:>7.0} {matched:>6.1} {size:>7.0}");
    }
    Ok(())
}

/// The photographs at the sizes that are compared: sides are even, for formats that need it.
pub fn photos() -> Result<Vec<Photo>> {
    let mut photos = Vec::new();
    for name in PHOTOS {
        let loader = if name.ends_with("png") { Loader::Png } else { Loader::Jpeg { shrink: 1 } };
        let whole = Image::load(&sample(name), &loader, Access::Random)?;
        for side in SIDES {
            let scale = f64::from(side) / f64::from(whole.width().max(whole.height()));
            let small = whole.resize(scale, scale, Kernel::Lanczos3)?;
            let image = small.extract_area(0, 0, small.width() & !1, small.height() & !1)?.copy_memory()?;
            photos.push(Photo::new(image)?);
        }
    }
    Ok(photos)
}

/// Mean score and mean size of all photographs at one quality.
pub fn mean(
    photos: &[Photo],
    encode: &dyn Fn(&Image, u8) -> Result<Bytes>,
    quality: u8,
) -> Result<(f64, f64)> {
    let (mut score, mut size) = (0.0, 0.0);
    for photo in photos {
        let bytes = encode(&photo.image, quality)?;
        score += photo.score(&bytes)?;
        size += bytes.len() as f64;
    }
    Ok((score / photos.len() as f64, size / photos.len() as f64))
}

fn jpeg(image: &Image, quality: u8) -> Result<Bytes> {
    Ok(image.save_jpeg(quality, JpegScan::Baseline, subsample(quality), Keep::Nothing)?)
}

fn avif(image: &Image, quality: u8) -> Result<Bytes> {
    Ok(image.save_avif(quality, AVIF_EFFORT, subsample(quality), Keep::Nothing)?)
}

fn subsample(quality: u8) -> Subsample {
    if quality >= FULL_COLOUR_QUALITY { Subsample::Off } else { Subsample::On }
}
