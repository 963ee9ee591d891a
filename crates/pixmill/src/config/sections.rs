//! The sections that belong to the server itself; the others belong to the modules and crates that use them.

use std::{
    net::{Ipv4Addr, SocketAddr},
    num::NonZero,
    ops::RangeInclusive,
    thread,
    time::Duration,
};

use bytesize::ByteSize;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error};

use crate::render::{Class, PerClass};

/// Load balancers keep idle connections for 60 s. A server that closes first answers their next request with a reset.
const BALANCER_KEEP_ALIVE: Duration = Duration::from_mins(1);

/// More threads than this are a mistake, not a machine.
const MOST_THREADS: usize = 1024;

/// A class with a thousandth of another's share makes no progress that anybody would notice.
const MOST_SHARE: u32 = 1000;

/// Connections of a listener that does not say how many. An idle one costs some 20 kB here and as much in the kernel.
const USUAL_CONNECTIONS: usize = 10_000;

/// Below a second a phone that changes its cell is cut; beyond an hour there is no point in a bound.
const WRITE_TIMEOUTS: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_hours(1);

/// The public listener, which serves images.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Listen {
    /// Address and port; port 0 picks a free one. The default takes connections from everywhere, as a container must;
    /// no image is reachable that way until an origin is configured.
    #[serde(deserialize_with = "address")]
    #[schemars(with = "String")]
    pub address: SocketAddr,
    /// How long an idle connection stays open; above 60 s, since a load balancer in front must be the first to close.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub keep_alive: Duration,
    /// How long a client may take nothing of its answer before its connection is closed; from 1 s to 1 h. One that reads
    /// slowly is not cut, as long as it takes 32 kB in that time.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub write_timeout: Duration,
    /// The most connections at a time, of the public listener and of that for uploads each; 0: 10,000, or half of the files
    /// that the process may open if that is less. 64 more are accepted and get an answer to `/health` and `/ready` only,
    /// and 503 to the rest; what is beyond waits to be accepted.
    pub max_connections: usize,
    /// How long requests that are being answered may take to end when the server is told to stop.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub shutdown_timeout: Duration,
    /// How many proxies in front of this server are trusted to add to `X-Forwarded-For` the address of whoever asked them.
    /// The access log's `client` is then the address that the first of them saw; 0: that of the connection.
    pub trusted_proxies: usize,
    /// Threads that read requests and write answers, at most 1024; 0: as many as the process has CPUs.
    pub workers: usize,
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 8080)),
            keep_alive: Duration::from_secs(75),
            write_timeout: Duration::from_secs(30),
            max_connections: 0,
            shutdown_timeout: Duration::from_secs(30),
            trusted_proxies: 0,
            workers: 0,
        }
    }
}

impl Listen {
    /// Every problem of this section, each naming its key.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = thread_problem("listen.workers", self.workers);
        if self.keep_alive <= BALANCER_KEEP_ALIVE {
            problems.push(format!(
                "listen.keep_alive is {}, expected more than 60s, after which load balancers close",
                humantime_serde::re::humantime::format_duration(self.keep_alive)
            ));
        }
        if !WRITE_TIMEOUTS.contains(&self.write_timeout) {
            problems.push(format!(
                "listen.write_timeout is {}, expected from 1s to 1h",
                humantime_serde::re::humantime::format_duration(self.write_timeout)
            ));
        }
        problems
    }

    /// How many threads there are to be.
    pub fn worker_count(&self) -> usize {
        count(self.workers)
    }

    /// How many connections a listener may have, where the process may open so many files.
    pub fn connection_cap(&self, files: Option<u64>) -> usize {
        let half = files.map_or(usize::MAX, |files| usize::try_from(files / 2).unwrap_or(usize::MAX));
        match self.max_connections {
            0 => half.clamp(1, USUAL_CONNECTIONS),
            connections => connections,
        }
    }
}

