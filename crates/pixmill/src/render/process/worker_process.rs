//! The server's side of a worker process: it gets one job at a time, and is killed if a job does not end.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    os::{fd::AsFd, unix::process::ExitStatusExt},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use bytes::Bytes;
use rustix::{
    fs::{MemfdFlags, memfd_create},
    param::page_size,
};
use shared_memory::{StopSignal, inbox};
use vips_ops::{Answer, Refined, vips::Deadline};

use super::{
    block_sharing::BlockSharing,
    channel::{Channel, Received},
    job_block::{self, Written},
    message::{Reply, Report, Request, Setup},
};
use crate::{
    config::Environment,
    error::Error,
    render::{
        engine::{Job, Operation, Output, Rendered},
        pool::Part,
    },
};

/// The subcommand that runs a worker.
pub const COMMAND: &str = "render-worker";

/// Path of the running program, which stays valid if its file is replaced by a newer one.
const PROGRAM: &str = "/proc/self/exe";

/// Maximum time for a worker to start. It takes about 50 ms; an overloaded machine takes longer.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// Maximum time for a render to end after the stop signal: libvips checks its deadline between tiles.
const GRACE: Duration = Duration::from_millis(100);

/// How often a render is checked: its deadline, its memory, and whether its caller still waits.
const WATCH_INTERVAL: Duration = Duration::from_millis(20);

/// Results up to this length keep their pages in the answer file, for the next job.
const KEPT_ANSWER_BYTES: u64 = 1 << 20;

/// A worker process. Dropping it kills it.
pub struct WorkerProcess {
    child: Child,
    channel: Channel,
    stop: StopSignal,
    answers: File,
    inbox: File,
    /// Whether the worker no longer uses the inbox.
    inbox_free: bool,
    /// The number of the last job.
    last: u64,
    /// Whether it has run an analysis, and so has models in memory.
    pub has_models: bool,
    /// The parts of the sandbox that the kernel does not support.
    pub unprotected: Vec<String>,
}

/// The bounds of a job.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// Passes when the caller stops waiting.
    pub cancelled: Deadline,
    /// When the job must have ended.
    pub until: Instant,
    /// Maximum memory in bytes.
    pub memory: u64,
}

/// How a job ended.
#[derive(Debug)]
pub enum Ended {
    /// It completed.
    Done {
        /// Its result.
        result: Result<Output, Error>,
        /// CPU time of the worker for this job.
        cpu: Duration,
    },
    /// It was stopped.
    Stopped {
        /// Why.
        reason: Reason,
        /// Whether the worker had to be killed.
        killed: bool,
    },
    /// The worker died.
    Crashed(ExitStatus),
}

/// Why a job was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Its deadline passed.
    Deadline,
    /// Its caller stopped waiting.
    Cancelled,
    /// It exceeded its memory limit.
    Memory,
}

/// What happened to a job while it was watched.
enum Watched {
    /// The worker replied, perhaps after it was told to stop.
    Replied { reply: Reply, stopped: Option<Reason> },
    /// The worker died.
    Died,
    /// It does not stop.
    DoesNotStop(Reason),
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Deadline, Self::Cancelled, Self::Memory];

    /// Its name in metrics and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Deadline => "deadline",
            Self::Cancelled => "cancelled",
            Self::Memory => "memory",
        }
    }
}

impl WorkerProcess {
    /// Starts a worker and waits until it is ready for jobs.
    pub fn start(setup: &Setup) -> io::Result<Self> {
        let (channel, other) = Channel::pair()?;
        let child = Command::new(PROGRAM)
            .arg(COMMAND)
            .env_clear()
            .envs(Environment::of_process().for_workers())
            .stdin(other)
            .stdout(Stdio::null())
            .spawn()?;
        let (stop, stop_file) = StopSignal::create()?;
        let answers = memfd_create("pixmill-answer", MemfdFlags::CLOEXEC)?;
        let (last, has_models, unprotected) = (0, false, Vec::new());
        let answers = File::from(answers);
        let (inbox, inbox_free) = (inbox::create()?, true);
        let mut worker =
            Self { child, channel, stop, answers, inbox, inbox_free, last, has_models, unprotected };
        let start = Request::Start(Box::new(setup.clone()));
        let files = [worker.answers.as_fd(), stop_file.as_fd(), worker.inbox.as_fd()];
        worker.channel.send(&start, &files)?;
        worker.unprotected = worker.readiness()?;
        Ok(worker)
    }

