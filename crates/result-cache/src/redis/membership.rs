//! The membership: each node says something of itself now and then, and reads what the others announce.

use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, Value, cmd};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::sleep;

use super::client::{Client, ClientError};
use super::purge_stream::as_text;
use super::random_name;

/// A member is ttl for so many times as long as it takes to announce something: two announcements may get lost.
const MISSED_HEARTBEATS: u32 = 3;
/// How soon it is tried again while Redis is away.
const RETRY: Duration = Duration::from_secs(1);

/// Says it, forgets who has been silent for too long, and tells what all announce. Only the server's clock counts.
const ANNOUNCE: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('ZRANGE', KEYS[1], 0, -1)";

/// A place in the membership, which is given up when this is dropped or [leaves](Self::leave).
#[derive(Debug)]
pub struct Membership {
    client: Arc<Client>,
    entry: String,
    announced: watch::Receiver<Vec<String>>,
    heartbeat: AbortHandle,
}

impl Membership {
    /// Takes a place: this node says `announcement` every so often.
    pub(crate) fn join(client: &Arc<Client>, announcement: &str, every: Duration) -> Self {
        let entry = format!("{} {announcement}", random_name());
        let (sender, announced) = watch::channel(Vec::new());
        let heartbeat = client.threads.spawn(run_heartbeat(Arc::clone(client), entry.clone(), every, sender));
        Self { client: Arc::clone(client), entry, announced, heartbeat: heartbeat.abort_handle() }
    }

    /// What all members announce, this one included, in no order; nothing while Redis is away.
    pub fn announcements(&self) -> Vec<String> {
        self.announced.borrow().clone()
    }

    /// The same, for those who wait for it to change.
    pub fn watch(&self) -> watch::Receiver<Vec<String>> {
        self.announced.clone()
    }

    /// Tells the others that this member is gone, if that can be result at once.
    pub async fn leave(&self) {
        self.heartbeat.abort();
        let mut command = cmd("ZREM");
        command.arg(self.client.keyspace.membership()).arg(&self.entry);
        if let Err(error) = self.client.request(&command).await {
            tracing::debug!(reason = %error, "other nodes will notice by themselves that this one ended");
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
    every: Duration,
    sender: watch::Sender<Vec<String>>,
) {
    let ttl = u64::try_from((MISSED_HEARTBEATS * every).as_millis()).unwrap_or(u64::MAX);
    let mut command = cmd("EVAL");
    command.arg(ANNOUNCE).arg(1).arg(client.keyspace.membership()).arg(&entry).arg(ttl);
    loop {
        let result = announce(&client, &command).await;
        let pause = if result.is_ok() { every } else { RETRY.min(every) };
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
