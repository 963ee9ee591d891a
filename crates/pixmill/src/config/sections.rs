//! Sections `listen` and `workers`. Other sections are in the modules and crates that use them.

use std::{
    net::{Ipv4Addr, SocketAddr},
    num::NonZero,
    ops::RangeInclusive,
    thread,
    time::Duration,
};

use bytesize::ByteSize;
use config_types::Problem;
use humantime_serde::re::humantime::format_duration;
use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, Unexpected},
};

use crate::render::{Class, PerClass};

/// Load balancers keep idle connections for 60 s. If the server closes first, the next request on the connection fails.
const BALANCER_KEEP_ALIVE: Duration = Duration::from_mins(1);

/// Maximum number of threads: more are a mistake.
const MAX_THREADS: usize = 1024;

/// Maximum share of a class: with a thousandth of another's share a class makes no noticeable progress.
const MAX_SHARE: u32 = 1000;

/// Default maximum of connections. An idle one takes about 20 kB of memory here and as much in the kernel.
const DEFAULT_CONNECTIONS: usize = 10_000;

/// Below a second, phones that change their cell are disconnected; beyond an hour, a timeout serves no purpose.
const WRITE_TIMEOUTS: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_hours(1);

/// Longest delay of draining.
const LONGEST_DRAIN_DELAY: Duration = Duration::from_mins(10);

/// The public listener, which serves images.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Listen {
    /// Address and port; port 0 picks a free one. The default takes connections from everywhere, as a container must;
    /// no image is reachable that way until an origin is configured.
    #[serde(deserialize_with = "address")]
    #[schemars(with = "String")]
    pub address: SocketAddr,
    /// How long an idle connection stays open; more than 60 s, since a load balancer must close it first.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub keep_alive: Duration,
    /// How long a client may read nothing of its response before its connection is closed; from 1 s to 1 h. Slow clients are not
    /// disconnected as long as they read 32 kB in that time.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub write_timeout: Duration,
    /// Maximum number of connections of the public listener, and of the upload listener; 0: 10,000, or half of the files that the
    /// process may open if that is less. 64 more connections are accepted that get responses to `/health` and `/ready` only, and 503
    /// to other requests; further ones wait to be accepted.
    pub max_connections: usize,
    /// How long the listeners go on accepting after SIGTERM, while `/ready` is 503: long enough for load balancers to notice; at most
    /// 10 min. A second signal ends it; SIGINT has no delay.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub drain_delay: Duration,
    /// How long requests in flight may take to complete after `drain_delay` when the server shuts down.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub shutdown_timeout: Duration,
    /// Number of proxies in front of this server that are trusted to append the address of their client to `X-Forwarded-For`.
    /// The access log's `client` is then the address that the outermost of them saw; 0: that of the connection.
    pub trusted_proxies: usize,
    /// Threads that read requests and write responses, at most 1024; 0: one per CPU of the process.
    pub workers: usize,
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 8080)),
            keep_alive: Duration::from_secs(75),
            write_timeout: Duration::from_secs(30),
            max_connections: 0,
            drain_delay: Duration::from_secs(5),
            shutdown_timeout: Duration::from_secs(30),
            trusted_proxies: 0,
            workers: 0,
        }
    }
}

impl Listen {
    /// The problems of this section.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = thread_problem("listen.workers", self.workers);
        if self.keep_alive <= BALANCER_KEEP_ALIVE {
            let expected = "more than 60s, after which load balancers close idle connections";
            let got = format_duration(self.keep_alive);
            problems.push(Problem::expected("listen.keep_alive", expected, format_args!("{got}")));
        }
        if !WRITE_TIMEOUTS.contains(&self.write_timeout) {
            let got = format_duration(self.write_timeout);
            problems.push(Problem::expected("listen.write_timeout", "1s to 1h", format_args!("{got}")));
        }
        if self.drain_delay > LONGEST_DRAIN_DELAY {
            let got = format_duration(self.drain_delay);
            problems.push(Problem::expected("listen.drain_delay", "at most 10m", format_args!("{got}")));
        }
        problems
    }

    /// The number of threads.
    pub fn worker_count(&self) -> usize {
        count(self.workers)
    }

    /// The maximum number of connections of a listener, for a process that may open this many files.
    pub fn connection_cap(&self, files: Option<u64>) -> usize {
        let half = files.map_or(usize::MAX, |files| usize::try_from(files / 2).unwrap_or(usize::MAX));
        match self.max_connections {
            0 => half.clamp(1, DEFAULT_CONNECTIONS),
            connections => connections,
        }
    }
}

