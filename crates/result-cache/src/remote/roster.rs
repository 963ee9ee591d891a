//! The roster: each node says something of itself now and then, and reads what the others say.

use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, Value, cmd};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::sleep;

use super::fresh_name;
use super::link::{Link, Trouble};
use super::log::text;

/// A member is believed for so many times as long as it takes to say something: two words may get lost.
const BELIEVED: u32 = 3;
/// How soon it is tried again while Redis is away.
const AGAIN: Duration = Duration::from_secs(1);

/// Says it, forgets who has been silent for too long, and tells what all say. Only the server's clock counts.
const SAY: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('ZRANGE', KEYS[1], 0, -1)";

/// A place in the roster, which is given up when this is dropped or [leaves](Self::leave).
#[derive(Debug)]
pub struct Roster {
    link: Arc<Link>,
    entry: String,
    seen: watch::Receiver<Vec<String>>,
    saying: AbortHandle,
}

impl Roster {
    /// Takes a place: this node says `word` every so often.
    pub(crate) fn join(link: &Arc<Link>, word: &str, every: Duration) -> Self {
        let entry = format!("{} {word}", fresh_name());
        let (tell, seen) = watch::channel(Vec::new());
        let saying = link.threads.spawn(keep_saying(Arc::clone(link), entry.clone(), every, tell));
        Self { link: Arc::clone(link), entry, seen, saying: saying.abort_handle() }
    }

    /// What all members say, this one included, in no order; nothing while Redis is away.
    pub fn words(&self) -> Vec<String> {
        self.seen.borrow().clone()
    }

    /// The same, for those who wait for it to change.
    pub fn watch(&self) -> watch::Receiver<Vec<String>> {
        self.seen.clone()
    }

    /// Tells the others that this member is gone, if that can be said at once.
    pub async fn leave(&self) {
        self.saying.abort();
        let mut command = cmd("ZREM");
        command.arg(self.link.names.roster()).arg(&self.entry);
        if let Err(trouble) = self.link.ask(&command).await {
            tracing::debug!(reason = %trouble, "other nodes will notice by themselves that this one ended");
        }
    }
}

impl Drop for Roster {
    fn drop(&mut self) {
        self.saying.abort();
    }
}

async fn keep_saying(link: Arc<Link>, entry: String, every: Duration, tell: watch::Sender<Vec<String>>) {
    let believed = u64::try_from((BELIEVED * every).as_millis()).unwrap_or(u64::MAX);
    let mut command = cmd("EVAL");
    command.arg(SAY).arg(1).arg(link.names.roster()).arg(&entry).arg(believed);
    loop {
        let said = say(&link, &command).await;
        let pause = if said.is_ok() { every } else { AGAIN.min(every) };
        let words = said.unwrap_or_default();
        tell.send_if_modified(|known| {
            let is_new = *known != words;
            *known = words;
            is_new
        });
        sleep(pause).await;
    }
}

async fn say(link: &Link, command: &Cmd) -> Result<Vec<String>, Trouble> {
    let Value::Array(entries) = link.ask(command).await? else { return Err(Trouble::Away) };
    let word = |entry: &Value| Some(text(entry)?.split_once(' ')?.1.to_owned());
    let mut words: Vec<_> = entries.iter().filter_map(word).collect();
    words.sort_unstable();
    Ok(words)
}
