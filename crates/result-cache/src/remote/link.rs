//! What this node has to do with Redis: connections that are kept open, and a limit to every question.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use redis::{Cmd, PushInfo, RedisError, Value};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, sleep, timeout};

use super::config::RedisConfig;
use super::connection::{Connection, Connector};
use super::hearing::Hearing;
use super::names::Names;
use super::words::Words;
use crate::breaker::Breaker;
use crate::stats::Counter;

/// How long a Redis that does not answer is left alone: each rest costs a few requests their time, and
/// delays recovery by no more than itself.
const REST: Duration = Duration::from_secs(1);
/// How many times as long as a question a write may take.
const WRITE_LIMITS: u32 = 4;
/// Bytes that a slow network takes in a millisecond, besides.
const WRITTEN_A_MILLISECOND: usize = 10_000;
/// First and longest pause between attempts to connect.
pub(super) const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// The connections of this node and whether they are of use.
///
/// No request opens a connection: each has a keeper, which opens it anew when it breaks. While there is none,
/// or while Redis does not answer, questions fail at once.
pub(crate) struct Link {
    pub(super) names: Names,
    pub(super) connector: Connector,
    pub(super) threads: Handle,
    pub(super) limit: Duration,
    pub(super) words: Words,
    pub(super) failures: Counter,
    pub(crate) leases: Leases,
    pub(crate) purges_received: Counter,
    lines: Vec<Line>,
    turn: AtomicUsize,
    breaker: Breaker,
    hearing: Hearing,
    /// Where entries are, as long as this node follows the log of purges.
    space: RwLock<Option<Arc<str>>>,
}

/// What came of asking for leases.
#[derive(Default)]
pub(crate) struct Leases {
    pub(crate) granted: Counter,
    pub(crate) refused: Counter,
    pub(crate) taken_over: Counter,
}

/// One connection.
#[derive(Default)]
struct Line {
    open: Mutex<Option<(u64, Connection)>>,
    opened: AtomicU64,
    broken: Notify,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// There is no connection, or it is left alone for a while.
    Away,
    /// It took longer than its limit.
    Late,
    /// Redis refused, or the connection broke.
    Refused(RedisError),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away => f.write_str("no connection"),
            Self::Late => f.write_str("no answer in time"),
            // the category and the code, never an address
            Self::Refused(error) => match error.code() {
                Some(code @ ("WRONGPASS" | "NOAUTH")) => {
                    write!(f, "it does not take the user and password of cache.redis.url: {code}")
                }
                Some(code @ "NOPERM") => write!(f, "the user of cache.redis.url may not do this: {code}"),
                Some(code) => write!(f, "{}: {code}", error.category()),
                None => f.write_str(error.category()),
            },
        }
    }
}

impl Link {
    /// Begins to connect, on these threads, and waits for nothing.
    pub(crate) fn open(config: &RedisConfig, connector: Connector, threads: &Handle) -> Arc<Self> {
        let link = Arc::new(Self {
            names: Names::new(&config.prefix),
            connector,
            threads: threads.clone(),
            limit: config.timeout,
            words: Words::default(),
            failures: Counter::default(),
            leases: Leases::default(),
            purges_received: Counter::default(),
            lines: (0..config.connections.max(1)).map(|_| Line::default()).collect(),
            turn: AtomicUsize::new(0),
            breaker: Breaker::default(),
            hearing: Hearing::default(),
            space: RwLock::new(None),
        });
        for number in 0..link.lines.len() {
            threads.spawn(Arc::clone(&link).keep(number));
        }
        link
    }

    /// Asks, for no longer than the limit.
    pub(crate) async fn ask(&self, command: &Cmd) -> Result<Value, Trouble> {
        self.ask_within(self.limit, command).await
    }

    /// Has an entry written: nobody waits for that, and a large one may take its time.
    pub(super) async fn write(&self, command: &Cmd, bytes: usize) -> Result<Value, Trouble> {
        let transfer = Duration::from_millis((bytes / WRITTEN_A_MILLISECOND) as u64);
        self.ask_within(WRITE_LIMITS * self.limit + transfer, command).await
    }

    /// Where entries are; nothing while this node does not know the purges.
    pub(crate) fn space(&self) -> Option<Arc<str>> {
        self.space.read().clone()
    }