/// The render threads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Workers {
    /// Number of render threads, at most 1024; 0: one per CPU of the process, by the quota of its container.
    pub threads: usize,
    /// Maximum number of jobs waiting for a render thread; further requests get 503. Requests are refused earlier if they would
    /// exceed `limits.deadline`, or if more work arrives than the threads can do.
    pub queue: usize,
    /// Where pictures are decoded and encoded. `process`: in worker processes, one per thread, which are killed when a render takes
    /// too long or too much memory, and whose crash costs one request. `thread`: in the server process, for systems where worker
    /// processes are not available.
    pub isolation: Isolation,
    /// Whether worker processes drop access to the network, to other programs, and to files other than fonts and models, as far
    /// as the kernel supports it (seccomp and Landlock).
    pub sandbox: bool,
    /// Maximum memory of one render in a worker process; `1GiB`.
    #[schemars(with = "String")]
    pub max_render_memory: ByteSize,
    /// How long an original is refused whose renders crashed worker processes, or exceeded their time, twice within this time; `5m`.
    /// Zero: never.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub quarantine: Duration,
    /// Maximum predicted memory of all running renders together. A render that does not fit waits; one that would not fit alone
    /// gets 422. 0: the memory of the container or machine, minus `cache.memory.max_bytes`, `uploads.max_memory` and a reserve.
    #[schemars(with = "String")]
    pub memory: ByteSize,
    /// Whether renders of one original that wait at the same time, as for the sizes of a responsive image, decode it once. Up to a
    /// quarter of `workers.memory` holds the decoded pixels meanwhile.
    pub share_decodes: bool,
    /// How render time is divided among the classes of work while several of them wait.
    pub shares: Shares,
}

/// Weights by which render time is divided among the classes of work that have jobs waiting; 1 to 1000.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Shares {
    /// Pictures for requests that wait.
    pub picture: u32,
    /// Analyses: faces, nudity, labels.
    pub vision: u32,
    /// Cache warming by `cache_queries`.
    pub warming: u32,
    /// Asynchronous requests (`async=true`).
    #[serde(rename = "async")]
    pub asynchronous: u32,
}

/// Where pictures are decoded and encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// In worker processes, which can be killed.
    Process,
    /// On threads of the server process.
    Thread,
}

/// Minimum of `workers.max_render_memory`: with less, pictures of usual size cannot be rendered.
const MIN_RENDER_MEMORY: ByteSize = ByteSize::mib(64);

impl Default for Workers {
    fn default() -> Self {
        Self {
            threads: 0,
            queue: 256,
            isolation: if cfg!(target_os = "linux") { Isolation::Process } else { Isolation::Thread },
            sandbox: true,
            max_render_memory: ByteSize::gib(1),
            quarantine: Duration::from_mins(5),
            memory: ByteSize(0),
            share_decodes: true,
            shares: Shares::default(),
        }
    }
}

impl Default for Shares {
    fn default() -> Self {
        Self { picture: 8, vision: 4, warming: 1, asynchronous: 2 }
    }
}

impl Shares {
    /// The share of each class.
    pub fn by_class(&self) -> PerClass<u32> {
        PerClass::from_fn(|class| match class {
            Class::Picture => self.picture,
            Class::Vision => self.vision,
            Class::Warming => self.warming,
            Class::Async => self.asynchronous,
            // it waits for all others, so that it needs no share
            Class::Refine => 1,
        })
    }

    fn problems(&self) -> Vec<Problem> {
        let shares = self.by_class();
        let wrong = shares.iter().filter(|(_, share)| !(1..=MAX_SHARE).contains(*share));
        wrong
            .map(|(class, share)| {
                let key = format!("workers.shares.{}", class.name());
                Problem::expected(key, format_args!("1 to {MAX_SHARE}"), share)
            })
            .collect()
    }
}

