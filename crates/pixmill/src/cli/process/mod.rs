//! `pixmill process`: one picture, or all pictures of a folder, through the same plan as a request.

mod jobs;
mod naming;
mod overlays;

use std::{
    collections::HashSet,
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use clap::Args;
use image_api::error::OverLimit;
use image_api::{Accept, Face, Params};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};
use vips_ops::{
    Answer,
    source::{
        sniff::sniff,
        svg::decode_text::{self, TextDecoder},
    },
    vips,
};

use self::jobs::{Job, Jobs};
use super::{
    ConfigFile, Error, libvips, out,
    query::{self, NegotiatedFormat},
};
use crate::{
    analysis::analyzer::Analyzer,
    config::{Environment, Problems},
    model::analysis::AnalysisKind,
    render::{Engine, Render},
};

/// Bytes of a file that are read to detect whether it is a picture. An SVG may begin with a long comment.
const HEAD_BYTES: u64 = 16 * 1024;

/// Processes a picture, or all pictures of a folder. Overlays such as `mark=/logo.png` are files of the picture's
/// folder, or of the folder that is processed.
#[derive(Debug, Args)]
pub struct Process {
    /// Picture, or folder whose pictures are processed, with those of its subfolders
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// Query string as in a URL: `width=300&format=webp`
    query: String,
    /// Output file, or folder in which results keep their relative paths; the file extension is replaced if the format
    /// changes
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// Formats that `format=auto` may choose besides JPEG and PNG
    #[arg(long, value_delimiter = ',', value_name = "FORMAT")]
    accept: Vec<NegotiatedFormat>,
    #[command(flatten)]
    config: ConfigFile,
}

/// What all files of a run have in common.
struct Task<'a> {
    params: &'a Params,
    accept: Accept,
    engine: Engine,
    /// The folder of overlays.
    folder: PathBuf,
    /// The originals, which must not be overwritten.
    originals: HashSet<PathBuf>,
}

/// The outcome of a file that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Written,
    NoPicture,
}

impl Process {
    /// Processes every file, and fails at the end if any of them failed.
    pub fn run(&self, environment: &Environment) -> Result<(), Error> {
        let config = self.config.load(environment)?;
        let reading = query::parse(&self.query, &config.params.rules().map_err(Problems::from)?)?;
        reading.warnings().for_each(|warning| eprintln!("warning: {warning}"));
        if reading.params.is_empty() {
            let refused = "the query has no parameters, expected some such as width=300".to_owned();
            return Err(Error::Usage(refused));
        }
        if reading.params.recognition.is_some() {
            let refused = "recognition returns JSON, expected a query that produces a picture".to_owned();
            return Err(Error::Usage(refused));
        }
        libvips::start()?;
        let jobs = jobs::find(&self.input, &self.output)?;
        let task = Task {
            params: &reading.params,
            accept: query::accept(&self.accept),
            engine: Engine {
                settings: Arc::new(config.settings()),
                analyzer: Arc::new(Analyzer::open(&config.vision)),
            },
            folder: if jobs.folder { self.input.clone() } else { folder_of(&self.input) },
            originals: jobs.list.iter().filter_map(|job| fs::canonicalize(&job.input).ok()).collect(),
        };
        match jobs {
            Jobs { list, folder: true } => {
                let pool = rayon::ThreadPoolBuilder::new()
                    .num_threads(config.workers.thread_count())
                    .exit_handler(|_| vips::thread_shutdown())
                    .build()?;
                report(&list, pool.install(|| process_all(&list, &task)))
            }
            Jobs { list, folder: false } => list.iter().try_for_each(|job| match task.process(job)? {
                Outcome::Written => Ok(()),
                Outcome::NoPicture => Err(unread(&job.input)),
            }),
        }
    }
}

/// The error for a file that is not a supported picture.
fn unread(path: &Path) -> Error {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEAD_BYTES).read_to_end(&mut head));
    read.map_or_else(Error::file(path), |_| vips_ops::Error::unsupported(&head).into())
}

/// The folder of a file; the current folder if the path has none.
fn folder_of(file: &Path) -> PathBuf {
    file.parent().map(Path::to_path_buf).unwrap_or_default()
}

