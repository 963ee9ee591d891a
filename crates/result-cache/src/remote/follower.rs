//! Follows the log of purges, so that this node knows each of them at once.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use redis::{Cmd, Value};
use tokio::time::{sleep, timeout};

use super::connection::Connection;
use super::link::{Link, PAUSES, Trouble};
use super::log::{self, Entry, State};
use crate::Generation;
use crate::purge::{MOST, Purges, Scope};

/// How long the log is waited for at a time; between times it is checked that it is still the same one.
const WAIT: Duration = Duration::from_secs(1);
/// Least time an answer is waited for here, where no request waits.
const PATIENCE: Duration = Duration::from_millis(500);

/// The reader of the log, with a connection of its own, on which it waits for purges.
///
/// While it follows, entries in Redis are used; when it cannot, they are not, since some may have been purged.
/// What was purged here meanwhile is sent on first thing.
#[derive(Debug)]
pub(crate) struct Follower {
    link: Arc<Link>,
    purges: Arc<Purges>,
    /// Purges that other nodes were not told of.
    pending: Mutex<Vec<Scope>>,
    /// The space whose log was read last.
    followed: Mutex<String>,
}

impl Follower {
    /// Begins to follow, for good.
    pub(crate) fn start(link: Arc<Link>, purges: Arc<Purges>) -> Arc<Self> {
        let follower = Arc::new(Self { link, purges, pending: Mutex::default(), followed: Mutex::default() });
        follower.link.threads.spawn(Arc::clone(&follower).follow_for_good());
        follower
    }

    /// Sends a purge to all nodes, this one included. In error it is not sent.
    pub(crate) async fn send(&self, scope: &Scope) -> Result<(), Trouble> {
        let space = self.link.space().ok_or(Trouble::Away)?;
        let answer = self.link.ask(&log::add(&self.link.names, &space, scope, None)).await?;
        let at = log::read_added(&answer).ok_or(Trouble::Away)?;
        warn_unless_kept(self.purges.record(scope.clone(), at).await);
        // what is begun from now on is begun after the purge, and may know it
        drop(timeout(PATIENCE, self.purges.known(at)).await);
        Ok(())
    }

    /// Keeps a purge until it can be sent.
    pub(crate) fn send_later(&self, scope: Scope) {
        let mut pending = self.pending.lock();
        if pending.len() < MOST && scope != Scope::Everything {
            pending.push(scope);
        } else {
            *pending = vec![Scope::Everything];
        }
    }

    async fn follow_for_good(self: Arc<Self>) {
        let mut pause = PAUSES.0;
        let mut was_well = true;
        loop {
            let Broken { reason, had_followed } = self.follow().await;
            self.link.settle(None);
            if had_followed || was_well {
                tracing::warn!(%reason, "redis is out of use: this node goes on alone");
            }
            was_well = false;
            if had_followed {
                pause = PAUSES.0;
            }
            sleep(pause).await;
            pause = (2 * pause).min(PAUSES.1);
        }
    }

    /// Follows until something breaks.
    async fn follow(&self) -> Broken {
        let mut had_followed = false;
        let reason = match self.link.connector.open(None).await {
            Ok(mut connection) => loop {
                if let Err(trouble) = self.catch_up(&mut connection).await {
                    break trouble;
                }
                had_followed = true;
                if let Err(trouble) = self.wait(&mut connection).await {
                    break trouble;
                }
            },
            Err(error) => Trouble::Refused(error),
        };
        Broken { reason, had_followed }
    }

