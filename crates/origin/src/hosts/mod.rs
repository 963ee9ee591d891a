//! The hosts that the whole process fetches from: how many connections each may have, and which are left alone.

mod admission;
mod breaker;

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use tokio::sync::Semaphore;

pub use self::breaker::Circuit;
use self::breaker::{Breaker, Settings};
pub(crate) use self::{admission::Admission, breaker::Verdict};
use crate::{Config, error::Error};

/// How many hosts are remembered that nothing is being fetched from: enough for those of a busy day, some 200 KB.
const REMEMBERED: usize = 1024;

/// The hosts, shared by all workers of the process.
pub struct Hosts {
    most_connections: usize,
    most_waiting: usize,
    breaker: Settings,
    known: Mutex<HashMap<String, Arc<Host>>>,
    totals: Totals,
}

/// One host and port.
struct Host {
    name: String,
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    breaker: Mutex<Breaker>,
    used: Mutex<Instant>,
}

#[derive(Default)]
struct Totals {
    fetches: AtomicU64,
    failures: AtomicU64,
    turned_away: AtomicU64,
    broken_off: AtomicU64,
    opened: AtomicU64,
}

/// What happened so far, and what is happening, for metrics.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Requests that were sent to hosts; each redirect that is followed is one more.
    pub fetches: u64,
    /// How many of them failed: no connection, no answer in time, a 5xx, a body cut short.
    pub failures: u64,
    /// Requests that were not sent because too many were waiting already, or a place took too long to come free.
    pub turned_away: u64,
    /// Requests that were not sent because the host's circuit was open.
    pub broken_off: u64,
    /// How often a circuit opened.
    pub opened: u64,
    /// The hosts that are remembered, by name.
    pub hosts: Vec<HostStats>,
}

/// What is happening with one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostStats {
    /// Name and port.
    pub host: String,
    /// Requests being answered.
    pub under_way: usize,
    /// Requests waiting for a place.
    pub waiting: usize,
    /// What its breaker lets through.
    pub circuit: Circuit,
}

impl Hosts {
    /// No hosts yet; limits and breakers are those of section `origin`.
    pub fn new(config: &Config) -> Self {
        Self {
            most_connections: config.max_connections_per_host.max(1) as usize,
            most_waiting: config.max_waiting_per_host as usize,
            breaker: Settings { failures: config.breaker_failures, pause: config.breaker_pause },
            known: Mutex::default(),
            totals: Totals::default(),
        }
    }

    /// A place at a host. Waits for at most `patience` until one is free.
    pub(crate) async fn admit(self: &Arc<Self>, name: &str, patience: Duration) -> Result<Admission, Error> {
        let host = self.host(name);
        let admitted = admission::admit(self, host, patience).await;
        match &admitted {
            Ok(_) => &self.totals.fetches,
            Err(Error::CircuitOpen { .. }) => &self.totals.broken_off,
            Err(_) => &self.totals.turned_away,
        }
        .fetch_add(1, Relaxed);
        admitted
    }

    /// What happened so far, and what is happening.
    pub fn stats(&self) -> Stats {
        let mut hosts: Vec<_> = self.known.lock().values().map(|host| self.host_stats(host)).collect();
        hosts.sort_unstable_by(|one, other| one.host.cmp(&other.host));
        Stats {
            fetches: self.totals.fetches.load(Relaxed),
            failures: self.totals.failures.load(Relaxed),
            turned_away: self.totals.turned_away.load(Relaxed),
            broken_off: self.totals.broken_off.load(Relaxed),
            opened: self.totals.opened.load(Relaxed),
            hosts,
        }
    }

    fn host_stats(&self, host: &Host) -> HostStats {
        HostStats {
            host: host.name.clone(),
            under_way: self.most_connections.saturating_sub(host.places.available_permits()),
            waiting: host.waiting.load(Relaxed),
            circuit: host.breaker.lock().circuit(),
        }
    }

    fn host(&self, name: &str) -> Arc<Host> {
        let mut known = self.known.lock();
        if let Some(host) = known.get(name) {
            *host.used.lock() = Instant::now();
            return Arc::clone(host);
        }
        if known.len() >= REMEMBERED {
            forget_one(&mut known);
        }
        let host = Arc::new(Host {
            name: name.to_owned(),
            places: Arc::new(Semaphore::new(self.most_connections)),
            waiting: AtomicUsize::new(0),
            breaker: Mutex::new(Breaker::new(self.breaker)),
            used: Mutex::new(Instant::now()),
        });
        known.insert(name.to_owned(), Arc::clone(&host));
        host
    }
}

