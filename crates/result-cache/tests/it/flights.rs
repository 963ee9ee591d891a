//! Flights in every order and from many threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use result_cache::{Flights, Key, Outcome};

use crate::fixture::key;

type Test = Flights<u64, &'static str>;

const MAX_AGE: Duration = Duration::from_mins(1);
const LONG: Duration = Duration::from_hours(1);
const SHORT: Duration = Duration::from_secs(1);

fn flights() -> Test {
    Flights::new(MAX_AGE)
}

#[test]
fn its_parts_travel_between_threads() {
    fn travels<T: Send + 'static>(_: T) {}
    let flights = flights();
    let (ticket, lead) = flights.join(key(1));
    travels(lead.unwrap());
    travels(ticket.outcome(SHORT));
    travels(flights);
}

#[tokio::test]
async fn one_leads_and_all_get_the_value() {
    let flights = flights();
    let (first, lead) = flights.join(key(1));
    let (second, none) = flights.join(key(1));
    assert!(none.is_none());
    let lead = lead.unwrap();
    let finishing = tokio::spawn(async move { lead.finish(Ok(7)) });
    let outcomes = join_all([first.outcome(LONG), second.outcome(LONG)]).await;
    assert_eq!(outcomes, [Outcome::Done(7), Outcome::Done(7)]);
    finishing.await.unwrap();
    assert_eq!(flights.under_way(), 0);
}

#[tokio::test]
async fn keys_fly_apart() {
    let flights = flights();
    let (a, lead_a) = flights.join(key(1));
    let (b, lead_b) = flights.join(key(2));
    lead_a.unwrap().finish(Ok(1));
    lead_b.unwrap().finish(Ok(2));
    assert_eq!(a.outcome(LONG).await, Outcome::Done(1));
    assert_eq!(b.outcome(LONG).await, Outcome::Done(2));
}

#[tokio::test]
async fn the_end_may_come_before_the_waiting() {
    for end in 0..4 {
        let flights = flights();
        let (first, lead) = flights.join(key(1));
        let (second, _) = flights.join(key(1));
        let lead = lead.unwrap();
        let expected = match end {
            0 => {
                lead.finish(Ok(7));
                Outcome::Done(7)
            }
            1 => {
                lead.finish(Err("broken"));
                Outcome::TransientError("broken")
            }
            2 => {
                lead.give_up();
                Outcome::GiveUp
            }
            _ => {
                drop(lead);
                Outcome::Dangling
            }
        };
        assert_eq!(flights.under_way(), 0, "a flight that has ended is off the list at once");
        assert_eq!(first.outcome(SHORT).await, expected);
        assert_eq!(second.outcome(SHORT).await, expected);
    }
}

#[tokio::test]
async fn a_leader_that_panics_leaves_them_dangling() {
    let flights = flights();
    let (ticket, lead) = flights.join(key(1));
    let task = tokio::spawn(async move {
        let _lead = lead;
        panic!("a leader's panic");
    });
    assert_eq!(ticket.outcome(LONG).await, Outcome::Dangling);
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!(flights.under_way(), 0);
}

