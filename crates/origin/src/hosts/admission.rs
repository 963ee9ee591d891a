//! A place at a host, which is given back when it ends.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use tokio::{sync::OwnedSemaphorePermit, time::timeout};

use super::{
    Host, Hosts,
    breaker::{Pass, Verdict},
};
use crate::error::Error;

/// A place at a host. Dropped before [`Admission::end`], it says nothing of the host.
pub(crate) struct Admission {
    hosts: Arc<Hosts>,
    host: Arc<Host>,
    pass: Pass,
    verdict: Verdict,
    _place: OwnedSemaphorePermit,
}

pub(super) async fn admit(
    hosts: &Arc<Hosts>,
    host: Arc<Host>,
    patience: Duration,
) -> Result<Admission, Error> {
    let open = || Error::CircuitOpen { host: host.name.clone() };
    if !host.breaker.lock().would_pass(Instant::now()) {
        return Err(open());
    }
    let place = place(hosts, &host, patience).await?;
    // it may have opened meanwhile
    let pass = host.breaker.lock().pass(Instant::now()).ok_or_else(open)?;
    Ok(Admission { hosts: Arc::clone(hosts), host, pass, verdict: Verdict::Unknown, _place: place })
}

async fn place(hosts: &Hosts, host: &Arc<Host>, patience: Duration) -> Result<OwnedSemaphorePermit, Error> {
    if let Ok(place) = Arc::clone(&host.places).try_acquire_owned() {
        return Ok(place);
    }
    let busy = || Error::Busy { host: host.name.clone() };
    let Some(_waiting) = Waiting::begin(host, hosts.most_waiting) else { return Err(busy()) };
    match timeout(patience, Arc::clone(&host.places).acquire_owned()).await {
        Ok(Ok(place)) => Ok(place),
        Ok(Err(_)) | Err(_) => Err(busy()),
    }
}

impl Admission {
    /// Gives the place back and tells how it went.
    pub(crate) fn end(mut self, verdict: Verdict) {
        self.verdict = verdict;
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        if self.verdict == Verdict::Failed {
            self.hosts.totals.failures.fetch_add(1, Relaxed);
        }
        if self.host.breaker.lock().note(self.pass, self.verdict, Instant::now()) {
            self.hosts.totals.opened.fetch_add(1, Relaxed);
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
