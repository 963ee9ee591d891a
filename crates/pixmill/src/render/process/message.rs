//! Messages between server and worker: plain data. Neither side trusts a length that the other states.

use std::time::Duration;

use image_api::{Settings, size::Size};
use serde::{Deserialize, Serialize};
use vips_ops::{Media, UsedCodecs, refine::Reason, source::DecodeStep};

use crate::{
    config::Vision, error::Error, model::analysis::AnalysisResult, render::engine::Phases,
    telemetry::logs::Logs,
};

/// From the server to a worker.
#[derive(Debug, Serialize, Deserialize)]
pub enum Request {
    /// The first message. With it come the answer file, the stop signal and the inbox.
    Start(Box<Setup>),
    /// A job, in the inbox, or in a block that comes with the message.
    Job {
        /// Jobs are numbered from 1.
        number: u64,
        /// Time until the deadline.
        time_left: Duration,
        /// Its length in the inbox; none: it is in a block.
        inbox: Option<usize>,
        /// Its part in the decode of its original.
        decode: DecodeRole,
    },
}

/// The part of a job in a decode that several jobs share. The last file with its message is the block of the pixels.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub enum DecodeRole {
    /// It decodes for itself. There is no block.
    Alone,
    /// It decodes into the block, which has so many bytes, and reports [`Reply::Decoded`].
    Provide(u64),
    /// It uses the pixels in the block, if it would decode in this way.
    Reuse(DecodeStep),
}

/// The setup of a worker.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Setup {
    /// Limits and encoders.
    pub settings: Settings,
    /// The models.
    pub vision: Vision,
    /// The logging settings.
    pub logs: Logs,
    /// Bytes that a render may add to the address space.
    pub memory: u64,
    /// Whether system calls and files are to be restricted.
    pub sandbox: bool,
}

/// From a worker to the server.
#[derive(Debug, Serialize, Deserialize)]
pub enum Reply {
    /// It has started and is ready for jobs.
    Ready {
        /// The parts of the sandbox that the kernel does not support; empty if it is complete.
        unprotected: Vec<String>,
    },
    /// The job has decoded into its block and sealed it, or will not.
    Decoded {
        /// The number of the job.
        number: u64,
        /// How it has decoded; none: it does not share.
        step: Option<DecodeStep>,
    },
    /// A job has ended; its report, then its body, lie in the answer file.
    Ended {
        /// The number of the job.
        number: u64,
        /// Length of the report, JSON, in bytes.
        report: usize,
        /// Length of the body in bytes.
        body: usize,
        /// CPU time of all threads of the worker for this job.
        cpu: Duration,
        /// Whether the inbox may be written again.
        inbox_free: bool,
    },
}

/// The result of a job.
#[derive(Debug, Serialize, Deserialize)]
pub enum Report {
    /// A rendered picture or a description; its bytes are the body.
    Answer {
        /// Its media type.
        media: Media,
        /// Size of the original as it is stored.
        original: Size,
        /// Whether an overlay is missing.
        lacks_overlays: bool,
        /// The quality that `quality=auto` found.
        quality: Option<u8>,
        /// The libraries that decoded and encoded.
        codecs: Option<UsedCodecs>,
        /// Time in each phase.
        phases: Phases,
    },
    /// The result of an analysis.
    Analysis(AnalysisResult),
    /// The result of the second pass.
    Refined {
        /// Why the first encoding remains; none: the second one is the body.
        kept: Option<Reason>,
        /// SSIMULACRA2 of the second and of the first encoding, if they were compared.
        scores: Option<[f64; 2]>,
    },
    /// SSIMULACRA2 of the first encoding; none if it is not compared.
    Score(Option<f64>),
    /// An error.
    Fault(Fault),
}

/// The errors of a job.
#[derive(Debug, Serialize, Deserialize)]
pub enum Fault {
    /// Of the picture or the parameters.
    Image(vips_ops::Error),
    /// The models are missing.
    ModelsMissing(String),
    /// A bug; the log of the worker has details.
    Broken,
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::Image(error) => Self::Image(error),
            Error::ModelsMissing { reason } => Self::ModelsMissing(reason),
            Error::Deadline => Self::Image(vips_ops::Error::Deadline),
            _ => Self::Broken,
        }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Image(error) => Self::Image(error),
            Fault::ModelsMissing(reason) => Self::ModelsMissing { reason },
            Fault::Broken => Self::Broken,
        }
    }
}
