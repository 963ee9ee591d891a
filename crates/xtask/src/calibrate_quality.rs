//! Finds the targets of `quality=auto`'s presets, and checks them on photographs that were not used for finding them.
//!
//! Of the photographs, in the order of their names, every second one is for finding and the others are for checking.
//! The committed numbers come from 41: this repository's samples, test pictures of other image servers, and the
//! photographs of the Debian packages mate-backgrounds, lomiri-wallpapers-16.04 and lomiri-wallpapers-20.04.

use std::{fmt::Write, fs, path::PathBuf, time::Instant};

use anyhow::Result;
use vips_ops::{
    Encoded, OutputFormat,
    encode::encode,
    params::output::{quality_method::QualityMethod, quality_preset::QualityPreset},
    plan::format::{Metadata, Output},
    settings::QualityAuto,
    vips::{self, Vips},
};

use crate::{
    photographs::{self, Shot, decoded, judge},
    workspace,
};

/// What the presets mean: mean SSIMULACRA2.
const GOALS: [f64; 4] = [50.0, 70.0, 80.0, 90.0];

const FORMATS: [OutputFormat; 3] = [OutputFormat::Jpeg, OutputFormat::Webp, OutputFormat::Avif];

/// Qualities between which everything is taken to go in straight lines; colour is at full resolution from 90 on.
const QUALITIES: [u8; 14] = [5, 15, 25, 33, 40, 48, 56, 64, 72, 79, 85, 89, 90, 95];

/// The range of a request that does not name one; presets mean what they give there.
const USUAL: Range = Range { first: 4, last: 12 };

/// The range in which presets are calibrated that mean less or more than the usual range can give.
const WIDE: Range = Range { first: 0, last: 13 };

/// Where the check is written to.
const RESULTS: &str = "loadtests/results-quality.md";

/// Halvings of a range of targets: more digits than anybody needs.
const HALVINGS: usize = 40;

/// Prints the targets, or with `--validate` writes the check.
pub fn run(arguments: &[String]) -> Result<()> {
    Vips::start(vips::Settings::default())?;
    let (options, paths): (Vec<_>, Vec<_>) =
        arguments.iter().cloned().partition(|argument| argument == "--validate");
    let files = photographs::find(&paths)?;
    if options.is_empty() {
        calibrate(&files.iter().step_by(2).collect::<Vec<_>>())
    } else {
        validate(&files.iter().skip(1).step_by(2).collect::<Vec<_>>())
    }
}

/// What an encoded picture scores, by SSIMULACRA2 and by every method.
struct Point {
    score: f64,
    numbers: [f64; 4],
}

/// Places in `QUALITIES`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Range {
    first: usize,
    last: usize,
}

/// One picture in one format at every quality.
struct Curve {
    format: OutputFormat,
    points: Vec<Point>,
}

#[expect(clippy::print_stdout, reason = "the table is what the task is for")]
fn calibrate(files: &[&PathBuf]) -> Result<()> {
    let mut curves = Vec::new();
    for shot in photographs::shots(files)? {
        for format in FORMATS {
            curves.push(Curve { format, points: points(&shot, format)? });
        }
    }
    println!("{} photographs, {} pictures of 200 to 1600 pixels", files.len(), curves.len() / FORMATS.len());
    println!("| method | preset | all | jpeg | webp | avif |\n|---|---|---|---|---|---|");
    for (preset, goal) in QualityPreset::ALL.into_iter().zip(GOALS) {
        let curves_of = |format| curves.iter().filter(|curve| curve.format == format).collect::<Vec<_>>();
        let by_format = FORMATS.map(curves_of);
        let usual = by_format.iter().all(|curves| reaches(curves, USUAL, goal));
        let range = if usual { USUAL } else { WIDE };
        // WebP, whose colour is at half resolution, never looks as good as the best JPEG: no say in what that takes
        let all: Vec<_> =
            by_format.iter().filter(|curves| reaches(curves, range, goal)).flatten().copied().collect();
        for method in QualityMethod::ALL {
            let [jpeg, webp, avif] = by_format.each_ref().map(|curves| target(curves, range, method, goal));
            let all = target(&all, range, method, goal);
            let (method, preset) = (method.name(), preset.name());
            println!("| {method} | {preset} | {all:.5} | {jpeg:.5} | {webp:.5} | {avif:.5} |");
        }
    }
    Ok(())
}

