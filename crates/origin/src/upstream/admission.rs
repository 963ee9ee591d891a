//! A place at a host, which is given back when it ends.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use tokio::{sync::OwnedSemaphorePermit, time::timeout};

use super::{
    Host, Hosts,
    circuit_breaker::{Outcome, Permit},
};
use crate::error::Error;

/// A place at a host. Dropped before [`HostPermit::end`], it says nothing of the host.
pub(crate) struct HostPermit {
    hosts: Arc<Hosts>,
    host: Arc<Host>,
    pass: Permit,
    verdict: Outcome,
    _place: OwnedSemaphorePermit,
}

pub(super) async fn admit(
    hosts: &Arc<Hosts>,
    host: Arc<Host>,
    patience: Duration,
) -> Result<HostPermit, Error> {
    let open = || Error::CircuitOpen { host: host.name.clone() };
    if !host.breaker.lock().allows(Instant::now()) {
        return Err(open());
    }
    let place = place(hosts, &host, patience).await?;
    // it may have opened meanwhile
    let pass = host.breaker.lock().acquire(Instant::now()).ok_or_else(open)?;
    Ok(HostPermit { hosts: Arc::clone(hosts), host, pass, verdict: Outcome::Unknown, _place: place })
}

async fn place(hosts: &Hosts, host: &Arc<Host>, patience: Duration) -> Result<OwnedSemaphorePermit, Error> {
    if let Ok(place) = Arc::clone(&host.permits).try_acquire_owned() {
        return Ok(place);
    }
    let busy = || Error::Busy { host: host.name.clone() };
    let Some(_waiting) = Waiting::begin(host, hosts.max_waiting) else { return Err(busy()) };
    match timeout(patience, Arc::clone(&host.permits).acquire_owned()).await {
        Ok(Ok(place)) => Ok(place),
        Ok(Err(_)) | Err(_) => Err(busy()),
    }
}

impl HostPermit {
    /// Gives the place back and tells how it went.
    pub(crate) fn end(mut self, verdict: Outcome) {
        self.verdict = verdict;
    }
}

impl Drop for HostPermit {
    fn drop(&mut self) {
        if self.verdict == Outcome::Failure {
            self.hosts.totals.failures.fetch_add(1, Relaxed);
        }
        if self.host.breaker.lock().record(self.pass, self.verdict, Instant::now()) {
            self.hosts.totals.circuits_opened.fetch_add(1, Relaxed);
            tracing::warn!(host = self.host.name, "a host keeps failing: it is left alone for a while");
        }
    }
}

/// Counts one who waits until it is dropped.
struct Waiting<'a>(&'a Host);

impl<'a> Waiting<'a> {
    fn begin(host: &'a Host, most: usize) -> Option<Self> {
        let one_more = |waiting: usize| (waiting < most).then_some(waiting + 1);
        host.waiting.fetch_update(Relaxed, Relaxed, one_more).ok()?;
        Some(Self(host))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Relaxed);
    }
}