    fn readiness(&self) -> io::Result<Vec<String>> {
        if !self.channel.wait(START_TIMEOUT)? {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the worker did not start in time"));
        }
        match self.channel.receive()? {
            Received::Message(Reply::Ready { unprotected }, _) => Ok(unprotected),
            _ => Err(io::Error::other("the worker ended while it started")),
        }
    }

    /// Runs a job. After [`Ended::Crashed`] and after a kill the worker cannot be used again.
    ///
    /// `may_kill` decides whether a job whose caller stopped waiting is killed; otherwise it runs until its deadline.
    pub fn run(
        &mut self,
        job: &Job,
        part: &Part,
        bounds: &Bounds,
        may_kill: &dyn Fn() -> bool,
    ) -> io::Result<Ended> {
        self.has_models |= matches!(job.operation, Operation::Analyze(_));
        self.last += 1;
        let written = job_block::write(job, Some(&self.inbox).filter(|_| self.inbox_free))?;
        self.inbox_free = false;
        let sharing = BlockSharing::new(part);
        if self.send(&written, &sharing, bounds).is_err() {
            return self.crashed();
        }
        drop(written);
        match self.watch(&sharing, bounds, may_kill)? {
            Watched::Replied { reply, stopped } => self.ended(&reply, stopped),
            Watched::Died => self.crashed(),
            Watched::DoesNotStop(reason) => {
                self.kill();
                Ok(Ended::Stopped { reason, killed: true })
            }
        }
    }

    fn send(&self, written: &Written, sharing: &BlockSharing<'_>, bounds: &Bounds) -> io::Result<()> {
        let time_left = bounds.until.saturating_duration_since(Instant::now());
        let (inbox, block) = match written {
            Written::Inbox(length) => (Some(*length), None),
            Written::Block(block) => (None, Some(block.as_fd())),
        };
        let request = Request::Job { number: self.last, time_left, inbox, decode: sharing.role };
        let files: Vec<_> = block.into_iter().chain(sharing.block()).collect();
        self.channel.send(&request, &files)
    }

    /// Waits for the reply, and stops the job when it exceeds a bound.
    fn watch(
        &self,
        sharing: &BlockSharing<'_>,
        bounds: &Bounds,
        may_kill: &dyn Fn() -> bool,
    ) -> io::Result<Watched> {
        let mut stopped: Option<(Reason, Instant)> = None;
        loop {
            if self.channel.wait(WATCH_INTERVAL)? {
                match self.channel.receive::<Reply>() {
                    Ok(Received::Message(Reply::Decoded { number, step }, _)) if number == self.last => {
                        sharing.publish(step);
                        continue;
                    }
                    Ok(Received::Message(reply, _)) => {
                        let stopped = stopped.map(|(reason, _)| reason);
                        return Ok(Watched::Replied { reply, stopped });
                    }
                    Ok(Received::Closed) | Err(_) => return Ok(Watched::Died),
                }
            }
            let now = Instant::now();
            match stopped {
                None => {
                    if let Some(reason) = self.exceeded(bounds, now) {
                        self.stop.stop(self.last);
                        stopped = Some((reason, now));
                    }
                }
                Some((reason, at)) if now.duration_since(at) >= GRACE => {
                    let waits = reason == Reason::Cancelled && now < bounds.until && !may_kill();
                    if !waits {
                        return Ok(Watched::DoesNotStop(reason));
                    }
                }
                Some(_) => {}
            }
        }
    }

