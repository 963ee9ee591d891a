//! The cost of each encoder effort, relative to the default one.

use anyhow::Result;
use image_api::{
    OutputFormat,
    plan::encode::{Encoding, Metadata},
    settings,
};
use testkit::{median, process_time, sample};
use vips_ops::{
    encode::encode,
    vips::{Access, Image, Loader},
};

/// How often each encoding is measured.
const TIMES: usize = 3;

/// Prints a table per format.
#[expect(clippy::print_stdout, reason = "the table is what the task is for")]
pub fn print() -> Result<()> {
    let image =
        Image::load(&sample("china.jpg"), &Loader::Jpeg { shrink: 1 }, Access::Random)?.copy_memory()?;
    let usual = settings::Output::default();
    for (name, format, efforts, usual) in [
        ("WEBP_EFFORT", OutputFormat::Webp, 0..=6, usual.webp_effort),
        ("AVIF_EFFORT", OutputFormat::Avif, 0..=9, usual.avif_effort),
        ("PNG_COMPRESSION", OutputFormat::Png, 0..=9, usual.png_compression),
        ("GIF_EFFORT", OutputFormat::Gif, 0..=10, usual.gif_effort),
    ] {
        let time = |effort: u8| seconds(&image, format, effort.max(u8::from(format == OutputFormat::Gif)));
        let base = time(usual)?;
        let factors: Vec<_> =
            efforts.map(|effort| Ok(format!("{:.2}", time(effort)? / base))).collect::<Result<_>>()?;
        println!("pub const {name}: [f64; {}] = [{}];", factors.len(), factors.join(", "));
    }
    Ok(())
}

fn seconds(image: &Image, format: OutputFormat, effort: u8) -> Result<f64> {
    let metadata = Metadata::Profile;
    let output = Encoding {
        format,
        codec: (format == OutputFormat::Png).then_some(image_api::source::Codec::Png),
        quality: 80,
        search: None,
        effort,
        is_slow: false,
        interlace: false,
        palette: false,
        metadata,
        chroma: image_api::plan::encode::Chroma::ByQuality,
    };
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let before = process_time();
        encode(image, output)?;
        times.push(process_time().saturating_sub(before).as_secs_f64());
    }
    Ok(median(times))
}