/// Processes every file, in parallel on the threads of the pool, with a progress bar on a terminal.
fn process_all(list: &[Job], task: &Task<'_>) -> Vec<Result<Outcome, Error>> {
    let style = "{bar:40} {pos}/{len} {wide_msg} {eta}";
    let style = ProgressStyle::with_template(style).expect("invariant: the template is valid");
    let bar = ProgressBar::new(list.len() as u64).with_style(style);
    let process = |job: &Job| {
        let outcome = task.process(job);
        bar.set_message(job.input.display().to_string());
        bar.inc(1);
        outcome
    };
    let outcomes = list.par_iter().map(process).collect();
    bar.finish_and_clear();
    outcomes
}

fn report(list: &[Job], outcomes: Vec<Result<Outcome, Error>>) -> Result<(), Error> {
    let count =
        |wanted| outcomes.iter().filter(|outcome| matches!(outcome, Ok(got) if *got == wanted)).count();
    let (written, skipped) = (count(Outcome::Written), count(Outcome::NoPicture));
    out::print(&format!("{written} pictures processed, {skipped} other files skipped"))?;
    let total = outcomes.len();
    let failures = list.iter().zip(outcomes).filter_map(|(job, outcome)| Some(failure(job, &outcome.err()?)));
    let failures: Vec<_> = failures.collect();
    if failures.is_empty() { Ok(()) } else { Err(Error::Files { failures, total }) }
}

/// The file, with the error and its causes.
fn failure(job: &Job, error: &Error) -> String {
    let reasons = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    let reasons: Vec<_> = reasons.map(ToString::to_string).collect();
    format!("{}: {}", job.input.display(), reasons.join(": "))
}

impl Task<'_> {
    fn process(&self, job: &Job) -> Result<Outcome, Error> {
        let Some(original) = self.read(&job.input)? else { return Ok(Outcome::NoPicture) };
        let deadline = vips::Deadline::never();
        let mut assets = overlays::read(self.params, &self.folder, &self.engine.settings)?;
        assets.faces = self.faces(&original, &deadline)?;
        let render = Render { params: self.params.clone(), assets, accept: self.accept };
        let Answer { bytes, media, .. } = self.engine.answer(&render, &original, &deadline, &mut |_| ())?;
        let output = job.output(media)?;
        if fs::canonicalize(&output).is_ok_and(|existing| self.originals.contains(&existing)) {
            let refused = format!("the result would overwrite the original {}", output.display());
            return Err(Error::Usage(refused));
        }
        if let Some(folder) = output.parent() {
            fs::create_dir_all(folder).map_err(Error::file(folder))?;
        }
        fs::write(&output, bytes).map_err(Error::file(&output))?;
        Ok(Outcome::Written)
    }

    /// The faces in the original, if the query needs them.
    fn faces(&self, original: &Bytes, deadline: &vips::Deadline) -> Result<Vec<Face>, Error> {
        if !self.params.needs_faces() {
            return Ok(Vec::new());
        }
        let Engine { settings, analyzer } = &self.engine;
        Ok(analyzer.analyze(AnalysisKind::Faces, original, settings, deadline)?.faces_for_plan())
    }

    /// The bytes of a file; none if it has no signature of a picture, in which case the rest of it is not read.
    fn read(&self, path: &Path) -> Result<Option<Bytes>, Error> {
        let mut file = File::open(path).map_err(Error::file(path))?;
        let mut bytes = Vec::new();
        file.by_ref().take(HEAD_BYTES).read_to_end(&mut bytes).map_err(Error::file(path))?;
        let limit = self.engine.settings.limits.max_bytes.as_u64();
        let head = Bytes::from(bytes.clone());
        if sniff(&head).is_none() && TextDecoder::new(&head, limit).is_none() {
            return Ok(None);
        }
        let actual = file.metadata().map_err(Error::file(path))?.len();
        if actual > limit {
            let (what, bound) = ("the bytes of the original", "limits.max_bytes allows");
            return Err(vips_ops::Error::OverLimit(OverLimit { what, actual, bound, limit }).into());
        }
        file.read_to_end(&mut bytes).map_err(Error::file(path))?;
        Ok(Some(decode_text::decode(bytes.into(), limit)?))
    }
}
