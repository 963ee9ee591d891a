//! Leases: of all nodes that want to make the same thing, one makes it and the others wait.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, Value, cmd};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

use super::link::Link;
use super::words::Word;
use crate::Key;

/// How long a lease outlives its node: so long do others wait for one that died.
const LEASE: Duration = Duration::from_secs(3);
/// A lease is renewed so often that two renewals may fail.
const RENEWALS: u32 = 3;
/// How long a word is waited for before it is looked whether the lease still stands: words can get lost.
const LISTEN: Duration = Duration::from_millis(250);
/// How long it is known that somebody waits; longer than it takes to look again.
const AWAITED: Duration = Duration::from_secs(5);

/// Takes the lease, or leaves word that somebody waits.
const CLAIM: &str = "
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
pub enum Claim {
    /// This node is to make it.
    Granted(Lease),
    /// Another node is making it.
    Taken(Wait),
    /// There is nobody to ask: each node goes alone.
    Alone,
}

/// The right, and the duty, to make something. Dropped, it tells the others to go on alone.
#[derive(Debug)]
pub struct Lease {
    link: Arc<Link>,
    key: Key,
    token: String,
    renewing: AbortHandle,
    word: Word,
}

/// A place among those who wait for another node.
#[derive(Debug)]
pub struct Wait {
    link: Arc<Link>,
    key: Key,
    told: oneshot::Receiver<Word>,
}

/// Asks for the lease of this key.
pub(crate) async fn claim(link: &Arc<Link>, key: Key) -> Claim {
    if link.space().is_none() {
        return Claim::Alone;
    }
    // before asking, so that no word is missed
    let wait = Wait { link: Arc::clone(link), key, told: link.words.await_word(key) };
    let token = token();
    let mut command = script(link, CLAIM, &key);
    command.arg(&token).arg(millis(LEASE)).arg(millis(AWAITED));
    match link.ask(&command).await {
        Ok(Value::Int(1)) => {
            link.leases.granted.add_one();
            let renewing = link.threads.spawn(renew(Arc::clone(link), key, token.clone())).abort_handle();
            Claim::Granted(Lease { link: Arc::clone(link), key, token, renewing, word: Word::Unshared })
        }
        Ok(_) => {
            link.leases.refused.add_one();
            Claim::Taken(wait)
        }
        Err(_) => Claim::Alone,
    }
}

impl Wait {
    /// What the other node says; nothing if it has said nothing for a while: look whether it is there, and
    /// ask for the lease again, since it may have died.
    pub async fn word(mut self) -> Option<Word> {
        timeout(LISTEN, &mut self.told).await.ok()?.ok()
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.told.close();
        self.link.words.tidy(&self.key);
    }
}

impl Lease {
    /// Counts it among those that another node held before, and gave nothing.
    pub fn taken_over(&self) {
        self.link.leases.taken_over.add_one();
    }

    /// Gives it back: what was made is in the cache.
    pub fn kept(mut self) {
        self.word = Word::Kept;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.renewing.abort();
        let released = release(Arc::clone(&self.link), self.key, std::mem::take(&mut self.token), self.word);
        self.link.threads.spawn(released);
    }
}

async fn renew(link: Arc<Link>, key: Key, token: String) {
    loop {
        sleep(LEASE / RENEWALS).await;
        let mut command = script(&link, RENEW, &key);
        command.arg(&token).arg(millis(LEASE));
        if let Ok(Value::Int(0)) = link.ask(&command).await {
            return;
        }
    }
}

async fn release(link: Arc<Link>, key: Key, token: String, word: Word) {
    let mut command = script(&link, RELEASE, &key);
    command.arg(&token);
    if let Ok(Value::Int(1)) = link.ask(&command).await {
        let mut tell = cmd("PUBLISH");
        tell.arg(link.names.words()).arg(word.message(&key));
        if let Err(trouble) = link.ask(&tell).await {
            tracing::debug!(reason = %trouble, "those who wait are not told, they will look");
        }
    }
}

fn script(link: &Link, text: &str, key: &Key) -> Cmd {
    let mut command = cmd("EVAL");
    command.arg(text).arg(2).arg(link.names.lease(key)).arg(link.names.awaited(key));
    command
}

/// What no other node has.
fn token() -> String {
    [fresh_name(), fresh_name()].concat()
}

/// 16 random digits: the keys of the hash maps are seeded by the system.
pub(super) fn fresh_name() -> String {
    format!("{:016x}", RandomState::new().build_hasher().finish())
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
