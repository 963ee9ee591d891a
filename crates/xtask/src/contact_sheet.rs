//! The contact sheet of all colour presets and corrections: `docs/looks.jpg`, and the table that names its images.

use std::fmt::Write as _;
use std::fs;

use anyhow::Result;
use image_api::{Accept, Params};
use testkit::sample;
use vips_ops::vips::{Access, Deadline, Image, JpegScan, Keep, Loader, Settings, Subsample, Vips};
use vips_ops::{Assets, process};

use crate::workspace::workspace;

/// Path of the sheet in the workspace.
const FILE: &str = "docs/looks.jpg";

const PHOTO: &str = "china.jpg";
const ACROSS: usize = 6;
const TILE_WIDTH: u32 = 150;
const GAP: u32 = 4;
const QUALITY: u8 = 82;

/// The corrections, shown after the original and the presets. Values are strong, so that differences are visible at a
/// small size.
const CORRECTIONS: [&str; 21] = [
    "auto_fix=1",
    "auto_level=1",
    "fill_flash=0.8",
    "shadow=0.8",
    "shadow=-0.8",
    "highlights=0.8",
    "highlights=-0.8",
    "brightness=0.3",
    "brightness=-0.3",
    "contrast=0.4",
    "contrast=-0.4",
    "gamma=0.7",
    "gamma=-0.7",
    "warmth=0.8",
    "warmth=-0.8",
    "saturation=0.8",
    "saturation=-0.8",
    "vibrance=1",
    "colorize=1e78dc&colorize_intensity=60",
    "blur=8",
    "sharp_amount=80",
];

/// Renders the sheet.
pub fn run(_arguments: &[String]) -> Result<()> {
    Vips::start(Settings::default())?;
    let photo = sample(PHOTO);
    let tiles: Vec<Image> = queries().iter().map(|query| tile(&photo, query)).collect::<Result<_>>()?;
    let sheet = Image::grid(&tiles.iter().collect::<Vec<_>>(), ACROSS as u32, GAP)?;
    let bytes = sheet.save_jpeg(QUALITY, JpegScan::Progressive, Subsample::On, Keep::Nothing)?;
    fs::write(workspace().join(FILE), bytes)?;
    Ok(())
}

/// The sheet with the requests of its images, row by row.
pub fn section() -> Result<String> {
    let mut text =
        format!("![](looks.jpg)\n\n{}\n{}\n", "| ".repeat(ACROSS) + "|", "|---".repeat(ACROSS) + "|");
    for row in queries().chunks(ACROSS) {
        let cells = row
            .iter()
            .map(|query| if query.is_empty() { "the original".into() } else { format!("`{query}`") });
        writeln!(text, "| {} |", cells.collect::<Vec<String>>().join(" | "))?;
    }
    Ok(text)
}

/// The original, every preset, every correction.
fn queries() -> Vec<String> {
    let looks = image_api::params::tone::filter::NAMES.iter().map(|name| format!("filter={name}"));
    let corrections = CORRECTIONS.iter().map(|query| (*query).to_owned());
    std::iter::once(String::new()).chain(looks).chain(corrections).collect()
}

fn tile(photo: &bytes::Bytes, query: &str) -> Result<Image> {
    let query = format!("width={TILE_WIDTH}&format=png&{query}");
    let params = Params::parse(&query)?.params;
    let settings = image_api::Settings::default();
    let answer = process(
        &params,
        photo,
        &Assets::default(),
        Accept::default(),
        &settings,
        &Deadline::never(),
        &mut |_| (),
    )?;
    Ok(Image::load(&answer.bytes, &Loader::Png, Access::Random)?.copy_memory()?)
}
