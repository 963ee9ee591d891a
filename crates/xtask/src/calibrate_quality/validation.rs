//! Validates the targets at every size, on photographs that they were not calibrated on.

use std::{collections::HashMap, fmt::Write, fs, path::PathBuf, time::Instant};

use anyhow::Result;
use image_api::{
    OutputFormat,
    params::output::{quality_method::QualityMethod, quality_preset::QualityPreset},
    plan::quality::{Search, Target},
    settings::QualityAuto,
};
use vips_ops::{
    encode::{
        auto_quality::{self, Metric, SIDES, SearchResult},
        encode,
    },
    vips::{Deadline, Image},
};

use super::{FORMATS, GOALS, Numbers, numbers, output};
use crate::{
    photographs::{self, Shot, decoded, judge, seen},
    workspace::workspace,
};

/// The page that the results are written to.
const RESULTS: &str = "loadtests/results/quality.md";

/// The fixed quality that bytes and time are compared with.
const FIXED: u8 = 90;

/// An image in one format, and the score of every method at each quality that was tried.
struct Whole<'a> {
    image: &'a Image,
    format: OutputFormat,
    judges: &'a [Metric],
    seen: HashMap<u8, Numbers>,
}

/// What a search found in one image.
struct Answer {
    size: usize,
    format: OutputFormat,
    method: QualityMethod,
    preset: QualityPreset,
    score: f64,
    quality: f64,
    /// Bytes as a fraction of those of the fixed quality.
    bytes: f64,
    seconds: f64,
    fixed_seconds: f64,
    /// The lowest quality at which the whole image meets the target, where the search used a sample only.
    least: Option<f64>,
}

/// Writes the results for these photographs.
pub fn write(files: &[&PathBuf]) -> Result<()> {
    let mut answers = Vec::new();
    let mut pictures = 0;
    for file in files {
        for shot in photographs::shots(file)? {
            answers.extend(check(&shot?)?);
            pictures += 1;
        }
    }
    let names: Vec<_> = files.iter().filter_map(|file| file.file_name()?.to_str()).collect();
    let page = format!(
        "# quality=auto on photographs that its calibration did not see\n\n\
         Written by `cargo xtask calibrate-quality --validate`. {} photographs ({}), scaled to long sides of {} \
         pixels as far as they are that large: {pictures} pictures. Qualities of 40 to 90 and 6 attempts, as by \
         default; where these cannot reach the target, the answer has the nearest of them.\n\n{}\n{}\n{}",
        files.len(),
        names.join(", "),
        SIDES.map(|side| side.to_string()).join(", "),
        by_size(&answers)?,
        by_format(&answers)?,
        samples(&answers)?,
    );
    Ok(fs::write(workspace().join(RESULTS), page)?)
}

/// Every search in one image.
fn check(shot: &Shot) -> Result<Vec<Answer>> {
    let judges = QualityMethod::ALL.map(|method| judge(method, &shot.image));
    let judges = judges.into_iter().collect::<Result<Vec<_>>>()?;
    let is_sampled = auto_quality::sample(&shot.image)?.is_some();
    let mut answers = Vec::new();
    for format in FORMATS {
        let mut whole = Whole { image: &shot.image, format, judges: &judges, seen: HashMap::new() };
        let (fixed, fixed_seconds) = timed(|| Ok(encode(&shot.image, output(format).at(FIXED))?))?;
        for method in QualityMethod::ALL {
            for preset in QualityPreset::ALL {
                let search = search(method, preset);
                let (SearchResult { bytes, quality }, seconds) = timed(|| {
                    Ok(auto_quality::encode(&shot.image, output(format), search, &Deadline::never())?)
                })?;
                answers.push(Answer {
                    size: shot.size,
                    format,
                    method,
                    preset,
                    score: whole.numbers(quality)?[QualityMethod::Ssimulacra2 as usize],
                    quality: f64::from(quality),
                    bytes: bytes.len() as f64 / fixed.len() as f64,
                    seconds,
                    fixed_seconds,
                    least: is_sampled.then(|| whole.least(method, preset)).transpose()?,
                });
            }
        }
    }
    Ok(answers)
}

/// The quality that a request with this method and preset gets.
fn search(method: QualityMethod, preset: QualityPreset) -> Search {
    let defaults = QualityAuto::default();
    let QualityAuto { attempts, min, max, .. } = defaults;
    Search { method, target: Target::Preset(preset), min, max, attempts }
}

fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, f64)> {
    let began = Instant::now();
    let made = work()?;
    Ok((made, began.elapsed().as_secs_f64()))
}

