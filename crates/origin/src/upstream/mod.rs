//! Limits and circuit breakers of the hosts that the whole process fetches from.

pub(crate) mod limited;
mod permit;

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use circuit_breaker::{CircuitBreaker, HalfOpen, Settings, State as Circuit};
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use self::permit::HostPermit;
use crate::{config::section::Config, error::Error};

/// How many hosts are remembered, apart from those in use: enough for those of a busy day, some 200 KB.
const MAX_HOSTS: usize = 1024;

/// Limits and circuit breakers for each host, shared by all workers of the process.
pub struct Hosts {
    max_connections: usize,
    max_waiting: usize,
    breaker: Settings,
    known: Mutex<HashMap<String, Arc<Host>>>,
    totals: Totals,
}

/// One host and port.
struct Host {
    name: String,
    connections: Arc<Semaphore>,
    waiting: AtomicUsize,
    breaker: Mutex<CircuitBreaker>,
    used: Mutex<Instant>,
}

#[derive(Default)]
struct Totals {
    fetches: AtomicU64,
    failures: AtomicU64,
    rejected_busy: AtomicU64,
    rejected_open: AtomicU64,
    circuits_opened: AtomicU64,
}

/// Counters and gauges of all hosts, for metrics.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Requests sent to hosts; each followed redirect is one more.
    pub fetches: u64,
    /// Requests that failed: no connection, no response in time, a 5xx, an incomplete body.
    pub failures: u64,
    /// Requests not sent because too many waited for the host already, or no connection became free in time.
    pub rejected_busy: u64,
    /// Requests not sent because the circuit breaker of the host was open.
    pub rejected_open: u64,
    /// How often a circuit breaker opened.
    pub circuits_opened: u64,
    /// The hosts that are remembered, sorted by name.
    pub hosts: Vec<HostStats>,
}

/// Gauges of one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostStats {
    /// Host name and port.
    pub host: String,
    /// Requests in flight.
    pub in_flight: usize,
    /// Requests waiting for a connection.
    pub waiting: usize,
    /// The state of its circuit breaker.
    pub circuit: Circuit,
}

impl Hosts {
    /// No hosts yet; limits and circuit breakers are those of section `origin`.
    pub fn new(config: &Config) -> Self {
        Self {
            max_connections: config.max_connections_per_host.max(1) as usize,
            max_waiting: config.max_waiting_per_host as usize,
            breaker: Settings {
                failure_threshold: config.breaker_failures,
                open_for: config.breaker_pause,
                half_open: HalfOpen::SingleProbe,
            },
            known: Mutex::default(),
            totals: Totals::default(),
        }
    }

    /// A permit for one request to a host. Waits for at most `patience` until a connection is free.
    pub(crate) async fn acquire(
        self: &Arc<Self>,
        name: &str,
        patience: Duration,
    ) -> Result<HostPermit, Error> {
        let host = self.host(name);
        let permit = permit::acquire(self, host, patience).await;
        match &permit {
            Ok(_) => &self.totals.fetches,
            Err(Error::CircuitOpen { .. }) => &self.totals.rejected_open,
            Err(_) => &self.totals.rejected_busy,
        }
        .fetch_add(1, Relaxed);
        permit
    }

    /// The current counters and gauges.
    pub fn stats(&self) -> Stats {
        let mut hosts: Vec<_> = self.known.lock().values().map(|host| self.host_stats(host)).collect();
        hosts.sort_unstable_by(|one, other| one.host.cmp(&other.host));
        Stats {
            fetches: self.totals.fetches.load(Relaxed),
            failures: self.totals.failures.load(Relaxed),
            rejected_busy: self.totals.rejected_busy.load(Relaxed),
            rejected_open: self.totals.rejected_open.load(Relaxed),
            circuits_opened: self.totals.circuits_opened.load(Relaxed),
            hosts,
        }
    }

    fn host_stats(&self, host: &Host) -> HostStats {
        HostStats {
            host: host.name.clone(),
            in_flight: self.max_connections.saturating_sub(host.connections.available_permits()),
            waiting: host.waiting.load(Relaxed),
            circuit: host.breaker.lock().state(),
        }
    }

    fn host(&self, name: &str) -> Arc<Host> {
        let mut known = self.known.lock();
        if let Some(host) = known.get(name) {
            *host.used.lock() = Instant::now();
            return Arc::clone(host);
        }
        if known.len() >= MAX_HOSTS {
            evict_one(&mut known);
        }
        let host = Arc::new(Host {
            name: name.to_owned(),
            connections: Arc::new(Semaphore::new(self.max_connections)),
            waiting: AtomicUsize::new(0),
            breaker: Mutex::new(CircuitBreaker::new(self.breaker)),
            used: Mutex::new(Instant::now()),
        });
        known.insert(name.to_owned(), Arc::clone(&host));
        host
    }
}

