//! Whose turn it is: of all nodes that want the same thing at the same time, one makes it.

use actix_web::rt;
use result_cache::{Cache, Coordinator, Key, Lease, LeaseOutcome, Notification};

/// What came of wanting to make something.
pub enum Claim<T> {
    /// It was made elsewhere meanwhile.
    Found(T),
    /// Make it. With a lease, others wait for it.
    Granted(Option<Lease>),
}

/// Waits until the thing is there, or it is this node's turn to make it.
///
/// `look` looks whether it is there. It is called at least once before this node makes anything: who made it last may
/// just be done. Where the cache is not shared, or Redis is away, each node goes alone; so it does when the one that
/// made it says that it cannot be shared.
pub async fn claim<T>(
    peers: &Coordinator,
    cache: &Cache,
    key: Key,
    look: impl AsyncFn() -> Option<T>,
) -> Claim<T> {
    let mut has_waited = false;
    loop {
        let claim =
            if cache.is_shared() { peers.acquire_lease(key).await } else { LeaseOutcome::Unavailable };
        if let Some(found) = look().await {
            if let LeaseOutcome::Granted(lease) = claim {
                lease.complete();
            }
            return Claim::Found(found);
        }
        let wait = match claim {
            LeaseOutcome::Granted(lease) => {
                if has_waited {
                    lease.record_takeover();
                }
                return Claim::Granted(Some(lease));
            }
            LeaseOutcome::Unavailable => return Claim::Granted(None),
            LeaseOutcome::Held(wait) => wait,
        };
        match wait.notification().await {
            Some(Notification::Stored) => {
                return match look().await {
                    Some(found) => Claim::Found(found),
                    None => Claim::Granted(None),
                };
            }
            Some(Notification::NotShared) => return Claim::Granted(None),
            None => has_waited = true,
        }
    }
}

/// Gives the lease back once other nodes can find what was put under the key; does not wait for that.
pub fn publish(lease: Option<Lease>, cache: &Cache, key: Key) {
    let Some(lease) = lease else { return };
    let cache = cache.clone();
    rt::spawn(async move {
        cache.wait_until_shared(&key).await;
        lease.complete();
    });
}