impl Whole<'_> {
    fn numbers(&mut self, quality: u8) -> Result<Numbers> {
        if let Some(seen) = self.seen.get(&quality) {
            return Ok(*seen);
        }
        let image = seen(&decoded(&encode(self.image, output(self.format).at(quality))?)?)?;
        let seen = numbers(self.judges, &image)?;
        self.seen.insert(quality, seen);
        Ok(seen)
    }

    /// The lowest quality at which the whole image meets a target; the highest if none does.
    fn least(&mut self, method: QualityMethod, preset: QualityPreset) -> Result<f64> {
        let QualityAuto { min, max, .. } = QualityAuto::default();
        let target = auto_quality::target(method, preset, self.image.width().max(self.image.height()));
        let (mut low, mut high) = (min, max);
        while low < high {
            let middle = low.midpoint(high);
            if method.is_met(self.numbers(middle)?[method as usize], target) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Ok(f64::from(low))
    }
}

/// The mean of a number over outputs; a dash if there is none.
fn mean(answers: &[&Answer], number: impl Fn(&Answer) -> f64) -> f64 {
    answers.iter().map(|answer| number(answer)).sum::<f64>() / answers.len() as f64
}

/// The mean SSIMULACRA2 of every method and preset at every size.
fn by_size(answers: &[Answer]) -> Result<String> {
    let sides = SIDES.map(|side| format!("{side} px")).join(" | ");
    let mut page = format!(
        "## Mean SSIMULACRA2 by size\n\n| format | method | preset | target | {sides} |\n|{}\n",
        "---|".repeat(4 + SIDES.len())
    );
    for format in FORMATS {
        for method in QualityMethod::ALL {
            for (preset, goal) in QualityPreset::ALL.into_iter().zip(GOALS) {
                let of = |size| {
                    let kept = |a: &&Answer| {
                        (a.size, a.format, a.method, a.preset) == (size, format, method, preset)
                    };
                    answers.iter().filter(kept).collect::<Vec<_>>()
                };
                let scores: Vec<_> = (0..SIDES.len())
                    .map(|size| format!("{:.1}", mean(&of(size), |answer| answer.score)))
                    .collect();
                let (format, method, preset) = (format.name(), method.name(), preset.name());
                writeln!(page, "| {format} | {method} | {preset} | {goal} | {} |", scores.join(" | "))?;
            }
        }
    }
    Ok(page)
}

/// Quality, bytes and time of every method and preset in every format.
fn by_format(answers: &[Answer]) -> Result<String> {
    let mut page = format!(
        "## By format\n\nOver all sizes. Bytes (mean of the pictures' ratios) and time (of all pictures together; of encoding \
         only, on one thread) are compared with `quality={FIXED}`.\n\n\
         | format | method | preset | SSIMULACRA2, mean | target | quality, mean | bytes | time |\n\
         |---|---|---|---|---|---|---|---|\n"
    );
    for format in FORMATS {
        for method in QualityMethod::ALL {
            for (preset, goal) in QualityPreset::ALL.into_iter().zip(GOALS) {
                let kept = |a: &&Answer| (a.format, a.method, a.preset) == (format, method, preset);
                let kept: Vec<_> = answers.iter().filter(kept).collect();
                let (score, quality) = (mean(&kept, |a| a.score), mean(&kept, |a| a.quality));
                let percent = 100.0 * (mean(&kept, |a| a.bytes) - 1.0);
                let times = mean(&kept, |a| a.seconds) / mean(&kept, |a| a.fixed_seconds);
                let (format, method, preset) = (format.name(), method.name(), preset.name());
                writeln!(
                    page,
                    "| {format} | {method} | {preset} | {score:.1} | {goal} | {quality:.1} | {percent:+.0} % | × {times:.1} |"
                )?;
            }
        }
    }
    Ok(page)
}

/// The difference between qualities found on samples of large images and those found on whole images.
fn samples(answers: &[Answer]) -> Result<String> {
    let mut page = "## Samples of large pictures\n\nOf pictures with more than a megapixel a sample is tried. The least \
                    quality for `medium`, found on the sample and found on the whole picture:\n\n\
                    | format | method | sample, mean | whole, mean | distance, mean | distance, worst |\n\
                    |---|---|---|---|---|---|\n"
        .to_owned();
    for format in FORMATS {
        for method in QualityMethod::ALL {
            let kept = |a: &&Answer| {
                (a.format, a.method, a.preset) == (format, method, QualityPreset::Medium) && a.least.is_some()
            };
            let kept: Vec<_> = answers.iter().filter(kept).collect();
            let least = |answer: &Answer| answer.least.unwrap_or_default();
            let apart = |answer: &Answer| (answer.quality - least(answer)).abs();
            let (found, whole, distance) =
                (mean(&kept, |a| a.quality), mean(&kept, least), mean(&kept, apart));
            let worst = kept.iter().map(|answer| apart(answer)).fold(0.0, f64::max);
            let (format, method) = (format.name(), method.name());
            writeln!(page, "| {format} | {method} | {found:.1} | {whole:.1} | {distance:.1} | {worst} |")?;
        }
    }
    Ok(page)
}
