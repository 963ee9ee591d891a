//! Measures the second pass: bytes and quality of first and second encodings of photographs, and the CPU time of both.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use image_api::{Accept, OutputFormat, Params, Settings};
use rustix::time::{ClockId, clock_gettime};
use vips_ops::{
    Assets, First, Refined, process, refine,
    vips::{self, Deadline, Vips},
};

use crate::photographs::find;

/// Formats that are refined.
const FORMATS: [OutputFormat; 4] =
    [OutputFormat::Jpeg, OutputFormat::Png, OutputFormat::Webp, OutputFormat::Avif];

/// Long sides of the outputs, in pixels.
const SIDES: [u32; 2] = [512, 1000];

/// The sample photographs.
const PHOTOS: [&str; 6] =
    ["astronaut.png", "chelsea.png", "china.jpg", "coffee.png", "flower.jpg", "rocket.jpg"];

/// The sums over all photographs of one format and size.
#[derive(Default)]
struct Row {
    pictures: u32,
    saved: u32,
    bytes: [usize; 2],
    gained: f64,
    cpu: [Duration; 2],
}

/// Prints the table as Markdown. Arguments: files and folders of photographs; none: the samples.
#[expect(clippy::print_stdout, reason = "the table is what the task is for")]
pub fn run(arguments: &[String]) -> Result<()> {
    Vips::start(vips::Settings::default())?;
    let originals = originals(arguments)?;
    println!(
        "{} photographs, {} (SSIMULACRA2 of replaced ones: mean difference)\n",
        originals.len(),
        vips::version()
    );
    println!(
        "| format | side | replaced | bytes before | bytes after | saved | SSIMULACRA2 | CPU ms first | CPU ms second |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let mut saved = Vec::new();
    for side in SIDES {
        for format in FORMATS {
            let row = measure(&originals, format, side)?;
            println!("{}", row.line(format, side));
            saved.push(row.saved_percent());
        }
    }
    println!("\nMean of all rows: {:.1} % fewer bytes.", saved.iter().sum::<f64>() / saved.len() as f64);
    Ok(())
}

fn originals(arguments: &[String]) -> Result<Vec<Bytes>> {
    if arguments.is_empty() {
        return Ok(PHOTOS.map(testkit::sample).to_vec());
    }
    let files = find(arguments)?;
    files
        .iter()
        .map(|file| Ok(std::fs::read(file).with_context(|| file.display().to_string())?.into()))
        .collect()
}

fn measure(originals: &[Bytes], format: OutputFormat, side: u32) -> Result<Row> {
    let params = Params::parse(&format!("width={side}&height={side}&format={}", format.name()))?.params;
    let (settings, assets, deadline) = (Settings::default(), Assets::default(), Deadline::never());
    let mut row = Row::default();
    for original in originals {
        let began = cpu_time();
        let first =
            process(&params, original, &assets, Accept::default(), &settings, &deadline, &mut |_| ())?;
        let middle = cpu_time();
        let encoded = &first.bytes;
        let first = First { params: &params, original, assets: &assets, accept: Accept::default(), encoded };
        let refined = refine(&first, &settings, &deadline)?;
        row.add(encoded.len(), &refined, [middle.saturating_sub(began), cpu_time().saturating_sub(middle)])?;
    }
    Ok(row)
}

impl Row {
    fn add(&mut self, before: usize, refined: &Refined, cpu: [Duration; 2]) -> Result<()> {
        self.pictures += 1;
        self.cpu = [self.cpu[0] + cpu[0], self.cpu[1] + cpu[1]];
        let after = match refined {
            Refined::Saved { bytes, scores } => {
                if let Some([second, first]) = scores {
                    if second < first {
                        bail!("a second encoding looks worse: {second} < {first}");
                    }
                    self.gained += second - first;
                }
                self.saved += 1;
                bytes.len()
            }
            Refined::Kept(_) => before,
        };
        self.bytes = [self.bytes[0] + before, self.bytes[1] + after];
        Ok(())
    }

    fn saved_percent(&self) -> f64 {
        100.0 * (1.0 - self.bytes[1] as f64 / self.bytes[0].max(1) as f64)
    }

    fn line(&self, format: OutputFormat, side: u32) -> String {
        let Self { pictures, saved, bytes: [before, after], gained, cpu } = self;
        let [first, second] = cpu.map(|cpu| cpu.as_secs_f64() * 1e3 / f64::from((*pictures).max(1)));
        let gained = if format.is_lossy() {
            format!("+{:.2}", gained / f64::from((*saved).max(1)))
        } else {
            "equal".to_owned()
        };
        format!(
            "| {} | {side} | {saved} of {pictures} | {before} | {after} | {:.1} % | {gained} | {first:.0} | {second:.0} |",
            format.name(),
            self.saved_percent()
        )
    }
}

/// CPU time of this process.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}
