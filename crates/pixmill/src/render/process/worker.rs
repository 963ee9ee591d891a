//! A render worker: this program, started by a server to render for it. Its standard input is the socket to the server.

use std::{
    ffi::CStr,
    fs::File,
    io,
    os::{fd::AsFd, unix::fs::FileExt},
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use bytes::Bytes;
use rustix::{
    process::{Signal, set_parent_process_death_signal},
    thread::set_name,
    time::{ClockId, clock_gettime},
};
use shared_memory::{Inbox, StopSignal};
use vips_ops::{
    Answer, Refined,
    vips::{self, Deadline, Vips},
};

use super::{
    block_sharing,
    channel::{Channel, Received},
    job_block,
    message::{Fault, Reply, Report, Request, Setup},
    sandbox::{self, Sandbox},
};
use crate::{
    analysis::analyzer::Analyzer,
    error::Error,
    render::engine::{Engine, Job, Operation, Output, Rendered},
    signals,
    telemetry::logs,
};

/// Without a job for so long, a worker gives back the buffers that it keeps for the next one: about as long as the allocator
/// keeps what was freed.
const IDLE: Duration = Duration::from_secs(1);

/// Name of a worker in process listings: at most 15 characters.
const NAME: &CStr = c"pixmill-render";

/// A worker that has been set up.
struct Worker {
    engine: Engine,
    answers: File,
    stop: StopSignal,
    inbox: Inbox,
}

/// Runs jobs for the server at the other end of standard input, until that end is closed. Once it is set up, it reports its
/// failure as an event, in the format of the server's log.
pub fn run() -> anyhow::Result<ExitCode> {
    // if the server dies, its workers die too, even busy ones
    set_parent_process_death_signal(Some(Signal::KILL))?;
    set_name(NAME)?;
    signals::ignore()?;
    let channel = Arc::new(Channel::from_fd(io::stdin().as_fd().try_clone_to_owned()?));
    let first = channel
        .receive()
        .context("expected a server at the other end of standard input: this command is for internal use")?;
    let (setup, files) = match first {
        Received::Message(Request::Start(setup), files) => (setup, files),
        Received::Message(..) => anyhow::bail!("expected a setup"),
        Received::Closed => return Ok(ExitCode::SUCCESS),
    };
    let worker = Worker::start(&setup, files)?;
    let unprotected = sandbox::enter(&Sandbox::of(&setup));
    let served = channel
        .send(&Reply::Ready { unprotected }, &[])
        .map_err(anyhow::Error::from)
        .and_then(|()| worker.serve(&channel));
    match served {
        Err(error) if !is_closed(&error) => {
            tracing::error!(error = format!("{error:#}"), "a render worker failed");
            Ok(ExitCode::FAILURE)
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Whether the server closed its end while this one was sending.
fn is_closed(error: &anyhow::Error) -> bool {
    let is_end = |kind| matches!(kind, io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset);
    error.downcast_ref::<io::Error>().is_some_and(|error| is_end(error.kind()))
}

impl Worker {
    fn start(setup: &Setup, files: Vec<std::os::fd::OwnedFd>) -> anyhow::Result<Self> {
        logs::start(&setup.logs).map_err(anyhow::Error::from_boxed)?;
        logs::structure_panics(&setup.logs);
        Vips::start(vips::Settings { on_warning: logs::vips_warning, ..vips::Settings::default() })?;
        let [answers, stop, inbox] = <[_; 3]>::try_from(files)
            .map_err(|files| anyhow::anyhow!("expected three files, got {}", files.len()))?;
        let engine = Engine {
            settings: Arc::new(setup.settings.clone()),
            analyzer: Arc::new(Analyzer::open(&setup.vision)),
        };
        Ok(Self {
            engine,
            answers: File::from(answers),
            stop: StopSignal::open(stop)?,
            inbox: Inbox::open(inbox)?,
        })
    }

    /// Runs jobs until the server closes its end.
    fn serve(&self, channel: &Arc<Channel>) -> anyhow::Result<()> {
        loop {
            if !channel.wait(IDLE)? {
                vips_ops::release_buffers();
            }
            let Received::Message(request, files) = channel.receive()? else { return Ok(()) };
            let Request::Job { number, time_left, inbox, decode } = request else {
                anyhow::bail!("expected a job")
            };
            let mut files = files.into_iter();
            let bytes = match inbox {
                Some(length) => self.inbox.content(length)?,
                None => shared_memory::map(files.next().context("expected a block")?)?,
            };
            let mut job = job_block::read(bytes)?;
            if let Operation::Render(render) = &mut job.operation {
                render.assets.sharing = block_sharing::sharing(decode, files.next(), channel, number)?;
            }
            sandbox::limit_cpu(time_left);
            let began = cpu_time();
            let (report, body) = self.run_job(&job, number, time_left);
            drop(job);
            let report = serde_json::to_vec(&report)?;
            self.write(&report, &body)?;
            let (report, length) = (report.len(), body.len());
            // the body may be a part of the original
            drop(body);
            let (cpu, inbox_free) = (cpu_time().saturating_sub(began), self.inbox.is_free());
            channel.send(&Reply::Ended { number, report, body: length, cpu, inbox_free }, &[])?;
        }
    }

    fn run_job(&self, job: &Job, number: u64, time_left: Duration) -> (Report, Bytes) {
        let stop = self.stop.clone();
        let deadline = Deadline::after(time_left).or_when(move || stop.is_stopped(number));
        #[cfg(debug_assertions)]
        crate::render::test_faults::cause(&job.original);
        let output = catch_unwind(AssertUnwindSafe(|| self.engine.run(job, &deadline)));
        report(output.unwrap_or_else(|_| {
            tracing::error!("a render panicked");
            Err(Error::Broken)
        }))
    }

    /// Writes report and body into the file from which the server reads them.
    fn write(&self, report: &[u8], body: &[u8]) -> io::Result<()> {
        self.answers.write_all_at(report, 0)?;
        self.answers.write_all_at(body, report.len() as u64)
    }
}

fn report(result: Result<Output, Error>) -> (Report, Bytes) {
    match result {
        Ok(Output::Rendered(Rendered { answer, phases })) => {
            let Answer { bytes, media, original, lacks_overlays, quality, codecs } = answer;
            (Report::Answer { media, original, lacks_overlays, quality, codecs, phases }, bytes)
        }
        Ok(Output::Analysis(result)) => (Report::Analysis(result), Bytes::new()),
        Ok(Output::Refined(Refined::Saved { bytes, scores })) => {
            (Report::Refined { kept: None, scores }, bytes)
        }
        Ok(Output::Refined(Refined::Kept(reason))) => {
            (Report::Refined { kept: Some(reason), scores: None }, Bytes::new())
        }
        Ok(Output::Score(score)) => (Report::Score(score), Bytes::new()),
        Err(failure) => (Report::Fault(Fault::from(failure)), Bytes::new()),
    }
}

/// CPU time of this process.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}
