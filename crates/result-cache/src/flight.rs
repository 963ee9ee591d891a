//! Single flight: callers that want the same thing at the same time wait for one of them to make it.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::Key;

/// The flights under way, shared by all threads; cloning shares them.
///
/// The first caller for a key gets a [`Lead`] beside its [`Ticket`] and hands it to a task of its own;
/// everybody, the first included, waits with a ticket. So a client that goes away takes nothing with it, and
/// when the last one has gone the task learns of it from [`Lead::abandoned`].
///
/// A flight that has landed is forgotten: look in the cache before joining, and once more as the leader,
/// since the flight before may just have landed.
pub struct Flights<V, E>(Arc<Tower<V, E>>);

struct Tower<V, E> {
    /// One lock for all: it is held for a lookup, some 100 ns with a join and a leave, a fraction of what the
    /// request around it costs. Nothing is awaited or dropped under it that could take longer.
    flights: Mutex<Departures<V, E>>,
    max_age: Duration,
}

struct Departures<V, E> {
    under_way: HashMap<Key, Flight<V, E>>,
    last: u64,
}

struct Flight<V, E> {
    number: u64,
    began: Instant,
    tickets: usize,
    board: watch::Sender<Board<V, E>>,
}

/// What the tickets look at.
enum Board<V, E> {
    UnderWay,
    Done(V),
    Failed(E),
    GivenUp,
}

/// How waiting for a flight ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<V, E> {
    /// The leader made it.
    Done(V),
    /// The leader failed, for a reason that would have met everybody. Another try may succeed.
    TransientError(E),
    /// The leader found that it cannot be shared: go on alone.
    GiveUp,
    /// The leader vanished without a word, in a panic or at shutdown: join again.
    Dangling,
    /// The caller's own deadline has passed. The flight goes on for the others.
    WaitTimeout,
    /// The flight has taken too long for anybody: join again, which begins a new one.
    AgeTimeout,
}

/// A place in a flight. Drop it to leave.
pub struct Ticket<V, E> {
    seat: Seat<V, E>,
    board: watch::Receiver<Board<V, E>>,
    began: Instant,
}

/// The duty to end a flight. Dropping it leaves the others [dangling](Outcome::Dangling).
pub struct Lead<V, E> {
    seat: Seat<V, E>,
    board: watch::Sender<Board<V, E>>,
}

/// Which flight a ticket or a lead belongs to.
struct Seat<V, E> {
    tower: Arc<Tower<V, E>>,
    key: Key,
    number: u64,
}

impl<V, E> Flights<V, E>
where
    V: Clone + Send + Sync,
    E: Clone + Send + Sync,
{
    /// No flights yet. One that is older than `max_age` is not waited for any longer.
    pub fn new(max_age: Duration) -> Self {
        let flights = Mutex::new(Departures { under_way: HashMap::new(), last: 0 });
        Self(Arc::new(Tower { flights, max_age }))
    }

    /// Joins the flight for the key, or begins one.
    pub fn join(&self, key: Key) -> (Ticket<V, E>, Option<Lead<V, E>>) {
        let now = Instant::now();
        let mut flights = self.0.flights.lock();
        if let Some(flight) = flights.under_way.get_mut(&key)
            && now.duration_since(flight.began) < self.0.max_age
        {
            flight.tickets += 1;
            let seat = self.seat(key, flight.number);
            return (Ticket { seat, board: flight.board.subscribe(), began: flight.began }, None);
        }
        flights.last += 1;
        let number = flights.last;
        let (sender, receiver) = watch::channel(Board::UnderWay);
        let flight = Flight { number, began: now, tickets: 1, board: sender.clone() };
        let outlived = flights.under_way.insert(key, flight);
        drop(flights);
        drop(outlived);
        let lead = Lead { seat: self.seat(key, number), board: sender };
        (Ticket { seat: self.seat(key, number), board: receiver, began: now }, Some(lead))
    }

    /// Number of flights under way.
    pub fn under_way(&self) -> usize {
        self.0.flights.lock().under_way.len()
    }

    fn seat(&self, key: Key, number: u64) -> Seat<V, E> {
        Seat { tower: Arc::clone(&self.0), key, number }
    }
}

impl<V, E> Ticket<V, E>
where
    V: Clone + Send + Sync,
    E: Clone + Send + Sync,
{
    /// Waits for the flight to end, for at most `deadline`.
    pub async fn outcome(mut self, deadline: Duration) -> Outcome<V, E> {
        let too_old = later(self.began, self.seat.tower.max_age);
        let too_late = later(Instant::now(), deadline);
        let landed = self.board.wait_for(|board| !matches!(board, Board::UnderWay));
        match timeout_at(too_old.min(too_late), landed).await {
            Ok(Ok(board)) => match &*board {
                Board::Done(value) => Outcome::Done(value.clone()),
                Board::Failed(error) => Outcome::TransientError(error.clone()),
                Board::GivenUp => Outcome::GiveUp,
                Board::UnderWay => Outcome::Dangling,
            },
            Ok(Err(_)) => Outcome::Dangling,
            Err(_) if too_late <= too_old => Outcome::WaitTimeout,
            Err(_) => Outcome::AgeTimeout,
        }
    }
}

impl<V, E> Lead<V, E> {
    /// Ends the flight: all get the value, or the error.
    pub fn finish(self, result: Result<V, E>) {
        self.end(match result {
            Ok(value) => Board::Done(value),
            Err(error) => Board::Failed(error),
        });
    }

    /// Ends the flight because its result cannot be shared: all must go on alone.
    pub fn give_up(self) {
        self.end(Board::GivenUp);
    }

    /// Resolves when nobody waits any more, from then on for good: who comes later begins a new flight.
    pub async fn abandoned(&self) {
        self.board.closed().await;
    }

    fn end(self, board: Board<V, E>) {
        self.board.send_replace(board);
    }
}

impl<V, E> Seat<V, E> {
    /// Takes the flight off the list if it is still this one and `ended` says so.
    fn strike(&self, ended: impl FnOnce(&mut Flight<V, E>) -> bool) {
        let mut flights = self.tower.flights.lock();
        let Some(flight) = flights.under_way.get_mut(&self.key) else { return };
        if flight.number != self.number || !ended(flight) {
            return;
        }
        let struck = flights.under_way.remove(&self.key);
        drop(flights);
        drop(struck);
    }
}

impl<V, E> Drop for Ticket<V, E> {
    fn drop(&mut self) {
        // under the lock, so that nobody joins a flight that is being abandoned
        self.seat.strike(|flight| {
            flight.tickets -= 1;
            flight.tickets == 0
        });
    }
}

impl<V, E> Drop for Lead<V, E> {
    fn drop(&mut self) {
        self.seat.strike(|_| true);
    }
}

impl<V, E> Clone for Flights<V, E> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<V, E> fmt::Debug for Flights<V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flights").field("max_age", &self.0.max_age).finish_non_exhaustive()
    }
}

impl<V, E> fmt::Debug for Ticket<V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").field("key", &self.seat.key).finish_non_exhaustive()
    }
}

impl<V, E> fmt::Debug for Lead<V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lead").field("key", &self.seat.key).finish_non_exhaustive()
    }
}

/// The instant `wait` after `from`; a wait of centuries is cut to one.
fn later(from: Instant, wait: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_hours(100 * 365 * 24);
    from + wait.min(CENTURY)
}
