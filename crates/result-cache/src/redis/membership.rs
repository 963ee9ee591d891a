//! Cluster membership: each node announces itself periodically and reads the announcements of the others.

use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, Value, cmd};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::sleep;

use super::client::{Client, ClientError};
use super::purge_stream::as_text;
use super::random_name;

/// A member expires after this many intervals: two announcements may be lost.
const MISSED_HEARTBEATS: u32 = 3;
/// Delay before the next attempt while Redis does not answer.
const RETRY: Duration = Duration::from_secs(1);

/// Announces, removes expired members, and returns all announcements. Only the clock of the server counts.
const ANNOUNCE: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('ZRANGE', KEYS[1], 0, -1)";

/// The membership of this node. It ends when this is dropped or [left](Self::leave).
#[derive(Debug)]
pub struct Membership {
    client: Arc<Client>,
    entry: String,
    announced: watch::Receiver<Vec<String>>,
    heartbeat: AbortHandle,
}

impl Membership {
    /// Joins: announces `announcement` at this interval.
    pub(crate) fn join(client: &Arc<Client>, announcement: &str, interval: Duration) -> Self {
        let entry = format!("{} {announcement}", random_name());
        let (sender, announced) = watch::channel(Vec::new());
        let heartbeat =
            client.threads.spawn(run_heartbeat(Arc::clone(client), entry.clone(), interval, sender));
        Self { client: Arc::clone(client), entry, announced, heartbeat: heartbeat.abort_handle() }
    }

    /// The announcements of all members, this one included, sorted; empty while Redis does not answer.
    pub fn announcements(&self) -> Vec<String> {
        self.announced.borrow().clone()
    }

    /// The same, for callers that wait for changes.
    pub fn watch(&self) -> watch::Receiver<Vec<String>> {
        self.announced.clone()
    }

    /// Removes this node from the members, if Redis answers.
    pub async fn leave(&self) {
        self.heartbeat.abort();
        let mut command = cmd("ZREM");
        command.arg(self.client.keyspace.membership()).arg(&self.entry);
        if let Err(error) = self.client.request(&command).await {
            tracing::debug!(reason = %error, "the membership of this node will expire by itself");
        }
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.heartbeat.abort();
    }
}

async fn run_heartbeat(
    client: Arc<Client>,
    entry: String,
    interval: Duration,
    sender: watch::Sender<Vec<String>>,
) {
    let ttl = u64::try_from((MISSED_HEARTBEATS * interval).as_millis()).unwrap_or(u64::MAX);
    let mut command = cmd("EVAL");
    command.arg(ANNOUNCE).arg(1).arg(client.keyspace.membership()).arg(&entry).arg(ttl);
    loop {
        let result = announce(&client, &command).await;
        let pause = if result.is_ok() { interval } else { RETRY.min(interval) };
        let announcements = result.unwrap_or_default();
        sender.send_if_modified(|known| {
            let is_new = *known != announcements;
            *known = announcements;
            is_new
        });
        sleep(pause).await;
    }
}

async fn announce(client: &Client, command: &Cmd) -> Result<Vec<String>, ClientError> {
    let Value::Array(entries) = client.request(command).await? else { return Err(ClientError::Unavailable) };
    let announcement = |entry: &Value| Some(as_text(entry)?.split_once(' ')?.1.to_owned());
    let mut announcements: Vec<_> = entries.iter().filter_map(announcement).collect();
    announcements.sort_unstable();
    Ok(announcements)
}
