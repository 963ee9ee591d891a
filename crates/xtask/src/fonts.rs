//! The page of fonts: the font that renders each family, with a sample.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use bytes::Bytes;
use image_api::font::families::{FALLBACK, FAMILIES, Family, Kinship};
use image_api::{Accept, Params, Settings};
use vips_ops::vips::{Deadline, Image, Keep, Palette, PngRows, Settings as VipsSettings, Vips};
use vips_ops::{Assets, process};

use crate::workspace::workspace;

/// The folder of the samples, as linked from the page.
const SAMPLES: &str = "docs/fonts";

/// Size of a sample, in pixels.
const SIZE: (u32, u32) = (220, 30);

/// Renders every sample. The images depend on the installed fonts, so no check compares them.
pub fn run(_arguments: &[String]) -> Result<()> {
    Vips::start(VipsSettings::default())?;
    let folder = workspace().join(SAMPLES);
    fs::create_dir_all(&folder)?;
    let paper = vec![255; (SIZE.0 * SIZE.1) as usize];
    let paper = Image::from_pixels(&paper, SIZE.0, SIZE.1, 1)?;
    let paper = paper.save_png(1, PngRows::Plain, Palette::Direct, Keep::Nothing)?;
    for family in FAMILIES {
        fs::write(folder.join(file(family)), sample(&paper, family)?)?;
    }
    Ok(())
}

fn sample(paper: &Bytes, family: &Family) -> Result<Bytes> {
    let layers = format!(
        "[{{\"text\":\"Hamburgefonstiv 012\",\"font\":\"{}\",\"pos\":\"left\",\"scale\":96}}]",
        family.name
    );
    let mut request = "layers=".to_owned();
    image_api::escape::escape(&layers, &mut request);
    let params = Params::parse(&request)?.params;
    let (assets, settings, never) = (Assets::default(), Settings::default(), Deadline::never());
    let answer = process(&params, paper, &assets, Accept::default(), &settings, &never, &mut |_| ())?;
    ensure!(!answer.lacks_overlays, "{} renders nothing", family.name);
    Ok(answer.bytes)
}

fn file(family: &Family) -> String {
    family.name.to_ascii_lowercase().replace(' ', "-") + ".png"
}

/// The page.
pub fn page(root: &Path) -> Result<String> {
    let mut page = format!(
        "# Fonts\n\nThe font families for texts. Generated from the code by `make docs`; `cargo xtask fonts` renders the samples.\n\n\
         These families can be named in the `font` of a text layer ([`layers`](parameters.md#layers)), with styles and \
         a size in any order: `Arial italic 20`. Openly licensed families are used directly; others are substituted by a font \
         with the same metrics if there is one, or else by the most similar one. Any other family that is installed \
         can be named as well; an unknown one is rendered in {FALLBACK}. PostScript names are accepted \
         (`Arial-Bold`). Scripts that a family lacks are rendered by DejaVu Sans (Arabic, Hebrew), WenQuanYi Micro Hei (Chinese, \
         Japanese, Korean), Noto Sans Thai and Noto Sans Devanagari. `make vendor` brings the packages, Debian's and those of \
         PyPI; where they are missing, fontconfig chooses.\n\n\
         | family | rendered with | relation | package | |\n|---|---|---|---|---|\n"
    );
    for family in FAMILIES {
        let picture = file(family);
        let missing = "no sample of this family; `cargo xtask fonts` renders it";
        ensure!(root.join(SAMPLES).join(&picture).exists(), "{}: {missing}", family.name);
        let Family { name, drawn_by, kinship, package } = family;
        let kinship = match kinship {
            Kinship::Itself => "the font itself",
            Kinship::Renamed => "the same design under its current name",
            Kinship::SameMetrics => "metric-compatible",
            Kinship::Nearest => "the most similar open design",
        };
        writeln!(page, "| {name} | {} | {kinship} | {package} | ![](fonts/{picture}) |", drawn_by[0])?;
    }
    Ok(page)
}