/// Forgets the least recently used host that is not in use.
fn evict_one(known: &mut HashMap<String, Arc<Host>>) {
    let idle = known.values().filter(|host| Arc::strong_count(host) == 1);
    let oldest = idle.min_by_key(|host| *host.used.lock()).map(|host| host.name.clone());
    if let Some(oldest) = oldest {
        known.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use circuit_breaker::Outcome;
    use futures_util::{FutureExt, future::join_all};

    use super::*;
    use crate::ErrorKind;

    const PATIENCE: Duration = Duration::from_mins(1);

    fn hosts(change: impl FnOnce(&mut Config)) -> Arc<Hosts> {
        let mut config = Config::default();
        change(&mut config);
        Arc::new(Hosts::new(&config))
    }

    #[actix_rt::test]
    async fn places_are_bounded_and_so_are_those_who_wait() {
        let hosts = hosts(|config| (config.max_connections_per_host, config.max_waiting_per_host) = (2, 1));
        let mut held = vec![
            hosts.acquire("a:80", PATIENCE).await.unwrap(),
            hosts.acquire("a:80", PATIENCE).await.unwrap(),
        ];
        let mut third = Box::pin(hosts.acquire("a:80", PATIENCE));
        assert!(third.as_mut().now_or_never().is_none());
        let error = hosts.acquire("a:80", PATIENCE).now_or_never().unwrap().err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Busy);
        assert!(hosts.acquire("b:80", PATIENCE).now_or_never().unwrap().is_ok(), "another host");
        let Stats { fetches, rejected_busy, hosts: each, .. } = hosts.stats();
        assert_eq!((fetches, rejected_busy, each[0].in_flight, each[0].waiting), (3, 1, 2, 1));
        held.pop();
        third.await.unwrap();
        assert_eq!(hosts.stats().hosts[0].waiting, 0);
    }

    #[actix_rt::test]
    async fn waiting_is_limited_in_time() {
        let hosts = hosts(|config| config.max_connections_per_host = 1);
        let held = hosts.acquire("a:80", PATIENCE).await.unwrap();
        let error = hosts.acquire("a:80", Duration::from_millis(1)).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Busy);
        let mut gone = Box::pin(hosts.acquire("a:80", PATIENCE));
        assert!(gone.as_mut().now_or_never().is_none());
        drop(gone);
        drop(held);
        let HostStats { in_flight, waiting, .. } = hosts.stats().hosts[0].clone();
        assert_eq!((in_flight, waiting), (0, 0));
    }

    #[actix_rt::test]
    async fn waiting_requests_fail_when_the_circuit_opens() {
        let hosts = hosts(|config| {
            (config.max_connections_per_host, config.breaker_failures) = (1, 1);
            config.breaker_pause = PATIENCE;
        });
        let held = hosts.acquire("a:80", PATIENCE).await.unwrap();
        let mut waiting: Vec<_> = (0..3).map(|_| Box::pin(hosts.acquire("a:80", PATIENCE))).collect();
        assert!(waiting.iter_mut().all(|one| one.as_mut().now_or_never().is_none()));
        held.end(Outcome::Failure);
        for refused in join_all(waiting).await {
            assert_eq!(refused.err().unwrap().kind(), ErrorKind::CircuitOpen);
        }
        let Stats { failures, rejected_open, circuits_opened, hosts, .. } = hosts.stats();
        assert_eq!((failures, rejected_open, circuits_opened, hosts[0].circuit), (1, 3, 1, Circuit::Open));
    }

    #[actix_rt::test]
    async fn an_abandoned_probe_allows_the_next() {
        let hosts = hosts(|config| (config.breaker_failures, config.breaker_pause) = (1, Duration::ZERO));
        hosts.acquire("a:80", PATIENCE).await.unwrap().end(Outcome::Failure);
        let attempt = hosts.acquire("a:80", PATIENCE).await.unwrap();
        assert_eq!(hosts.acquire("a:80", PATIENCE).await.err().unwrap().kind(), ErrorKind::CircuitOpen);
        drop(attempt);
        hosts.acquire("a:80", PATIENCE).await.unwrap().end(Outcome::Success);
        assert_eq!(hosts.stats().hosts[0].circuit, Circuit::Closed);
    }

    #[actix_rt::test]
    async fn unused_hosts_are_evicted_and_none_in_use() {
        let hosts = hosts(|_| ());
        let _held = hosts.acquire("held:80", PATIENCE).await.unwrap();
        for number in 0..2 * MAX_HOSTS {
            hosts.acquire(&format!("{number}:80"), PATIENCE).await.unwrap().end(Outcome::Success);
        }
        let known = hosts.stats().hosts;
        assert_eq!(known.len(), MAX_HOSTS);
        assert!(known.iter().any(|host| host.host == "held:80" && host.in_flight == 1));
    }
}
