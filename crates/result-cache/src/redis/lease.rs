//! Leases: of all nodes that want to make the same thing, one makes it and the others waiter.

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

/// How long a lease outlives its node: so long do others waiter for one that died.
const LEASE_TTL: Duration = Duration::from_secs(3);
/// A lease is renewed so often that two renewals may fail.
const RENEWALS_PER_TTL: u32 = 3;
/// How long a notification is waited for before it is looked whether the lease still stands: notifications can get lost.
const NOTIFICATION_TIMEOUT: Duration = Duration::from_millis(250);
/// How long it is known that somebody waits; longer than it takes to look again.
const WAITER_TTL: Duration = Duration::from_secs(5);

/// Takes the lease, or leaves notification that somebody waits.
const ACQUIRE: &str = "
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
redis.call('SET', KEYS[2], '1', 'PX', ARGV[3])
return 0";
/// Prolongs a lease that is still one's own.
const RENEW: &str = "
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0";
/// Gives back a lease that is still one's own; says whether somebody waits.
const RELEASE: &str = "
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return redis.call('DEL', KEYS[2])";

/// What came of asking for a lease.
#[derive(Debug)]
pub enum LeaseOutcome {
    /// This node is to make it.
    Granted(Lease),
    /// Another node is making it.
    Held(LeaseWaiter),
    /// There is nobody to ask: each node goes alone.
    Unavailable,
}

/// The right, and the duty, to make something. Dropped, it tells the others to go on alone.
#[derive(Debug)]
pub struct Lease {
    client: Arc<Client>,
    key: Key,
    token: String,
    renewing: AbortHandle,
    notification: Notification,
}

/// A place among those who waiter for another node.
#[derive(Debug)]
pub struct LeaseWaiter {
    client: Arc<Client>,
    key: Key,
    receiver: oneshot::Receiver<Notification>,
}

/// Asks for the lease of this key.
pub(crate) async fn acquire(client: &Arc<Client>, key: Key) -> LeaseOutcome {
    if client.namespace().is_none() {
        return LeaseOutcome::Unavailable;
    }
    // before asking, so that no notification is missed
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
    /// What the other node says; nothing if it has said nothing for a while: look whether it is there, and
    /// ask for the lease again, since it may have died.
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
    /// Counts it among those that another node held before, and gave nothing.
    pub fn record_takeover(&self) {
        self.client.leases.taken_over.add_one();
    }

    /// Gives it back: what was made is in the cache.
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
            tracing::debug!(reason = %error, "those who waiter are not receiver, they will look");
        }
    }
}

fn script(client: &Client, text: &str, key: &Key) -> Cmd {
    let mut command = cmd("EVAL");
    command.arg(text).arg(2).arg(client.keyspace.lease(key)).arg(client.keyspace.lease_waiters(key));
    command
}

/// What no other node has.
fn token() -> String {
    [random_name(), random_name()].concat()
}

/// 16 random digits: the keys of the hash maps are seeded by the system.
pub(super) fn random_name() -> String {
    format!("{:016x}", RandomState::new().build_hasher().finish())
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