#[tokio::test]
async fn a_flight_that_has_ended_is_not_joined() {
    let flights = flights();
    let (_first, lead) = flights.join(key(1));
    lead.unwrap().finish(Ok(1));
    let (second, lead) = flights.join(key(1));
    lead.unwrap().finish(Ok(2));
    assert_eq!(second.outcome(SHORT).await, Outcome::Done(2));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_the_waiting_and_not_the_flight() {
    let flights = flights();
    let (first, lead) = flights.join(key(1));
    let (second, _) = flights.join(key(1));
    assert_eq!(first.outcome(SHORT).await, Outcome::WaitTimeout);
    assert_eq!(flights.under_way(), 1);
    lead.unwrap().finish(Ok(7));
    assert_eq!(second.outcome(SHORT).await, Outcome::Done(7));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_of_zero_still_sees_what_has_ended() {
    let flights = flights();
    let (ticket, lead) = flights.join(key(1));
    assert_eq!(ticket.outcome(Duration::ZERO).await, Outcome::WaitTimeout);
    drop(lead);
    let (ticket, lead) = flights.join(key(1));
    lead.unwrap().finish(Ok(7));
    assert_eq!(ticket.outcome(Duration::ZERO).await, Outcome::Done(7));
}

#[tokio::test(start_paused = true)]
async fn an_old_flight_is_left_and_not_joined() {
    let flights = flights();
    let (first, old) = flights.join(key(1));
    tokio::time::advance(MAX_AGE / 2).await;
    let (second, none) = flights.join(key(1));
    assert!(none.is_none());
    let began = tokio::time::Instant::now();
    assert_eq!(second.outcome(Duration::MAX).await, Outcome::AgeTimeout);
    assert_eq!(began.elapsed().as_secs(), MAX_AGE.as_secs() / 2);

    let (third, new) = flights.join(key(1));
    let new = new.expect("a new flight");
    old.unwrap().finish(Ok(1));
    assert_eq!(flights.under_way(), 1, "the end of the old flight does not take the new one off the list");
    drop(first);
    assert_eq!(flights.under_way(), 1, "nor does leaving it");
    let (fourth, none) = flights.join(key(1));
    assert!(none.is_none());
    new.finish(Ok(2));
    assert_eq!(third.outcome(SHORT).await, Outcome::Done(2));
    assert_eq!(fourth.outcome(SHORT).await, Outcome::Done(2));
}

#[tokio::test]
async fn the_leader_learns_when_the_last_one_has_left() {
    let flights = flights();
    let (first, lead) = flights.join(key(1));
    let (second, _) = flights.join(key(1));
    let lead = lead.unwrap();
    assert!(lead.abandoned().now_or_never().is_none());
    drop(first);
    assert!(lead.abandoned().now_or_never().is_none(), "one still waits");
    drop(second);
    assert!(lead.abandoned().now_or_never().is_some());
    assert_eq!(flights.under_way(), 0);

    let (third, new) = flights.join(key(1));
    assert!(lead.abandoned().now_or_never().is_some(), "nobody joins a flight that was abandoned");
    lead.finish(Ok(1));
    new.unwrap().finish(Ok(2));
    assert_eq!(third.outcome(SHORT).await, Outcome::Done(2));
}

#[tokio::test]
async fn a_client_that_leaves_while_waiting_counts_as_gone() {
    let flights = flights();
    let (ticket, lead) = flights.join(key(1));
    let lead = lead.unwrap();
    let mut waiting = Box::pin(ticket.outcome(LONG));
    assert!((&mut waiting).now_or_never().is_none());
    assert!(lead.abandoned().now_or_never().is_none());
    drop(waiting);
    assert!(lead.abandoned().now_or_never().is_some());
}

#[tokio::test]
async fn abandoning_wakes_the_leader() {
    let flights = flights();
    let (ticket, lead) = flights.join(key(1));
    let lead = lead.unwrap();
    let killed = tokio::spawn(async move { lead.abandoned().await });
    tokio::task::yield_now().await;
    drop(ticket);
    killed.await.unwrap();
    assert_eq!(flights.under_way(), 0);
}

#[test]
fn parts_dropped_in_any_order_leave_nothing() {
    for order in 0..6 {
        let flights = flights();
        let (first, lead) = flights.join(key(1));
        let (second, _) = flights.join(key(1));
        let mut parts: Vec<Box<dyn std::any::Any>> = vec![Box::new(first), Box::new(second), Box::new(lead)];
        parts.swap(0, order % 3);
        parts.swap(1, 1 + order / 3);
        for part in parts {
            drop(part);
        }
        assert_eq!(flights.under_way(), 0, "order {order}");
    }
}

/// Threads that join a few keys, lead by every kind of end, and leave early or wait: whoever waits must be
/// told, and no value may come from a leader that never finished.
#[test]
fn many_threads_lose_no_wakeup_and_leave_no_flight() {
    const THREADS: u64 = 8;
    const ROUNDS: u64 = 3000;
    let flights = flights();
    let told = Arc::new(AtomicUsize::new(0));
    let leaders = Arc::new(AtomicUsize::new(0));
    thread::scope(|scope| {
        for me in 0..THREADS {
            let (flights, told, leaders) = (flights.clone(), Arc::clone(&told), Arc::clone(&leaders));
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
                runtime.block_on(async {
                    for round in 0..ROUNDS {
                        let outcome = fly(&flights, key(round % 5), me + round, &leaders).await;
                        told.fetch_add(usize::from(outcome), SeqCst);
                    }
                });
            });
        }
    });
    assert_eq!(flights.under_way(), 0);
    assert!(leaders.load(SeqCst) > 0 && told.load(SeqCst) > 0);
}

/// One round; true if it waited and was told.
async fn fly(flights: &Test, key: Key, dice: u64, leaders: &AtomicUsize) -> bool {
    let (ticket, lead) = flights.join(key);
    if let Some(lead) = lead {
        leaders.fetch_add(1, SeqCst);
        tokio::spawn(async move {
            for _ in 0..dice % 4 {
                tokio::task::yield_now().await;
            }
            match dice % 5 {
                0 | 1 => lead.finish(Ok(7)),
                2 => lead.finish(Err("broken")),
                3 => lead.give_up(),
                _ => drop(lead),
            }
        });
    }
    if dice.is_multiple_of(6) {
        drop(ticket);
        tokio::task::yield_now().await;
        return false;
    }
    match ticket.outcome(LONG).await {
        Outcome::Done(value) => assert_eq!(value, 7),
        Outcome::TransientError(error) => assert_eq!(error, "broken"),
        Outcome::GiveUp | Outcome::Dangling => {}
        Outcome::WaitTimeout | Outcome::AgeTimeout => panic!("a wakeup was lost"),
    }
    true
}

/// As above, but leaders live until they are abandoned: each must learn of it, or its thread would wait for
/// ever.
#[test]
fn many_threads_abandon_and_every_leader_learns_of_it() {
    let flights = flights();
    thread::scope(|scope| {
        for me in 0..8_u64 {
            let flights = flights.clone();
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
                runtime.block_on(async {
                    for round in 0..3000 {
                        let (ticket, lead) = flights.join(key((me + round) % 3));
                        if round % 3 == 0 {
                            tokio::task::yield_now().await;
                        }
                        drop(ticket);
                        if let Some(lead) = lead {
                            tokio::time::timeout(LONG, lead.abandoned()).await.unwrap();
                        }
                    }
                });
            });
        }
    });
    assert_eq!(flights.under_way(), 0);
}