    pub(super) fn settle(&self, space: Option<Arc<str>>) {
        *self.space.write() = space;
    }

    async fn ask_within(&self, limit: Duration, command: &Cmd) -> Result<Value, Trouble> {
        if !self.breaker.allows(Instant::now()) {
            return Err(Trouble::Away);
        }
        let Some((line, opened, mut connection)) = self.next_line() else { return Err(Trouble::Away) };
        let trouble = match timeout(limit, connection.ask(command)).await {
            Ok(Ok(answer)) => {
                self.hearing.heard();
                self.breaker.succeeded();
                return Ok(answer);
            }
            Ok(Err(error)) => {
                if needs_another_connection(&error) {
                    line.renew(opened);
                } else if !error.is_io_error() {
                    // a refusal is an answer
                    self.hearing.heard();
                    self.breaker.succeeded();
                    return Err(Trouble::Refused(error));
                }
                Trouble::Refused(error)
            }
            Err(_) => Trouble::Late,
        };
        self.failures.add_one();
        let now = Instant::now();
        // a request asks several times: were each waited for, it would be late by their sum
        let is_silent = matches!(trouble, Trouble::Late) && !self.hearing.within(self.limit / 2, now);
        let rests =
            if is_silent { self.breaker.fell_silent(now, REST) } else { self.breaker.failed(now, REST) };
        if rests {
            tracing::warn!(reason = %trouble, "redis does not answer, it is left alone for {REST:?}");
            // a connection may hang though its server is well
            self.lines.iter().for_each(Line::renew_current);
        }
        Err(trouble)
    }

    /// Whether there is any connection.
    pub(crate) fn is_open(&self) -> bool {
        self.lines.iter().any(|line| line.open.lock().is_some())
    }

    /// The open line whose turn it is.
    fn next_line(&self) -> Option<(&Line, u64, Connection)> {
        let turn = self.turn.fetch_add(1, Relaxed) % self.lines.len();
        let (before, after) = self.lines.split_at(turn);
        let mut lines = after.iter().chain(before);
        lines.find_map(|line| line.open.lock().clone().map(|(opened, connection)| (line, opened, connection)))
    }

    /// Keeps one connection open. The first one is also told what is published.
    async fn keep(self: Arc<Self>, number: usize) {
        let line = &self.lines[number];
        let mut pause = PAUSES.0;
        loop {
            match self.connect(number).await {
                Ok(connection) => {
                    pause = PAUSES.0;
                    let opened = line.opened.fetch_add(1, Relaxed);
                    *line.open.lock() = Some((opened, connection));
                    line.broken.notified().await;
                }
                Err(error) => {
                    let reason = Trouble::Refused(error);
                    tracing::debug!(%reason, "redis cannot be reached");
                }
            }
            sleep(pause).await;
            pause = (2 * pause).min(PAUSES.1);
        }
    }

    async fn connect(self: &Arc<Self>, number: usize) -> Result<Connection, RedisError> {
        if number > 0 {
            return self.connector.open(None).await;
        }
        let (sender, messages) = unbounded_channel();
        let mut connection = self.connector.open(Some(sender)).await?;
        connection.subscribe(&self.names.words()).await?;
        self.threads.spawn(Arc::clone(self).listen(messages));
        Ok(connection)
    }

    /// Passes on what is published, until the connection ends.
    async fn listen(self: Arc<Self>, mut messages: UnboundedReceiver<PushInfo>) {
        while let Some(push) = messages.recv().await {
            self.words.hear(&push);
        }
    }
}

impl Line {
    /// Gives up a connection, unless that was done already.
    fn renew(&self, opened: u64) {
        let mut open = self.open.lock();
        if open.as_ref().is_some_and(|(number, _)| *number == opened) {
            *open = None;
            self.broken.notify_one();
        }
    }

    fn renew_current(&self) {
        if self.open.lock().take().is_some() {
            self.broken.notify_one();
        }
    }
}

/// Whether the server behind the connection is gone, or is not the master any more.
fn needs_another_connection(error: &RedisError) -> bool {
    error.is_unrecoverable_error()
        || error.is_connection_dropped()
        || matches!(error.code(), Some("READONLY" | "LOADING" | "MASTERDOWN" | "CLUSTERDOWN"))
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("names", &self.names).field("limit", &self.limit).finish_non_exhaustive()
    }
}