    fn exceeded(&self, bounds: &Bounds, now: Instant) -> Option<Reason> {
        if now >= bounds.until {
            Some(Reason::Deadline)
        } else if bounds.cancelled.passed() {
            Some(Reason::Cancelled)
        } else {
            let memory = self.memory().unwrap_or_default();
            (memory > bounds.memory).then_some(Reason::Memory)
        }
    }

    /// The result that a reply announces.
    fn ended(&mut self, reply: &Reply, stopped: Option<Reason>) -> io::Result<Ended> {
        let (report, body, cpu) = match *reply {
            Reply::Ended { number, report, body, cpu, inbox_free } if number == self.last => {
                self.inbox_free = inbox_free;
                (report, body, cpu)
            }
            _ => return self.crashed(),
        };
        let Ok(result) = self.result(report, body) else { return self.crashed() };
        match (stopped, &result) {
            // a result that was finished before the stop took effect is good
            (Some(reason), Err(_)) => Ok(Ended::Stopped { reason, killed: false }),
            _ => Ok(Ended::Done { result, cpu }),
        }
    }

    /// Report and body from the answer file. They are read, not mapped, since the worker can still change the file.
    fn result(&mut self, report: usize, body: usize) -> io::Result<Result<Output, Error>> {
        let length = self.answers.metadata()?.len();
        if (report as u64).saturating_add(body as u64) > length {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the answer file is shorter than the worker stated",
            ));
        }
        let (mut text, mut bytes) = (vec![0; report], vec![0; body]);
        self.answers.seek(SeekFrom::Start(0))?;
        self.answers.read_exact(&mut text)?;
        self.answers.read_exact(&mut bytes)?;
        if length > KEPT_ANSWER_BYTES {
            self.answers.set_len(0)?;
        }
        Ok(match serde_json::from_slice(&text)? {
            Report::Fault(fault) => Err(fault.into()),
            Report::Analysis(result) => Ok(Output::Analysis(result)),
            Report::Score(score) => Ok(Output::Score(score)),
            Report::Refined { kept: Some(reason), .. } => Ok(Output::Refined(Refined::Kept(reason))),
            Report::Refined { kept: None, scores } => {
                Ok(Output::Refined(Refined::Saved { bytes: bytes.into(), scores }))
            }
            Report::Answer { media, original, lacks_overlays, quality, codecs, phases } => {
                let bytes = Bytes::from(bytes);
                let answer = Answer { bytes, media, original, lacks_overlays, quality, codecs };
                Ok(Output::Rendered(Rendered { answer, phases }))
            }
        })
    }

    /// Kills the worker if it is alive, also after it broke the protocol, and returns its exit status: that of its own death, if
    /// it died first.
    fn crashed(&mut self) -> io::Result<Ended> {
        let _ = self.child.kill();
        Ok(Ended::Crashed(self.child.wait()?))
    }

    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Whether the process is alive.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Its own memory in bytes, without what it shares with files and with the server.
    pub fn memory(&self) -> Option<u64> {
        let text = fs::read_to_string(format!("/proc/{}/statm", self.child.id())).ok()?;
        let mut pages = text.split(' ').skip(1).map(|number| number.parse::<u64>().ok());
        let (resident, shared) = (pages.next()??, pages.next()??);
        Some(resident.saturating_sub(shared) * page_size() as u64)
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The name of the signal that ended a process.
pub fn signal_name(status: ExitStatus) -> String {
    let name = match status.signal() {
        Some(4) => "SIGILL",
        Some(6) => "SIGABRT",
        Some(7) => "SIGBUS",
        Some(8) => "SIGFPE",
        Some(9) => "SIGKILL",
        Some(5) => "SIGTRAP",
        Some(11) => "SIGSEGV",
        Some(24) => "SIGXCPU",
        Some(25) => "SIGXFSZ",
        Some(31) => "SIGSYS",
        Some(number) => return format!("signal {number}"),
        None => return format!("exit status {}", status.code().unwrap_or_default()),
    };
    name.to_owned()
}