/// The threads that compute pictures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Workers {
    /// How many, at most 1024; 0: as many as the process has CPUs, a container's quota included.
    pub threads: usize,
    /// How many tasks may wait for a thread; further requests get 503. Requests are refused earlier when they could not be
    /// answered before `limits.deadline`, or when more work arrives than the threads can do.
    pub queue: usize,
    /// Where pictures are decoded and encoded. `process`: in processes of their own, one a thread, which are killed when a
    /// picture takes too long or too much memory, and whose crash costs one request. `thread`: in the server itself, where
    /// processes cannot be had.
    pub isolation: Isolation,
    /// Whether render processes give up the network, other programs, and files beyond fonts and models, as far as the
    /// kernel lets them (seccomp and Landlock).
    pub sandbox: bool,
    /// Memory that one render may take in a process of its own; `1GiB`.
    #[schemars(with = "String")]
    pub max_render_memory: ByteSize,
    /// How long an original is refused that crashed render processes, or used up their whole time, twice within this
    /// time; `5m`. Zero: never.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub quarantine: Duration,
    /// The memory that all running renders may use together, by prediction. A render that does not fit waits; one that
    /// would not fit alone gets 422. 0: what the container or machine has, less `cache.memory.max_bytes`,
    /// `uploads.max_memory` and a reserve.
    #[schemars(with = "String")]
    pub memory: ByteSize,
    /// How the threads' time is divided among classes of work while several of them wait.
    pub shares: Shares,
}

/// How the threads' time is divided among classes of work: each gets its part of the sum of those that have work
/// waiting. 1 to 1000.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Shares {
    /// Pictures that clients wait for.
    pub picture: u32,
    /// Recognition: faces, nudity, labels.
    pub vision: u32,
    /// Variants made ahead, by `cache_queries`.
    pub warming: u32,
    /// Requests of `async=true`.
    #[serde(rename = "async")]
    pub asynchronous: u32,
}

/// Where pictures are decoded and encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// In processes that can be killed.
    Process,
    /// On threads of the server.
    Thread,
}

/// Below this no picture of usual size can be rendered.
const LEAST_RENDER_MEMORY: ByteSize = ByteSize::mib(64);

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
        })
    }

    fn problems(&self) -> Vec<String> {
        let shares = self.by_class();
        let wrong = shares.iter().filter(|(_, share)| !(1..=MOST_SHARE).contains(*share));
        wrong
            .map(|(class, share)| {
                format!("workers.shares.{} is {share}, expected 1 to {MOST_SHARE}", class.name())
            })
            .collect()
    }
}

impl Workers {
    /// Every problem of this section, each naming its key.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = [thread_problem("workers.threads", self.threads), self.shares.problems()].concat();
        if self.max_render_memory < LEAST_RENDER_MEMORY {
            problems.push(format!(
                "workers.max_render_memory is {}, expected at least {LEAST_RENDER_MEMORY}",
                self.max_render_memory
            ));
        }
        problems
    }

    /// How many threads there are to be.
    pub fn thread_count(&self) -> usize {
        count(self.threads)
    }
}

pub(super) fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    let refused =
        || D::Error::custom("not an address, expected an IP address and a port, such as 127.0.0.1:8080");
    text.parse().map_err(|_| refused())
}

fn thread_problem(key: &str, threads: usize) -> Vec<String> {
    if threads <= MOST_THREADS {
        return Vec::new();
    }
    vec![format!("{key} is {threads}, expected at most {MOST_THREADS}, or 0 for one a CPU")]
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
        assert_eq!(listen(61).problems(), [""; 0]);
        let problems = listen(60).problems();
        assert!(problems.len() == 1 && problems[0].starts_with("listen.keep_alive is 1m,"), "{problems:?}");
    }

    #[test]
    fn write_timeouts_have_bounds() {
        let listen = |millis| Listen { write_timeout: Duration::from_millis(millis), ..Listen::default() };
        for (millis, fine) in [(0, false), (999, false), (1000, true), (3_600_000, true), (3_600_001, false)]
        {
            let problems = listen(millis).problems();
            assert_eq!(problems.is_empty(), fine, "{problems:?}");
            assert!(problems.iter().all(|problem| problem.starts_with("listen.write_timeout is")));
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
    fn thread_counts_have_a_bound_and_zero_is_the_machines() {
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
                assert!(problems.iter().all(|problem| problem.contains(class.name())), "{problems:?}");
            }
        }
        let read: Workers = toml::from_str("memory = \"1 GiB\"\nshares.async = 3").unwrap();
        assert_eq!((read.memory, read.shares.asynchronous), (ByteSize::gib(1), 3));
        assert_eq!(read.shares.by_class()[Class::Async], 3);
    }
}
