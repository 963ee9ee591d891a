//! `pixmill bench`: how many renders this machine does per second, by format and size, in this process.

mod photograph;
mod report;

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use clap::{Args, builder::PossibleValuesParser};
use image_api::params::policy::Policy;
use indicatif::{ProgressBar, ProgressStyle};
use rustix::time::{ClockId, clock_gettime};
use vips_ops::{Answer, Assets, vips};

pub use self::report::{BenchOriginal, BenchRender, BenchReport};
use super::{config_file::ConfigFile, error::Error, libvips, out, query};
use crate::{
    analysis::analyzer::Analyzer,
    config::{Config, Environment},
    render::{Engine, Render},
};

/// Formats that are measured.
pub const FORMATS: [&str; 4] = ["jpeg", "png", "webp", "avif"];

/// Measures the renders per second of this machine, by format and width of the result.
///
/// All render threads decode, resize and encode the same original, without network, caches, queue and worker processes.
#[derive(Debug, Args)]
pub struct Bench {
    #[command(flatten)]
    workload: Workload,
    /// Widths of the results in pixels
    #[arg(long, value_delimiter = ',', value_name = "WIDTHS", default_value = "200,512,1024")]
    widths: Vec<u32>,
    /// Formats of the results
    #[arg(long, value_delimiter = ',', value_name = "FORMATS", default_value = "jpeg,png,webp,avif",
        value_parser = PossibleValuesParser::new(FORMATS))]
    formats: Vec<String>,
    /// Prints JSON, the input of `pixmill plan-capacity --bench`
    #[arg(long)]
    json: bool,
}

/// What is rendered, and for how long.
#[derive(Debug, Args)]
pub struct Workload {
    /// An original of yours [default: a computed picture with the spectrum of a photograph, as a JPEG of quality 75]
    #[arg(long, value_name = "FILE", conflicts_with = "original_width")]
    source: Option<PathBuf>,
    /// Width of the computed original in pixels; its height is two thirds of that
    #[arg(long, value_name = "PIXELS", default_value_t = 2040, value_parser = clap::value_parser!(u32).range(16..=8000))]
    original_width: u32,
    /// Time to measure, in seconds, divided among all formats and widths; each is measured at least once per thread
    #[arg(long, value_name = "SECONDS", default_value = "12", value_parser = seconds)]
    seconds: Duration,
    #[command(flatten)]
    config: ConfigFile,
}

fn seconds(text: &str) -> Result<Duration, &'static str> {
    let number = text.parse().ok().filter(|seconds| (0.01..=3600.0).contains(seconds));
    number.map(Duration::from_secs_f64).ok_or("expected a number from 0.01 to 3600")
}

impl Bench {
    /// Measures and prints.
    pub fn run(&self, environment: &Environment) -> Result<(), Error> {
        let report = self.workload.measure(&self.formats, &self.widths, environment)?;
        let json = || serde_json::to_string_pretty(&report).expect("invariant: the report is plain data");
        out::print(&if self.json { json() } else { report.table() })
    }
}

impl Workload {
    /// Measures all formats in all widths, with a progress bar on a terminal.
    pub fn measure(
        &self,
        formats: &[String],
        widths: &[u32],
        environment: &Environment,
    ) -> Result<BenchReport, Error> {
        let config = self.config.load(environment)?;
        libvips::start()?;
        let subject = self.subject(&config)?;
        check_widths(widths, subject.original.width)?;
        let cells: Vec<_> =
            formats.iter().flat_map(|format| widths.iter().map(move |width| (format, *width))).collect();
        let each = self.seconds / u32::try_from(cells.len()).unwrap_or(u32::MAX).max(1);
        let bar = progress_bar(cells.len());
        let mut renders = Vec::new();
        for (format, width) in cells {
            bar.set_message(format!("{format}, {width} px"));
            renders.push(subject.measure(format, width, each)?);
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(BenchReport {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            libvips: vips::version(),
            optimized: !cfg!(debug_assertions),
            threads: subject.threads,
            original: subject.original,
            renders,
        })
    }

    fn subject(&self, config: &Config) -> Result<Subject, Error> {
        let engine = Engine {
            settings: Arc::new(config.settings()),
            analyzer: Arc::new(Analyzer::open(&config.vision)),
        };
        let (name, bytes) = if let Some(path) = &self.source {
            (path.display().to_string(), Bytes::from(fs::read(path).map_err(Error::file(path))?))
        } else {
            let picture = photograph::bmp(self.original_width, self.original_width * 2 / 3);
            ("computed".to_owned(), render(&engine, &picture, "format=jpeg&quality=75")?.bytes)
        };
        // the size of an original is only known with a render
        let size = render(&engine, &bytes, "width=1&format=jpeg")?.original;
        let original =
            BenchOriginal { name, width: size.width, height: size.height, bytes: bytes.len() as u64 };
        Ok(Subject { engine, threads: config.workers.thread_count(), bytes, original })
    }
}

fn check_widths(widths: &[u32], original: u32) -> Result<(), Error> {
    let Some(width) = widths.iter().find(|width| !(1..=original).contains(*width)) else { return Ok(()) };
    let refused =
        format!("cannot measure a width of {width}: expected 1 to {original}, the width of the original");
    Err(Error::Usage(refused))
}

fn progress_bar(cells: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {wide_msg} {eta}");
    let style = style.expect("invariant: the template is valid");
    let bar = ProgressBar::new(cells as u64).with_style(style);
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}

/// The original, with what renders it.
struct Subject {
    engine: Engine,
    threads: usize,
    bytes: Bytes,
    original: BenchOriginal,
}

impl Subject {
    /// Renders on all threads for this long.
    fn measure(&self, format: &str, width: u32, time: Duration) -> Result<BenchRender, Error> {
        let query = format!("width={width}&format={format}");
        // the first render of a kind sets up tables
        let bytes = render(&self.engine, &self.bytes, &query)?.bytes.len() as u64;
        let done = AtomicU64::new(0);
        let (started, cpu) = (Instant::now(), cpu_time());
        let work = || {
            while {
                render(&self.engine, &self.bytes, &query)?;
                done.fetch_add(1, Ordering::Relaxed);
                started.elapsed() < time
            } {}
            vips::thread_shutdown();
            Ok(())
        };
        thread::scope(|scope| {
            let threads: Vec<_> = (0..self.threads).map(|_| scope.spawn(work)).collect();
            let results =
                threads.into_iter().map(|thread| thread.join().expect("invariant: renders do not panic"));
            results.collect::<Result<Vec<_>, Error>>()
        })?;
        let (elapsed, cpu) = (started.elapsed(), cpu_time().saturating_sub(cpu));
        let renders = done.into_inner();
        Ok(BenchRender {
            format: format.to_owned(),
            width,
            renders_per_second: renders as f64 / elapsed.as_secs_f64(),
            cpu_ms: 1000.0 * cpu.as_secs_f64() / renders as f64,
            bytes,
            renders,
        })
    }
}

/// Renders by a query string.
fn render(engine: &Engine, original: &Bytes, query: &str) -> Result<Answer, Error> {
    let params = query::parse(query, &Policy::default())?.params;
    let render = Render { params, assets: Assets::default(), accept: query::accept(&[]) };
    Ok(engine.answer(&render, original, &vips::Deadline::never(), &mut |_| ())?)
}

/// CPU time of all threads of this process.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}
