//! Coalescing among nodes: of all nodes that need the same output at the same time, the one that holds the lease builds it.

use actix_web::rt;
use request_trace::in_span;
use result_cache::{Cache, Coordinator, Key, Lease, LeaseOutcome, Notification};

/// The outcome of claiming the right to build something.
pub enum Claim<T> {
    /// It was built elsewhere meanwhile.
    Found(T),
    /// This node is to build it.
    Granted(Publication),
}

/// The duty to tell other nodes when what was built is in the shared cache. Dropping it gives the lease back, and another node
/// builds.
pub struct Publication {
    /// None: other nodes do not wait for this one.
    lease: Option<Lease>,
    cache: Cache,
}

/// Waits until `lookup` finds the output, or this node is to build it.
///
/// `lookup` is called at least once before this node builds anything: another operation may just have ended. Without a lease
/// each node builds for itself: where the cache is not shared, while Redis is unavailable, and when the node that held the
/// lease reports that its result cannot be shared.
pub async fn claim<T>(
    coordinator: &Coordinator,
    cache: &Cache,
    key: Key,
    lookup: impl AsyncFn() -> Option<T>,
) -> Claim<T> {
    let granted = |lease| Claim::Granted(Publication { lease, cache: cache.clone() });
    let mut has_waited = false;
    loop {
        let outcome = if cache.is_shared() {
            in_span("redis.lease", coordinator.acquire_lease(key)).await
        } else {
            LeaseOutcome::Unavailable
        };
        if let Some(found) = lookup().await {
            if let LeaseOutcome::Granted(lease) = outcome {
                lease.complete();
            }
            return Claim::Found(found);
        }
        let waiter = match outcome {
            LeaseOutcome::Granted(lease) => {
                if has_waited {
                    lease.record_takeover();
                }
                return granted(Some(lease));
            }
            LeaseOutcome::Unavailable => return granted(None),
            LeaseOutcome::Held(waiter) => waiter,
        };
        match in_span("redis.wait", waiter.notification()).await {
            Some(Notification::Stored) => return lookup().await.map_or_else(|| granted(None), Claim::Found),
            Some(Notification::NotShared) => return granted(None),
            None => has_waited = true,
        }
    }
}

impl Publication {
    /// Gives the lease back as soon as other nodes can find what was put under `key`; returns at once.
    pub fn publish(self, key: Key) {
        let Self { lease: Some(lease), cache } = self else { return };
        rt::spawn(async move {
            cache.wait_until_shared(&key).await;
            lease.complete();
        });
    }
}
