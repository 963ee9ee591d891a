//! Distributed leases: of all nodes that need the same result, one produces it and the others wait.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, Value, cmd};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

use super::client::Client;
use super::notifications::Notification;
use crate::Key;

/// How long a lease outlives its node: other nodes wait this long for one that died.
const LEASE_TTL: Duration = Duration::from_secs(3);
/// A lease is renewed so often that two renewals may fail.
const RENEWALS_PER_TTL: u32 = 3;
/// How long to wait for a notification before checking whether the lease still exists: notifications can be lost.
const NOTIFICATION_TIMEOUT: Duration = Duration::from_millis(250);
/// How long the mark of a waiter lives; longer than the time between its checks.
const WAITER_TTL: Duration = Duration::from_secs(5);

/// Acquires the lease, or marks that another node waits for it.
const ACQUIRE: &str = "
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
redis.call('SET', KEYS[2], '1', 'PX', ARGV[3])
return 0";
/// Renews the lease if it is still held with this token.
const RENEW: &str = "
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0";
/// Releases the lease if it is still held with this token; returns whether another node waits.
const RELEASE: &str = "
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return redis.call('DEL', KEYS[2])";

/// The result of acquiring a lease.
#[derive(Debug)]
pub enum LeaseOutcome {
    /// This node holds the lease: it has to do the work.
    Granted(Lease),
    /// Another node holds the lease: wait for it.
    Held(LeaseWaiter),
    /// There is no lease without Redis: each node does the work by itself.
    Unavailable,
}

/// A lease of a key. Dropping it notifies the waiting nodes that the result is not shared.
#[derive(Debug)]
pub struct Lease {
    client: Arc<Client>,
    key: Key,
    token: String,
    renewing: AbortHandle,
    notification: Notification,
}

/// One caller that waits for the node which holds the lease.
#[derive(Debug)]
pub struct LeaseWaiter {
    client: Arc<Client>,
    key: Key,
    receiver: oneshot::Receiver<Notification>,
}

/// Acquires the lease of this key.
pub(crate) async fn acquire(client: &Arc<Client>, key: Key) -> LeaseOutcome {
    if client.namespace().is_none() {
        return LeaseOutcome::Unavailable;
    }
    // subscribed before the request, so that no notification is missed
    let waiter =
        LeaseWaiter { client: Arc::clone(client), key, receiver: client.notifications.subscribe(key) };
    let token = token();
    let mut command = script(client, ACQUIRE, &key);
    command.arg(&token).arg(millis(LEASE_TTL)).arg(millis(WAITER_TTL));
    match client.request(&command).await {
        Ok(Value::Int(1)) => {
            client.leases.granted.add_one();
            let renewing = client.threads.spawn(renew(Arc::clone(client), key, token.clone())).abort_handle();
            LeaseOutcome::Granted(Lease {
                client: Arc::clone(client),
                key,
                token,
                renewing,
                notification: Notification::NotShared,
            })
        }
        Ok(_) => {
            client.leases.refused.add_one();
            LeaseOutcome::Held(waiter)
        }
        Err(_) => LeaseOutcome::Unavailable,
    }
}

impl LeaseWaiter {
    /// Waits for the notification of the other node, for at most 250 ms. `None` if there was none: look into the cache and
    /// acquire the lease again, since that node may have died.
    pub async fn notification(mut self) -> Option<Notification> {
        timeout(NOTIFICATION_TIMEOUT, &mut self.receiver).await.ok()?.ok()
    }
}

impl Drop for LeaseWaiter {
    fn drop(&mut self) {
        self.receiver.close();
        self.client.notifications.remove_closed(&self.key);
    }
}

impl Lease {
    /// Counts this lease as taken over: another node held it before, and gave no result.
    pub fn record_takeover(&self) {
        self.client.leases.taken_over.add_one();
    }

    /// Releases the lease: the result is in the cache.
    pub fn complete(mut self) {
        self.notification = Notification::Stored;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.renewing.abort();
        let released =
            release(Arc::clone(&self.client), self.key, std::mem::take(&mut self.token), self.notification);
        self.client.threads.spawn(released);
    }
}

async fn renew(client: Arc<Client>, key: Key, token: String) {
    loop {
        sleep(LEASE_TTL / RENEWALS_PER_TTL).await;
        let mut command = script(&client, RENEW, &key);
        command.arg(&token).arg(millis(LEASE_TTL));
        if let Ok(Value::Int(0)) = client.request(&command).await {
            return;
        }
    }
}

async fn release(client: Arc<Client>, key: Key, token: String, notification: Notification) {
    let mut command = script(&client, RELEASE, &key);
    command.arg(&token);
    if let Ok(Value::Int(1)) = client.request(&command).await {
        let mut tell = cmd("PUBLISH");
        tell.arg(client.keyspace.notifications()).arg(notification.message(&key));
        if let Err(error) = client.request(&tell).await {
            tracing::debug!(reason = %error, "waiting nodes were not notified: they will check the cache");
        }
    }
}

fn script(client: &Client, text: &str, key: &Key) -> Cmd {
    let mut command = cmd("EVAL");
    command.arg(text).arg(2).arg(client.keyspace.lease(key)).arg(client.keyspace.lease_waiters(key));
    command
}

/// A token that no other node has.
fn token() -> String {
    [random_name(), random_name()].concat()
}

/// 16 random hexadecimal digits: the operating system seeds the keys of hash maps.
pub(super) fn random_name() -> String {
    format!("{:016x}", RandomState::new().build_hasher().finish())
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