/// Whether the mean SSIMULACRA2 goes from below the goal to above it.
fn reaches(curves: &[&Curve], range: Range, goal: f64) -> bool {
    let mean =
        |at: usize| curves.iter().map(|curve| curve.points[at].score).sum::<f64>() / curves.len() as f64;
    mean(range.first) <= goal && mean(range.last) >= goal
}

fn points(shot: &Shot, format: OutputFormat) -> Result<Vec<Point>> {
    let judges = QualityMethod::ALL.map(|method| judge(method, &shot.photo.image));
    let judges = judges.into_iter().collect::<Result<Vec<_>>>()?;
    let point = |quality| {
        let image = decoded(&encode(&shot.photo.image, output(format).at(quality))?)?.copy_memory()?;
        let mut numbers = [0.0; 4];
        for (number, judge) in numbers.iter_mut().zip(&judges) {
            *number = judge.compare(&image)?;
        }
        Ok(Point { score: numbers[QualityMethod::Ssimulacra2 as usize], numbers })
    };
    QUALITIES.into_iter().map(point).collect()
}

/// As the server encodes by default.
fn output(format: OutputFormat) -> Output {
    let settings = vips_ops::settings::Output::default();
    let effort = match format {
        OutputFormat::Webp => settings.webp_effort,
        OutputFormat::Avif => settings.avif_effort,
        _ => 0,
    };
    let metadata = Metadata::Profile;
    Output {
        format,
        quality: 90,
        search: None,
        effort,
        interlace: false,
        palette: false,
        metadata,
        chroma: vips_ops::plan::format::Chroma::ByQuality,
    }
}

/// The target at which the mean SSIMULACRA2 is the goal.
fn target(curves: &[&Curve], range: Range, method: QualityMethod, goal: f64) -> f64 {
    let numbers = || curves.iter().flat_map(|curve| curve.points.iter().map(|p| p.numbers[method as usize]));
    let mut low = numbers().fold(f64::INFINITY, f64::min);
    let mut high = numbers().fold(f64::NEG_INFINITY, f64::max);
    for _ in 0..HALVINGS {
        let middle = low.midpoint(high);
        let mean =
            curves.iter().map(|curve| curve.score(range, method, middle)).sum::<f64>() / curves.len() as f64;
        if (mean < goal) == method.prefers_less() {
            high = middle;
        } else {
            low = middle;
        }
    }
    low.midpoint(high)
}

impl Curve {
    /// SSIMULACRA2 at the least quality of the range that meets a target, or at the greatest.
    fn score(&self, range: Range, method: QualityMethod, target: f64) -> f64 {
        let number = |point: &Point| point.numbers[method as usize];
        let points = &self.points[range.first..=range.last];
        match points.iter().position(|point| method.is_met(number(point), target)) {
            None => points[points.len() - 1].score,
            Some(0) => points[0].score,
            Some(after) => {
                let (low, high) = (&points[after - 1], &points[after]);
                let part = (target - number(low)) / (number(high) - number(low));
                low.score + part * (high.score - low.score)
            }
        }
    }
}

/// Sums over all pictures.
#[derive(Default)]
struct Check {
    count: f64,
    score: f64,
    quality: f64,
    /// Bytes as parts of those of quality 90.
    bytes: f64,
    seconds: f64,
    fixed_seconds: f64,
}

fn validate(files: &[&PathBuf]) -> Result<()> {
    let shots = photographs::shots(files)?;
    let names: Vec<_> = files.iter().filter_map(|file| file.file_name()?.to_str()).collect();
    let mut page = format!(
        "# quality=auto on photographs that its calibration did not see\n\n\
         Written by `cargo xtask calibrate-quality --validate`. {} photographs ({}) at 200 to 1600 pixels: {} \
         pictures. Every answer is a whole request to the operation layer, on one thread, decoding (of up to 24 \
         megapixels) included; SSIMULACRA2 compares it with the same request as PNG. Bytes (mean of the pictures' ratios) and time (of all requests together) are compared \
         with `quality=90`. Qualities of 40 to 90 and 6 attempts, as by default.\n\n\
         | format | method | preset | SSIMULACRA2, mean | meant | quality, mean | bytes | time |\n\
         |---|---|---|---|---|---|---|---|\n",
        files.len(),
        names.join(", "),
        shots.len(),
    );
    for format in FORMATS {
        let fixed: Vec<_> =
            shots.iter().map(|shot| timed(shot, format, "quality=90")).collect::<Result<_>>()?;
        for method in QualityMethod::ALL {
            for (preset, goal) in QualityPreset::ALL.into_iter().zip(GOALS) {
                let query =
                    format!("quality=auto&quality_method={}&quality_preset={}", method.name(), preset.name());
                let row = check(&shots, &fixed, format, &query)?.row(goal);
                writeln!(page, "| {} | {} | {} | {row} |", format.name(), method.name(), preset.name())?;
            }
        }
    }
    page += &samples(&shots)?;
    fs::write(workspace().join(RESULTS), page)?;
    Ok(())
}

