//! Calibrates H.264 quantisers against JPEG qualities: the table `H264_QUANTISER` in `image-api/src/format.rs`.

use anyhow::Result;
use bytes::Bytes;
use image_api::plan::video::even;
use image_api::size::Size;
use vips_ops::encode::mp4::VideoEncoder;
use vips_ops::vips::{Image, JpegScan, Keep, Settings, Subsample, Vips};

use crate::calibrate_avif::{JPEG, mean, photos};

/// Every quantiser that the encoder accepts, the strongest first.
const QUANTISERS: std::ops::RangeInclusive<u8> = 12..=51;

/// Prints the table, with the mean SSIMULACRA2 and the bytes of each entry.
#[expect(clippy::print_stdout, reason = "the table is what the task is for")]
pub fn run(_arguments: &[String]) -> Result<()> {
    Vips::start(Settings::default())?;
    let photos = photos()?;
    let videos: Vec<_> = QUANTISERS
        .map(|quantiser| Ok((quantiser, mean(&photos, &video, quantiser)?)))
        .collect::<Result<_>>()?;
    println!("jpeg ssimulacra2   bytes  quantiser ssimulacra2   bytes");
    for quality in JPEG {
        let (score, bytes) = mean(&photos, &jpeg, quality)?;
        let distance = |found: f64| (found - score).abs();
        let nearest = videos.iter().min_by(|(_, (a, _)), (_, (b, _))| distance(*a).total_cmp(&distance(*b)));
        if let Some((quantiser, (found, size))) = nearest {
            println!("{quality:>4} {score:>11.2} {bytes:>7.0} {quantiser:>10} {found:>11.2} {size:>7.0}");
        }
    }
    Ok(())
}

/// With 4:2:0 chroma subsampling, as videos have at every quality.
fn jpeg(image: &Image, quality: u8) -> Result<Bytes> {
    Ok(image.save_jpeg(quality, JpegScan::Baseline, Subsample::On, Keep::Nothing)?)
}

/// A video of one frame.
fn video(image: &Image, quantiser: u8) -> Result<Bytes> {
    let size = Size { width: image.width(), height: image.height() };
    let mut video = VideoEncoder::new(even(size), quantiser)?;
    video.add(image, 1)?;
    Ok(video.finish()?)
}
