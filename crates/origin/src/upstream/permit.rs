//! A permit for one request to a host; dropping it releases the host.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use circuit_breaker::{Outcome, Permit};
use tokio::{sync::OwnedSemaphorePermit, time::timeout};

use super::{Host, Hosts};
use crate::error::Error;

/// A permit for one request to a host. Dropped before [`HostPermit::end`], it counts as [`Outcome::Unknown`].
pub(crate) struct HostPermit {
    hosts: Arc<Hosts>,
    host: Arc<Host>,
    permit: Permit,
    outcome: Outcome,
    _connection: OwnedSemaphorePermit,
}

/// Waits for at most `patience` until a connection is free. An error if the circuit breaker is open, before or after
/// the wait, or if too many wait already.
pub(super) async fn acquire(
    hosts: &Arc<Hosts>,
    host: Arc<Host>,
    patience: Duration,
) -> Result<HostPermit, Error> {
    let open = || Error::CircuitOpen {
        host: host.name.clone(),
        failures: host.breaker.lock().consecutive_failures(),
    };
    if !host.breaker.lock().allows(Instant::now()) {
        return Err(open());
    }
    let connection = acquire_connection(hosts, &host, patience).await?;
    let permit = host.breaker.lock().try_acquire(Instant::now());
    let permit = permit.ok_or_else(open)?;
    let outcome = Outcome::Unknown;
    Ok(HostPermit { hosts: Arc::clone(hosts), host, permit, outcome, _connection: connection })
}

async fn acquire_connection(
    hosts: &Hosts,
    host: &Arc<Host>,
    patience: Duration,
) -> Result<OwnedSemaphorePermit, Error> {
    if let Ok(connection) = Arc::clone(&host.connections).try_acquire_owned() {
        return Ok(connection);
    }
    let busy = || Error::Busy { host: host.name.clone() };
    let Some(_waiting) = Waiting::begin(host, hosts.max_waiting) else { return Err(busy()) };
    match timeout(patience, Arc::clone(&host.connections).acquire_owned()).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(_)) | Err(_) => Err(busy()),
    }
}

impl HostPermit {
    /// Releases the host and reports how the request ended.
    pub(crate) fn end(mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for HostPermit {
    fn drop(&mut self) {
        if self.outcome == Outcome::Failure {
            self.hosts.totals.failures.fetch_add(1, Relaxed);
        }
        let mut breaker = self.host.breaker.lock();
        if breaker.record(self.permit, self.outcome, Instant::now()) {
            self.hosts.totals.circuits_opened.fetch_add(1, Relaxed);
            let (host, failures) = (&self.host.name, breaker.consecutive_failures());
            tracing::warn!(host, failures, "circuit breaker opened after consecutive failures");
        }
    }
}

/// Counts a request that waits for a connection, until it is dropped.
struct Waiting<'a>(&'a Host);

impl<'a> Waiting<'a> {
    fn begin(host: &'a Host, limit: usize) -> Option<Self> {
        let one_more = |waiting: usize| (waiting < limit).then_some(waiting + 1);
        host.waiting.fetch_update(Relaxed, Relaxed, one_more).ok()?;
        Some(Self(host))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Relaxed);
    }
}