/// Forgets the host that nothing has been fetched from for the longest time, and nothing is now.
fn forget_one(known: &mut HashMap<String, Arc<Host>>) {
    let idle = known.values().filter(|host| Arc::strong_count(host) == 1);
    let oldest = idle.min_by_key(|host| *host.used.lock()).map(|host| host.name.clone());
    if let Some(oldest) = oldest {
        known.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
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
        let mut held =
            vec![hosts.admit("a:80", PATIENCE).await.unwrap(), hosts.admit("a:80", PATIENCE).await.unwrap()];
        let mut third = Box::pin(hosts.admit("a:80", PATIENCE));
        assert!(third.as_mut().now_or_never().is_none());
        let error = hosts.admit("a:80", PATIENCE).now_or_never().unwrap().err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Busy);
        assert!(hosts.admit("b:80", PATIENCE).now_or_never().unwrap().is_ok(), "another host");
        let Stats { fetches, turned_away, hosts: each, .. } = hosts.stats();
        assert_eq!((fetches, turned_away, each[0].under_way, each[0].waiting), (3, 1, 2, 1));
        held.pop();
        third.await.unwrap();
        assert_eq!(hosts.stats().hosts[0].waiting, 0);
    }

    #[actix_rt::test]
    async fn who_waits_too_long_is_turned_away() {
        let hosts = hosts(|config| config.max_connections_per_host = 1);
        let held = hosts.admit("a:80", PATIENCE).await.unwrap();
        let error = hosts.admit("a:80", Duration::from_millis(1)).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Busy);
        let mut gone = Box::pin(hosts.admit("a:80", PATIENCE));
        assert!(gone.as_mut().now_or_never().is_none());
        drop(gone);
        drop(held);
        let HostStats { under_way, waiting, .. } = hosts.stats().hosts[0].clone();
        assert_eq!((under_way, waiting), (0, 0));
    }

    #[actix_rt::test]
    async fn those_who_wait_fail_when_the_circuit_opens() {
        let hosts = hosts(|config| {
            (config.max_connections_per_host, config.breaker_failures) = (1, 1);
            config.breaker_pause = PATIENCE;
        });
        let held = hosts.admit("a:80", PATIENCE).await.unwrap();
        let mut waiting: Vec<_> = (0..3).map(|_| Box::pin(hosts.admit("a:80", PATIENCE))).collect();
        assert!(waiting.iter_mut().all(|one| one.as_mut().now_or_never().is_none()));
        held.end(Verdict::Failed);
        for refused in join_all(waiting).await {
            assert_eq!(refused.err().unwrap().kind(), ErrorKind::CircuitOpen);
        }
        let Stats { failures, broken_off, opened, hosts, .. } = hosts.stats();
        assert_eq!((failures, broken_off, opened, hosts[0].circuit), (1, 3, 1, Circuit::Open));
    }

    #[actix_rt::test]
    async fn an_abandoned_try_makes_way_for_the_next() {
        let hosts = hosts(|config| (config.breaker_failures, config.breaker_pause) = (1, Duration::ZERO));
        hosts.admit("a:80", PATIENCE).await.unwrap().end(Verdict::Failed);
        let attempt = hosts.admit("a:80", PATIENCE).await.unwrap();
        assert_eq!(hosts.admit("a:80", PATIENCE).await.err().unwrap().kind(), ErrorKind::CircuitOpen);
        drop(attempt);
        hosts.admit("a:80", PATIENCE).await.unwrap().end(Verdict::Worked);
        assert_eq!(hosts.stats().hosts[0].circuit, Circuit::Closed);
    }

    #[actix_rt::test]
    async fn many_hosts_are_forgotten_but_none_in_use() {
        let hosts = hosts(|_| ());
        let _held = hosts.admit("held:80", PATIENCE).await.unwrap();
        for number in 0..2 * REMEMBERED {
            hosts.admit(&format!("{number}:80"), PATIENCE).await.unwrap().end(Verdict::Worked);
        }
        let known = hosts.stats().hosts;
        assert_eq!(known.len(), REMEMBERED);
        assert!(known.iter().any(|host| host.host == "held:80" && host.under_way == 1));
    }
}
