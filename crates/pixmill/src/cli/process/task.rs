//! Processing one picture of a run.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, ErrorKind, IsTerminal, Read, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use image_api::{Accept, Face, Measurements, Params, Plan, error::OverLimit};
use vips_ops::{
    Answer, Media, Source,
    source::{
        sniff::sniff,
        svg::decode_text::{self, TextDecoder},
    },
    vips,
};

use super::{
    jobs::{Input, Job, Output},
    overlays,
};
use crate::{
    cli::Error,
    model::analysis::AnalysisKind,
    render::{Engine, Render},
};

/// Bytes of a file that are read to detect whether it is a picture. An SVG may begin with a long comment.
const HEAD_BYTES: u64 = 16 * 1024;

/// Number of incomplete files that this process has written, by which their names differ.
static PARTIAL_FILES: AtomicU64 = AtomicU64::new(0);

/// What all pictures of a run have in common.
pub struct Task<'a> {
    /// The parameters.
    pub params: &'a Params,
    /// The formats that `format=auto` may choose.
    pub accept: Accept,
    /// What renders.
    pub engine: Engine,
    /// The originals, which must not be overwritten.
    pub originals: HashSet<PathBuf>,
    /// Whether results are written.
    pub mode: Mode,
    /// Whether existing results are kept.
    pub existing: Existing,
}

/// Whether results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Results are written.
    Write,
    /// Nothing is rendered or written.
    DryRun,
}

/// What is done with results that exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// They are replaced.
    Replace,
    /// They are kept, and their originals skipped.
    Keep,
}

/// The outcome of a file that did not fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The result was written.
    Written {
        /// Bytes of the original.
        before: u64,
        /// Bytes of the result.
        after: u64,
    },
    /// The result exists and was kept.
    Kept,
    /// A dry run: the result would be written there.
    Planned {
        /// The place.
        output: Output,
        /// Whether the result exists and would be kept.
        is_kept: bool,
    },
    /// The file is not a picture.
    NoPicture,
}

impl Task<'_> {
    /// Processes one picture.
    pub fn process(&self, job: &Job) -> Result<Outcome, Error> {
        let limit = self.engine.settings.limits.max_bytes.as_u64();
        let Some(original) = read(&job.input, limit)? else { return Ok(Outcome::NoPicture) };
        if self.mode == Mode::DryRun || self.existing == Existing::Keep {
            let output = job.output(self.predicted(&original)?)?;
            let is_kept = self.keeps(&output);
            if self.mode == Mode::DryRun {
                self.check(&output)?;
                return Ok(Outcome::Planned { output, is_kept });
            }
            if is_kept {
                return Ok(Outcome::Kept);
            }
        }
        let deadline = vips::Deadline::never();
        let mut assets = overlays::read(self.params, &job.folder, &self.engine.settings)?;
        assets.faces = self.faces(&original, &deadline)?;
        let render = Render { params: self.params.clone(), assets, accept: self.accept };
        let Answer { bytes, media, lacks_overlays, .. } =
            self.engine.answer(&render, &original, &deadline, &mut |_| ())?;
        if lacks_overlays {
            eprintln!("warning: {}: an overlay cannot be read and is left out", job.name());
        }
        let output = job.output(media)?;
        if self.keeps(&output) {
            return Ok(Outcome::Kept);
        }
        self.check(&output)?;
        write(&output, media, &bytes)?;
        Ok(Outcome::Written { before: original.len() as u64, after: bytes.len() as u64 })
    }

    fn keeps(&self, output: &Output) -> bool {
        self.existing == Existing::Keep && matches!(output, Output::File(path) if path.exists())
    }

    /// Refuses to overwrite an original.
    fn check(&self, output: &Output) -> Result<(), Error> {
        let Output::File(path) = output else { return Ok(()) };
        if fs::canonicalize(path).is_ok_and(|existing| self.originals.contains(&existing)) {
            let refused = format!("the result would overwrite the original {}", path.display());
            return Err(Error::Usage(refused));
        }
        Ok(())
    }

    /// The format of the result, by the header of the original.
    fn predicted(&self, original: &Bytes) -> Result<Media, Error> {
        if self.params.meta.is_some() {
            return Ok(Media::Json);
        }
        let settings = &self.engine.settings;
        let source = Source::open(original, &settings.limits)?;
        let (wanted, unmeasured) = (self.params.of_picture(), Measurements::default());
        let plan = Plan::resolve(&wanted, &source.info, &unmeasured, self.accept, settings);
        Ok(Media::Picture(plan.map_err(vips_ops::Error::from)?.encode.format))
    }

    /// The faces in the original, if the query needs them.
    fn faces(&self, original: &Bytes, deadline: &vips::Deadline) -> Result<Vec<Face>, Error> {
        if !self.params.needs_faces() {
            return Ok(Vec::new());
        }
        let Engine { settings, analyzer } = &self.engine;
        Ok(analyzer.analyze(AnalysisKind::Faces, original, settings, deadline)?.faces_for_plan())
    }
}