    /// Makes sure that all of the log is known, and that it knows all that this node knows. From then on,
    /// entries in Redis are used.
    async fn catch_up(&self, connection: &mut Connection) -> Result<(), Trouble> {
        let names = &self.link.names;
        let answer =
            ask(connection, &log::state(names, &super::fresh_name(), self.purges.position())).await?;
        let state = log::read_state(&answer).ok_or(Trouble::Away)?;
        let space = Some(state.space.as_str());
        if self.link.space().as_deref() != space {
            self.link.settle(None);
            let is_new = *self.followed.lock() != state.space;
            self.read(connection, &state, is_new).await?;
        }
        self.send_pending(connection, &state.space).await?;
        if self.link.space().as_deref() != space {
            tracing::info!("redis is in use");
            self.followed.lock().clone_from(&state.space);
            self.link.settle(Some(state.space.into()));
        }
        Ok(())
    }

    /// Reads a log: a new one from its beginning, and adds to it what only this node knows.
    async fn read(&self, connection: &mut Connection, state: &State, is_new: bool) -> Result<(), Trouble> {
        let names = &self.link.names;
        let known = self.purges.position();
        let mut after = if is_new { Generation::ZERO } else { known };
        let mut told = HashSet::new();
        loop {
            let answer = ask(connection, &log::next(names, after)).await?;
            let entries = log::read_entries(&answer).ok_or(Trouble::Away)?;
            let Some(last) = entries.last() else { break };
            after = last.position;
            told.extend(entries.iter().filter_map(|entry| entry.purge.clone()));
            self.apply(entries).await;
        }
        if state.last < known {
            // refused if another node was faster
            drop(ask(connection, &log::forward(names, known)).await);
        }
        if is_new {
            let missing = self.purges.all().into_iter().filter(|purge| !told.contains(purge));
            for (scope, at) in missing.collect::<Vec<_>>() {
                ask(connection, &log::add(names, &state.space, &scope, Some(at))).await?;
            }
        }
        if !state.is_whole && known < state.first {
            // what was cut off may have concerned whatever is here; others may have seen it
            tracing::warn!("the log of purges begins after what this node knows: its cache counts as purged");
            warn_unless_kept(self.purges.record(Scope::Everything, state.first).await);
        }
        Ok(())
    }

    /// Sends the purges that could not be sent when they were made.
    async fn send_pending(&self, connection: &mut Connection, space: &str) -> Result<(), Trouble> {
        loop {
            let Some(scope) = self.pending.lock().first().cloned() else { return Ok(()) };
            let answer = ask(connection, &log::add(&self.link.names, space, &scope, None)).await?;
            let at = log::read_added(&answer).ok_or(Trouble::Away)?;
            warn_unless_kept(self.purges.record(scope.clone(), at).await);
            let mut pending = self.pending.lock();
            if pending.first() == Some(&scope) {
                pending.remove(0);
            }
        }
    }

    /// Waits for entries for a while.
    async fn wait(&self, connection: &mut Connection) -> Result<(), Trouble> {
        let millis = u64::try_from(WAIT.as_millis()).unwrap_or(u64::MAX);
        let answer = ask(connection, &log::follow(&self.link.names, self.purges.position(), millis)).await?;
        self.apply(log::read_followed(&answer).ok_or(Trouble::Away)?).await;
        Ok(())
    }

    async fn apply(&self, entries: Vec<Entry>) {
        let Some(last) = entries.last() else { return };
        let position = last.position;
        let purges: Vec<_> = entries.into_iter().filter_map(|entry| entry.purge).collect();
        self.link.purges_received.add(purges.len());
        warn_unless_kept(self.purges.record_all(purges, position).await);
    }
}

fn warn_unless_kept(result: io::Result<()>) {
    if let Err(error) = result {
        tracing::warn!(%error, "a purge is not written down, it may not outlast a restart");
    }
}

/// Why following ended.
struct Broken {
    reason: Trouble,
    had_followed: bool,
}

async fn ask(connection: &mut Connection, command: &Cmd) -> Result<Value, Trouble> {
    match timeout(WAIT + PATIENCE, connection.ask(command)).await {
        Ok(result) => result.map_err(Trouble::Refused),
        Err(_) => Err(Trouble::Late),
    }
}
