//! Whose turn it is: of all nodes that want the same thing at the same time, one makes it.

use actix_web::rt;
use result_cache::{Cache, Claim, Key, Lease, Peers, Word};

/// What came of wanting to make something.
pub enum Turn<T> {
    /// It was made elsewhere meanwhile.
    Found(T),
    /// Make it. With a lease, others wait for it.
    Ours(Option<Lease>),
}

/// Waits until the thing is there, or it is this node's turn to make it.
///
/// `look` looks whether it is there. It is called at least once before this node makes anything: who made it last may
/// just be done. Where the cache is not shared, or Redis is away, each node goes alone; so it does when the one that
/// made it says that it cannot be shared.
pub async fn turn<T>(peers: &Peers, cache: &Cache, key: Key, look: impl AsyncFn() -> Option<T>) -> Turn<T> {
    let mut has_waited = false;
    loop {
        let claim = if cache.is_shared() { peers.claim(key).await } else { Claim::Alone };
        if let Some(found) = look().await {
            if let Claim::Granted(lease) = claim {
                lease.kept();
            }
            return Turn::Found(found);
        }
        let wait = match claim {
            Claim::Granted(lease) => {
                if has_waited {
                    lease.taken_over();
                }
                return Turn::Ours(Some(lease));
            }
            Claim::Alone => return Turn::Ours(None),
            Claim::Taken(wait) => wait,
        };
        match wait.word().await {
            Some(Word::Kept) => {
                return match look().await {
                    Some(found) => Turn::Found(found),
                    None => Turn::Ours(None),
                };
            }
            Some(Word::Unshared) => return Turn::Ours(None),
            None => has_waited = true,
        }
    }
}

/// Gives the lease back once other nodes can find what was put under the key; does not wait for that.
pub fn publish(lease: Option<Lease>, cache: &Cache, key: Key) {
    let Some(lease) = lease else { return };
    let cache = cache.clone();
    rt::spawn(async move {
        cache.shared(&key).await;
        lease.kept();
    });
}