/// From here on qualities are tried on a sample.
const LARGE: u64 = 512 * 1024;

/// How far the qualities found on samples of large pictures are from those found on all of them.
fn samples(shots: &[Shot]) -> Result<String> {
    let area = |shot: &&Shot| u64::from(shot.photo.image.width()) * u64::from(shot.photo.image.height());
    let large: Vec<_> = shots.iter().filter(|shot| area(shot) > LARGE).collect();
    let mut page = format!(
        "\n## Large pictures\n\nOf the {} pictures with more than half a megapixel a sample is tried. The least quality \
         for `medium`, found on the sample and found on the whole picture:\n\n\
         | format | method | sample, mean | whole, mean | distance, mean | distance, worst |\n\
         |---|---|---|---|---|---|\n",
        large.len()
    );
    for format in FORMATS {
        for method in QualityMethod::ALL {
            let (mut sampled, mut whole, mut apart, mut worst) = (0.0, 0.0, 0.0, 0.0f64);
            for shot in &large {
                let query = format!("quality=auto&quality_method={}", method.name());
                let found = f64::from(timed(shot, format, &query)?.0.quality.unwrap_or_default());
                let best = f64::from(least(shot, format, method)?);
                (sampled, whole) = (sampled + found, whole + best);
                apart += (found - best).abs();
                worst = worst.max((found - best).abs());
            }
            let [sampled, whole, apart] = [sampled, whole, apart].map(|sum| sum / large.len() as f64);
            let (format, method) = (format.name(), method.name());
            writeln!(page, "| {format} | {method} | {sampled:.1} | {whole:.1} | {apart:.1} | {worst} |")?;
        }
    }
    Ok(page)
}

/// The least quality of 40 to 90 at which the whole picture meets `medium`; 90 if none does.
fn least(shot: &Shot, format: OutputFormat, method: QualityMethod) -> Result<u8> {
    let defaults = QualityAuto::default();
    let target = defaults.target(method, QualityPreset::Medium);
    let judge = judge(method, &shot.photo.image)?;
    let (mut low, mut high) = (defaults.min, defaults.max);
    while low < high {
        let middle = low.midpoint(high);
        let image = decoded(&encode(&shot.photo.image, output(format).at(middle))?)?;
        if method.is_met(judge.compare(&image)?, target) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(low)
}

/// An answer, and how many seconds it took.
fn timed(shot: &Shot, format: OutputFormat, query: &str) -> Result<(Encoded, f64)> {
    let began = Instant::now();
    let answer = shot.ask(&format!("format={}&{query}", format.name()))?;
    Ok((answer, began.elapsed().as_secs_f64()))
}

fn check(shots: &[Shot], fixed: &[(Encoded, f64)], format: OutputFormat, query: &str) -> Result<Check> {
    let mut check = Check::default();
    for (shot, (fixed, fixed_seconds)) in shots.iter().zip(fixed) {
        let (found, seconds) = timed(shot, format, query)?;
        check.count += 1.0;
        check.score += shot.photo.score(&found.bytes)?;
        check.quality += found.quality.map_or(0.0, f64::from);
        check.bytes += found.bytes.len() as f64 / fixed.bytes.len() as f64;
        check.seconds += seconds;
        check.fixed_seconds += fixed_seconds;
    }
    Ok(check)
}

impl Check {
    fn row(&self, goal: f64) -> String {
        let Self { count, score, quality, bytes, seconds, fixed_seconds } = self;
        let (score, quality) = (score / count, quality / count);
        let (percent, times) = (100.0 * (bytes / count - 1.0), seconds / fixed_seconds);
        format!("{score:.1} | {goal} | {quality:.1} | {percent:+.0} % | × {times:.1}")
    }
}
