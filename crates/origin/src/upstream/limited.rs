//! The decorator that puts limits and a circuit breaker around each request to a host.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use circuit_breaker::Outcome;
use tokio::time::timeout_at;

use crate::{
    error::{Error, Phase, Result},
    http::{
        authority::authority,
        hop::{Exchange, Hop, HopResult},
    },
    upstream::Hosts,
};

/// An exchange that has a permit of its host from the first byte to the last.
///
/// It decorates the single request and not the whole fetch, since each redirect may lead to another host.
pub(crate) struct Limited<E> {
    inner: E,
    hosts: Arc<Hosts>,
    /// The longest wait for a free connection.
    patience: Duration,
    /// The time limit of the fetch as a whole, for errors.
    fetch_limit: Duration,
}

impl<E> Limited<E> {
    pub(crate) fn new(inner: E, hosts: &Arc<Hosts>, patience: Duration, fetch_limit: Duration) -> Self {
        Self { inner, hosts: Arc::clone(hosts), patience, fetch_limit }
    }
}

#[async_trait(?Send)]
impl<E: Exchange> Exchange for Limited<E> {
    async fn exchange(&self, hop: &Hop<'_>) -> Result<HopResult> {
        let (host, limit) = (authority(hop.url), self.fetch_limit);
        let late = || Error::Timeout { host: host.clone(), phase: Phase::Fetch, limit };
        let key = hop.upstream_key();
        let permit = self.hosts.acquire(&key, self.patience);
        let permit = timeout_at(hop.deadline, permit).await.map_err(|_| late())??;
        let exchange = self.inner.exchange(hop);
        let result = timeout_at(hop.deadline, exchange).await.unwrap_or_else(|_| Err(late()));
        permit.end(outcome(&result));
        result
    }
}

/// What the result of a request says about its host. "Not found" and "forbidden" are successes.
fn outcome<T>(result: &Result<T>) -> Outcome {
    match result {
        Err(Error::Unreachable { .. } | Error::Timeout { .. } | Error::Broken { .. }) => Outcome::Failure,
        Err(Error::Status { status, .. }) if *status >= 500 => Outcome::Failure,
        Err(Error::RefusedAddress { .. }) => Outcome::Unknown,
        _ => Outcome::Success,
    }
}