/// The error for an input that is not a supported picture.
pub fn unread(input: &Input) -> Error {
    let Input::File(path) = input else { return Error::Picture("unsupported image format".to_owned()) };
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEAD_BYTES).read_to_end(&mut head));
    read.map_or_else(Error::file(path), |_| vips_ops::Error::unsupported(&head).into())
}

/// The bytes of an original; none if it has no signature of a picture, in which case the rest of it is not read.
fn read(input: &Input, limit: u64) -> Result<Option<Bytes>, Error> {
    match input {
        Input::File(path) => {
            let file = File::open(path).map_err(Error::file(path))?;
            let length = file.metadata().map_err(Error::file(path))?.len();
            read_from(file, Some(length), path, limit)
        }
        Input::Stream => read_from(io::stdin().lock(), None, Path::new("standard input"), limit),
    }
}

fn read_from(
    mut from: impl Read,
    length: Option<u64>,
    name: &Path,
    limit: u64,
) -> Result<Option<Bytes>, Error> {
    let mut bytes = Vec::new();
    from.by_ref().take(HEAD_BYTES).read_to_end(&mut bytes).map_err(Error::file(name))?;
    let head = Bytes::from(bytes.clone());
    if sniff(&head).is_none() && TextDecoder::new(&head, limit).is_none() {
        return Ok(None);
    }
    let over = |actual| {
        let (what, bound) = ("the bytes of the original", "limits.max_bytes allows");
        Error::from(vips_ops::Error::OverLimit(OverLimit { what, actual, bound, limit }))
    };
    if let Some(actual) = length.filter(|length| *length > limit) {
        return Err(over(actual));
    }
    // one byte more than allowed, by which a stream that is too long is recognised
    let rest = limit.saturating_add(1).saturating_sub(bytes.len() as u64);
    from.take(rest).read_to_end(&mut bytes).map_err(Error::file(name))?;
    if bytes.len() as u64 > limit {
        return Err(over(bytes.len() as u64));
    }
    Ok(Some(decode_text::decode(bytes.into(), limit)?))
}

fn write(output: &Output, media: Media, bytes: &[u8]) -> Result<(), Error> {
    let path = match output {
        Output::File(path) => path,
        Output::Stream => return write_stream(media, bytes),
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(Error::file(folder))?;
    }
    replace(path, bytes).map_err(Error::file(path))
}

fn write_stream(media: Media, bytes: &[u8]) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    if media != Media::Json && out.is_terminal() {
        let refused = "standard output is a terminal, expected a pipe or a file for a picture".to_owned();
        return Err(Error::Usage(refused));
    }
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Error::Output(error)),
        _ => Ok(()),
    }
}

/// Writes a file so that it is never seen incomplete, even if this process is killed. What is not a regular file, such as
/// `/dev/null` or a link, is written in place.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let is_special = fs::symlink_metadata(path).is_ok_and(|found| !found.is_file());
    if is_special || path.file_name().is_none() {
        return fs::write(path, bytes);
    }
    // without the name of the file, which may have the greatest length already
    let number = PARTIAL_FILES.fetch_add(1, Ordering::Relaxed);
    let beside = path.with_file_name(format!(".pixmill-{}-{number}.partial", std::process::id()));
    let written = fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_replaced_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        // the longest name of most file systems
        let path = folder.path().join("n".repeat(255));
        for bytes in [b"longer".as_slice(), b"new"] {
            replace(&path, bytes).unwrap();
            assert_eq!(fs::read(&path).unwrap(), bytes);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn streams_are_read_up_to_the_limit() {
        let png = b"\x89PNG\r\n\x1a\n and more".as_slice();
        let read = |limit| read_from(png, None, Path::new("-"), limit).map(|bytes| bytes.unwrap().len());
        assert_eq!([png.len() as u64, u64::MAX].map(|limit| read(limit).unwrap()), [png.len(); 2]);
        assert!(read(png.len() as u64 - 1).is_err());
    }
}