impl Workers {
    /// The problems of this section.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = [thread_problem("workers.threads", self.threads), self.shares.problems()].concat();
        if self.max_render_memory < MIN_RENDER_MEMORY {
            let expected = format_args!("at least {MIN_RENDER_MEMORY}");
            let got = format_args!("{}", self.max_render_memory);
            problems.push(Problem::expected("workers.max_render_memory", expected, got));
        }
        problems
    }

    /// The number of threads.
    pub fn thread_count(&self) -> usize {
        count(self.threads)
    }
}

pub(super) fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    let expected = &"an IP address and a port, such as 127.0.0.1:8080";
    text.parse().map_err(|_| D::Error::invalid_value(Unexpected::Str(&text), expected))
}

fn thread_problem(key: &str, threads: usize) -> Vec<Problem> {
    if threads <= MAX_THREADS {
        return Vec::new();
    }
    vec![Problem::expected(key, format_args!("at most {MAX_THREADS}, or 0 for one per CPU"), threads)]
}

/// `available_parallelism` honours CPU affinity and the quotas of both cgroup versions.
fn count(threads: usize) -> usize {
    match threads {
        0 => thread::available_parallelism().map_or(1, NonZero::get),
        threads => threads,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keep_alive_outlasts_load_balancers() {
        let listen = |seconds| Listen { keep_alive: Duration::from_secs(seconds), ..Listen::default() };
        assert_eq!(listen(61).problems(), []);
        let problems = listen(60).problems();
        assert!(
            problems.len() == 1
                && problems[0].key == "listen.keep_alive"
                && problems[0].text.ends_with("got 1m"),
            "{problems:?}"
        );
    }

    #[test]
    fn write_timeouts_have_bounds() {
        let listen = |millis| Listen { write_timeout: Duration::from_millis(millis), ..Listen::default() };
        for (millis, fine) in [(0, false), (999, false), (1000, true), (3_600_000, true), (3_600_001, false)]
        {
            let problems = listen(millis).problems();
            assert_eq!(problems.is_empty(), fine, "{problems:?}");
            assert!(problems.iter().all(|problem| problem.key == "listen.write_timeout"));
        }
    }

    #[test]
    fn connections_leave_files_for_the_rest() {
        let listen = |max_connections| Listen { max_connections, ..Listen::default() };
        for (given, files, cap) in [
            (0, None, 10_000),
            (0, Some(1 << 20), 10_000),
            (0, Some(1024), 512),
            (0, Some(1), 1),
            (7, Some(1024), 7),
            (20_000, None, 20_000),
        ] {
            assert_eq!(listen(given).connection_cap(files), cap, "{given} {files:?}");
        }
    }

    #[test]
    fn thread_counts_have_a_maximum_and_zero_is_the_cpu_count() {
        for (threads, fine) in [(0, true), (1, true), (1024, true), (1025, false)] {
            assert_eq!(Workers { threads, ..Workers::default() }.problems().is_empty(), fine, "{threads}");
            assert_eq!(
                Listen { workers: threads, ..Listen::default() }.problems().is_empty(),
                fine,
                "{threads}"
            );
        }
        let cpus = thread::available_parallelism().unwrap().get();
        assert_eq!(Workers::default().thread_count(), cpus);
        assert_eq!(Listen::default().worker_count(), cpus);
        assert_eq!(Workers { threads: 7, ..Workers::default() }.thread_count(), 7);
    }

    #[test]
    fn every_class_has_a_share() {
        for (share, fine) in [(0, false), (1, true), (1000, true), (1001, false), (u32::MAX, false)] {
            let shares = [
                Shares { picture: share, ..Shares::default() },
                Shares { vision: share, ..Shares::default() },
                Shares { warming: share, ..Shares::default() },
                Shares { asynchronous: share, ..Shares::default() },
            ];
            for (shares, class) in shares.into_iter().zip(Class::ALL) {
                let problems = Workers { shares, ..Workers::default() }.problems();
                assert_eq!(problems.is_empty(), fine, "{share} {problems:?}");
                assert!(problems.iter().all(|problem| problem.key.ends_with(class.name())), "{problems:?}");
            }
        }
        let read: Workers = toml::from_str("memory = \"1 GiB\"\nshares.async = 3").unwrap();
        assert_eq!((read.memory, read.shares.asynchronous), (ByteSize::gib(1), 3));
        assert_eq!(read.shares.by_class()[Class::Async], 3);
    }
}
