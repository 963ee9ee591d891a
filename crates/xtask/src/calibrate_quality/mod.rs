//! Calibrates the targets of the presets of `quality=auto`, and validates them on other photographs.
//!
//! Of the photographs, in the order of their names, every second one is for calibration and the others are for
//! validation. The committed numbers come from 46: this repository's samples, test images of other image servers, and
//! the photographs of the Debian packages mate-backgrounds, lomiri-wallpapers-16.04 and lomiri-wallpapers-20.04.

mod curves;
mod validation;

use std::path::{Path, PathBuf};

use anyhow::Result;
use image_api::{
    OutputFormat,
    params::output::{quality_method::QualityMethod, quality_preset::QualityPreset},
    plan::encode::{Chroma, Encoding, Metadata},
};
use rayon::prelude::*;
use vips_ops::{
    encode::{
        auto_quality::{self, SIDES},
        encode,
    },
    vips::{self, Image, Vips},
};

use self::curves::Curve;
use crate::photographs::{self, decoded, judge, seen};

/// The goal of each preset, as a mean SSIMULACRA2.
const GOALS: [f64; 4] = [50.0, 70.0, 80.0, 90.0];

const FORMATS: [OutputFormat; 3] = [OutputFormat::Jpeg, OutputFormat::Webp, OutputFormat::Avif];

/// Qualities that are measured; between them everything is interpolated linearly. Chroma is 4:4:4 from 90 on.
const QUALITIES: [u8; 14] = [5, 15, 25, 33, 40, 48, 56, 64, 72, 79, 85, 89, 90, 95];

/// Prints the targets, or with `--validate` writes the results of the validation.
pub fn run(arguments: &[String]) -> Result<()> {
    Vips::start(vips::Settings::default())?;
    let (options, paths): (Vec<_>, Vec<_>) =
        arguments.iter().cloned().partition(|argument| argument == "--validate");
    let files = photographs::find(&paths)?;
    if options.is_empty() {
        calibrate(&files.iter().step_by(2).collect::<Vec<_>>())
    } else {
        validation::write(&files.iter().skip(1).step_by(2).collect::<Vec<_>>())
    }
}

#[expect(clippy::print_stdout, reason = "the table is what the task is for")]
fn calibrate(files: &[&PathBuf]) -> Result<()> {
    let curves: Vec<_> = files.par_iter().map(|file| curves_of(file)).collect::<Result<_>>()?;
    let curves = curves.concat();
    println!("{} photographs, {} images", files.len(), curves.len() / FORMATS.len());
    let sizes = SIDES.map(|side| side.to_string()).join(" | ");
    println!("| method | preset | all | jpeg | webp | avif | {sizes} |\n|{}", "---|".repeat(6 + SIDES.len()));
    for (preset, goal) in QualityPreset::ALL.into_iter().zip(GOALS) {
        let (range, curves) = curves::with_goal(&curves, goal);
        for method in QualityMethod::ALL {
            let target = |keep: &dyn Fn(&Curve) -> bool| {
                let kept: Vec<_> = curves.iter().copied().filter(|curve| keep(curve)).collect();
                format!("{:.5} | ", curves::target(&kept, range, method, goal))
            };
            let all = target(&|_| true);
            let formats = FORMATS.map(|format| target(&|curve| curve.format == format)).concat();
            let sizes: String = (0..SIDES.len()).map(|size| target(&|curve| curve.size == size)).collect();
            println!("| {} | {} | {all}{formats}{sizes}", method.name(), preset.name());
        }
    }
    Ok(())
}

/// A photograph at every size that it has, in every format.
fn curves_of(file: &Path) -> Result<Vec<Curve>> {
    let mut curves = Vec::new();
    for shot in photographs::shots(file)? {
        let shot = shot?;
        let sample = auto_quality::sample(&shot.image)?;
        let tried = sample.as_ref().unwrap_or(&shot.image);
        for format in FORMATS {
            curves.push(Curve { size: shot.size, format, points: points(tried, format)? });
        }
    }
    Ok(curves)
}

/// The score of every method for an image at every quality.
fn points(image: &Image, format: OutputFormat) -> Result<Vec<Numbers>> {
    let judges = QualityMethod::ALL.map(|method| judge(method, image));
    let judges = judges.into_iter().collect::<Result<Vec<_>>>()?;
    QUALITIES
        .into_iter()
        .map(|quality| {
            let image = seen(&decoded(&encode(image, output(format).at(quality))?)?)?;
            numbers(&judges, &image)
        })
        .collect()
}

/// The score of every method for an encoded image.
type Numbers = [f64; 4];

fn numbers(judges: &[auto_quality::Metric], image: &Image) -> Result<Numbers> {
    let mut numbers = [0.0; 4];
    for (number, judge) in numbers.iter_mut().zip(judges) {
        *number = judge.compare(image)?;
    }
    Ok(numbers)
}

/// As the server encodes by default.
fn output(format: OutputFormat) -> Encoding {
    let settings = image_api::settings::Output::default();
    let effort = match format {
        OutputFormat::Webp => settings.webp_effort,
        OutputFormat::Avif => settings.avif_effort,
        _ => 0,
    };
    Encoding {
        format,
        codec: None,
        quality: 90,
        search: None,
        effort,
        is_slow: false,
        interlace: false,
        palette: false,
        metadata: Metadata::Profile,
        chroma: Chroma::ByQuality,
    }
}
