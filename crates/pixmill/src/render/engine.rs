//! The computation: from the bytes of an original to an encoded picture or an analysis result. Runs on render threads and in
//! worker processes.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use image_api::{Accept, OutputFormat, Params, Settings};
use serde::{Deserialize, Serialize};
use vips_ops::{
    Answer, Assets, First, Media, Phase, Refined, answer, describe, refine::refine, score, vips::Deadline,
};

use crate::{
    analysis::analyzer::Analyzer,
    error::Error,
    model::analysis::{AnalysisKind, AnalysisResult},
};

/// Runs jobs: the operator's settings, and the models.
#[derive(Clone)]
pub struct Engine {
    /// Limits and encoders.
    pub settings: Arc<Settings>,
    /// The models.
    pub analyzer: Arc<Analyzer>,
}

/// A computation on an original.
#[derive(Debug, Clone)]
pub struct Job {
    /// The encoded bytes of the original, untrusted.
    pub original: Bytes,
    /// The operation.
    pub operation: Operation,
}

/// The operation of a job.
#[derive(Debug, Clone)]
pub enum Operation {
    /// Render it.
    Render(Box<Render>),
    /// Analyse it.
    Analyze(AnalysisKind),
    /// Encode a picture of it again.
    Refine(Box<Refine>),
    /// Compare the first encoding with the rendered pixels.
    Score(Box<Refine>),
}

/// A render of which there is a first encoding.
#[derive(Debug, Clone)]
pub struct Refine {
    /// The render.
    pub render: Render,
    /// The first encoding.
    pub encoded: Bytes,
}

/// A render.
#[derive(Debug, Clone)]
pub struct Render {
    /// The request's parameters.
    pub params: Params,
    /// The overlays, and the faces in the original, if the parameters need them.
    pub assets: Assets,
    /// The formats that the client accepts.
    pub accept: Accept,
}

/// The result of a job.
#[derive(Debug, Clone)]
pub enum Output {
    /// Of a render.
    Rendered(Rendered),
    /// Of an analysis.
    Analysis(AnalysisResult),
    /// Of the second pass.
    Refined(Refined),
    /// SSIMULACRA2 of the first encoding; none if it is not compared.
    Score(Option<f64>),
}

/// A rendered picture, with the time in each phase.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The picture, or its description.
    pub answer: Answer,
    /// Time in each phase.
    pub phases: Phases,
}

/// Time in the phases of a render.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phases {
    /// Reading the header, and measuring pixels where the plan depends on them.
    pub decode: Duration,
    /// Computing pixels. Most of the decoding happens here: pixels are decoded as they are needed.
    pub process: Duration,
    /// Encoding.
    pub encode: Duration,
}

impl Refine {
    /// The first encoding, of this original.
    fn first<'a>(&'a self, original: &'a Bytes) -> First<'a> {
        let Self { render: Render { params, assets, accept }, encoded } = self;
        First { params, original, assets, accept: *accept, encoded }
    }
}

impl Engine {
    /// Runs a job. Fails with a deadline error soon after the deadline passes.
    pub fn run(&self, job: &Job, deadline: &Deadline) -> Result<Output, Error> {
        match &job.operation {
            Operation::Render(render) => self.timed(render, &job.original, deadline).map(Output::Rendered),
            Operation::Analyze(kind) => {
                let result = self.analyzer.analyze(*kind, &job.original, &self.settings, deadline);
                result.map(Output::Analysis)
            }
            Operation::Refine(wanted) => {
                Ok(Output::Refined(refine(&wanted.first(&job.original), &self.settings, deadline)?))
            }
            Operation::Score(wanted) => {
                Ok(Output::Score(score(&wanted.first(&job.original), &self.settings, deadline)?))
            }
        }
    }

    fn timed(&self, render: &Render, original: &Bytes, deadline: &Deadline) -> Result<Rendered, Error> {
        let began = Instant::now();
        let [mut opened, mut processed] = [began; 2];
        let mut reached = |phase| match phase {
            Phase::Opened => opened = Instant::now(),
            Phase::Processed => processed = Instant::now(),
            Phase::Encoded => {}
        };
        let answer = self.answer(render, original, deadline, &mut reached)?;
        let (decode, process) = (opened - began, processed - opened);
        let phases = Phases { decode, process, encode: processed.elapsed() };
        Ok(Rendered { answer, phases })
    }

    /// Renders. If faces are to be described, they are those of the rendered picture, which is analysed for that. `reached` is
    /// called at the end of each phase.
    pub fn answer(
        &self,
        render: &Render,
        original: &Bytes,
        deadline: &Deadline,
        reached: &mut dyn FnMut(Phase),
    ) -> Result<Answer, Error> {
        let (Self { settings, analyzer }, Render { params, assets, accept }) = (self, render);
        let wanted = params.of_picture();
        if !params.describes_faces() || wanted.is_empty() {
            return Ok(answer(params, original, assets, *accept, settings, deadline, reached)?);
        }
        let picture = answer(&wanted, original, assets, *accept, settings, deadline, reached)?;
        if picture.media == Media::Picture(OutputFormat::Mp4) {
            // videos are not analysed
            return Ok(answer(params, original, assets, *accept, settings, deadline, &mut |_| ())?);
        }
        let faces = analyzer.analyze(AnalysisKind::Faces, &picture.bytes, settings, deadline)?;
        let described = describe(params, &picture.bytes, &faces.faces_for_plan(), settings, deadline)?;
        Ok(Answer { bytes: described.bytes, media: described.media, ..picture })
    }
}
