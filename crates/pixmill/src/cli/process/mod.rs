//! `pixmill process`: one picture, or several, through the same plan as a request.

mod arguments;
mod jobs;
mod naming;
mod overlays;
mod report;
mod task;

use std::{ffi::OsString, fs, path::PathBuf, sync::Arc};

use clap::Args;
use image_api::{OutputFormat, Params, params::output::format::Format};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};
use vips_ops::{Media, vips};

use self::{
    jobs::{Input, Job},
    task::{Existing, Mode, Outcome, Task, unread},
};
use super::{
    ConfigFile, Error, libvips, out,
    query::{self, NegotiatedFormat, ParsedQuery},
};
use crate::{
    analysis::analyzer::Analyzer,
    config::{Config, Environment, Problems},
    render::Engine,
};

/// Processes a picture, or all pictures of a folder. Overlays such as `mark=/logo.png` are files of the picture's
/// folder, or of the folder that is processed.
#[derive(Debug, Args)]
#[command(override_usage = "pixmill process [OPTIONS] --output <OUT> <IN>... [QUERY]")]
pub struct Process {
    /// Pictures, and folders whose pictures are processed with those of their subfolders; `-` for standard input. A query string
    /// as in a URL comes last: `width=300&quality=80`
    #[arg(value_name = "IN|QUERY", required = true)]
    arguments: Vec<OsString>,
    /// Output file, whose extension is the format unless the query has `format`; or a folder, in which results keep their
    /// relative paths and get the extensions of their formats; `-` for standard output
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// Formats that `format=auto` may choose besides JPEG and PNG
    #[arg(long, value_delimiter = ',', value_name = "FORMAT")]
    accept: Vec<NegotiatedFormat>,
    /// Maximum number of pictures that are processed at a time [default: one per CPU]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// Keeps results that exist, and skips their originals
    #[arg(long)]
    skip_existing: bool,
    /// Replaces results that exist, which is the default; originals are never overwritten
    #[arg(long, conflicts_with = "skip_existing")]
    overwrite: bool,
    /// Prints which files would be written, and writes none
    #[arg(short = 'n', long)]
    dry_run: bool,
    #[command(flatten)]
    config: ConfigFile,
}

impl Process {
    /// Processes every file, and fails at the end if any of them failed.
    pub fn run(&self, environment: &Environment) -> Result<(), Error> {
        let config = self.config.load(environment)?;
        let (inputs, query) = arguments::split(&self.arguments);
        let ParsedQuery { mut params, states_format, .. } = parsed(query, &config)?;
        let jobs = jobs::find(&inputs, &self.output)?;
        if let ([job], false) = (jobs.list.as_slice(), jobs.is_batch) {
            let format = job.stated_format()?;
            if !states_format {
                params.format = format.and_then(requested).or(params.format);
            }
        }
        if params.is_empty() {
            let refused = "the query has no parameters, expected some such as width=300".to_owned();
            return Err(Error::Usage(refused));
        }
        libvips::start()?;
        let task = self.task(&params, &jobs.list, &config);
        if let ([job], false) = (jobs.list.as_slice(), jobs.is_batch) {
            return one(&task, job);
        }
        let threads = self.jobs.map_or_else(|| config.workers.thread_count(), usize::from);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .exit_handler(|_| vips::thread_shutdown())
            .build()?;
        let outcomes = pool.install(|| process_all(&jobs.list, &task));
        report::report(&jobs.list, outcomes)
    }

    fn task<'a>(&self, params: &'a Params, list: &[Job], config: &Config) -> Task<'a> {
        let original = |job: &Job| match &job.input {
            Input::File(path) => fs::canonicalize(path).ok(),
            Input::Stream => None,
        };
        Task {
            params,
            accept: query::accept(&self.accept),
            engine: Engine {
                settings: Arc::new(config.settings()),
                analyzer: Arc::new(Analyzer::open(&config.vision)),
            },
            originals: list.iter().filter_map(original).collect(),
            mode: if self.dry_run { Mode::DryRun } else { Mode::Write },
            existing: if self.skip_existing { Existing::Keep } else { Existing::Replace },
        }
    }
}

/// The query, with warnings on standard error.
fn parsed(query: &str, config: &Config) -> Result<ParsedQuery, Error> {
    let parsed = query::parse(query, &config.params.rules().map_err(Problems::from)?)?;
    parsed.warnings().for_each(|warning| eprintln!("warning: {warning}"));
    if parsed.params.recognition.is_some() {
        let refused = "recognition returns JSON, expected a query that produces a picture".to_owned();
        return Err(Error::Usage(refused));
    }
    Ok(parsed)
}

/// The value of `format` for results of this format; none for descriptions, which `meta` requests.
fn requested(format: Media) -> Option<Format> {
    match format {
        Media::Json => None,
        Media::Picture(OutputFormat::Jpeg) => Some(Format::Jpeg),
        Media::Picture(OutputFormat::Png) => Some(Format::Png),
        Media::Picture(OutputFormat::Webp) => Some(Format::Webp),
        Media::Picture(OutputFormat::Avif) => Some(Format::Avif),
        Media::Picture(OutputFormat::Gif) => Some(Format::Gif),
        Media::Picture(OutputFormat::Mp4) => Some(Format::Mp4),
    }
}

/// Processes the only picture.
fn one(task: &Task<'_>, job: &Job) -> Result<(), Error> {
    match task.process(job).map_err(|error| error.named(&job.name()))? {
        Outcome::NoPicture => Err(unread(&job.input).named(&job.name())),
        outcome => match report::planned(job, &Ok(outcome)) {
            Some(line) => out::print(&line),
            None => Ok(()),
        },
    }
}

/// Processes every file, in parallel on the threads of the pool, with a progress bar on a terminal.
fn process_all(list: &[Job], task: &Task<'_>) -> Vec<Result<Outcome, Error>> {
    let style = "{bar:40} {pos}/{len} {wide_msg} {eta}";
    let style = ProgressStyle::with_template(style).expect("invariant: the template is valid");
    let bar = ProgressBar::new(list.len() as u64).with_style(style);
    let process = |job: &Job| {
        let outcome = task.process(job);
        bar.set_message(job.name());
        bar.inc(1);
        outcome
    };
    let outcomes = list.par_iter().map(process).collect();
    bar.finish_and_clear();
    outcomes
}
