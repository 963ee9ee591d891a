//! Request coalescing, in every order and from many threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use result_cache::{Coalescer, Key, Outcome};

use crate::fixture::key;

type Test = Coalescer<u64, &'static str>;

const MAX_AGE: Duration = Duration::from_mins(1);
const LONG: Duration = Duration::from_hours(1);
const SHORT: Duration = Duration::from_secs(1);

fn coalescer() -> Test {
    Coalescer::new(MAX_AGE)
}

#[test]
fn its_parts_can_be_sent_between_threads() {
    fn travels<T: Send + 'static>(_: T) {}
    let coalescer = coalescer();
    let (waiter, permit) = coalescer.join(key(1));
    travels(permit.unwrap());
    travels(waiter.wait(SHORT));
    travels(coalescer);
}

#[tokio::test]
async fn one_caller_gets_the_permit_and_all_get_the_value() {
    let coalescer = coalescer();
    let (first, permit) = coalescer.join(key(1));
    let (second, none) = coalescer.join(key(1));
    assert!(none.is_none());
    let permit = permit.unwrap();
    let finishing = tokio::spawn(async move { permit.finish(Ok(7)) });
    let outcomes = join_all([first.wait(LONG), second.wait(LONG)]).await;
    assert_eq!(outcomes, [Outcome::Done(7), Outcome::Done(7)]);
    finishing.await.unwrap();
    assert_eq!(coalescer.in_flight(), 0);
}

#[tokio::test]
async fn keys_are_independent() {
    let coalescer = coalescer();
    let (a, permit_a) = coalescer.join(key(1));
    let (b, permit_b) = coalescer.join(key(2));
    permit_a.unwrap().finish(Ok(1));
    permit_b.unwrap().finish(Ok(2));
    assert_eq!(a.wait(LONG).await, Outcome::Done(1));
    assert_eq!(b.wait(LONG).await, Outcome::Done(2));
}

#[tokio::test]
async fn an_operation_may_end_before_anybody_waits() {
    for end in 0..4 {
        let coalescer = coalescer();
        let (first, permit) = coalescer.join(key(1));
        let (second, _) = coalescer.join(key(1));
        let permit = permit.unwrap();
        let expected = match end {
            0 => {
                permit.finish(Ok(7));
                Outcome::Done(7)
            }
            1 => {
                permit.finish(Err("broken"));
                Outcome::TransientError("broken")
            }
            2 => {
                permit.give_up();
                Outcome::GiveUp
            }
            _ => {
                drop(permit);
                Outcome::Dangling
            }
        };
        assert_eq!(coalescer.in_flight(), 0, "an ended operation is forgotten at once");
        assert_eq!(first.wait(SHORT).await, expected);
        assert_eq!(second.wait(SHORT).await, expected);
    }
}

#[tokio::test]
async fn a_panic_of_the_permit_holder_leaves_waiters_dangling() {
    let coalescer = coalescer();
    let (waiter, permit) = coalescer.join(key(1));
    let task = tokio::spawn(async move {
        let _permit = permit;
        panic!("the holder panics");
    });
    assert_eq!(waiter.wait(LONG).await, Outcome::Dangling);
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!(coalescer.in_flight(), 0);
}

#[tokio::test]
async fn an_ended_operation_is_not_joined() {
    let coalescer = coalescer();
    let (_first, permit) = coalescer.join(key(1));
    permit.unwrap().finish(Ok(1));
    let (second, permit) = coalescer.join(key(1));
    permit.unwrap().finish(Ok(2));
    assert_eq!(second.wait(SHORT).await, Outcome::Done(2));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_the_waiting_and_not_the_operation() {
    let coalescer = coalescer();
    let (first, permit) = coalescer.join(key(1));
    let (second, _) = coalescer.join(key(1));
    assert_eq!(first.wait(SHORT).await, Outcome::WaitTimeout);
    assert_eq!(coalescer.in_flight(), 1);
    permit.unwrap().finish(Ok(7));
    assert_eq!(second.wait(SHORT).await, Outcome::Done(7));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_of_zero_finds_an_ended_operation() {
    let coalescer = coalescer();
    let (waiter, permit) = coalescer.join(key(1));
    assert_eq!(waiter.wait(Duration::ZERO).await, Outcome::WaitTimeout);
    drop(permit);
    let (waiter, permit) = coalescer.join(key(1));
    permit.unwrap().finish(Ok(7));
    assert_eq!(waiter.wait(Duration::ZERO).await, Outcome::Done(7));
}

#[tokio::test(start_paused = true)]
async fn an_operation_beyond_its_age_is_neither_joined_nor_waited_for() {
    let coalescer = coalescer();
    let (first, old) = coalescer.join(key(1));
    tokio::time::advance(MAX_AGE / 2).await;
    let (second, none) = coalescer.join(key(1));
    assert!(none.is_none());
    let began = tokio::time::Instant::now();
    assert_eq!(second.wait(Duration::MAX).await, Outcome::AgeTimeout);
    assert_eq!(began.elapsed().as_secs(), MAX_AGE.as_secs() / 2);

    let (third, new) = coalescer.join(key(1));
    let new = new.expect("a new operation");
    old.unwrap().finish(Ok(1));
    assert_eq!(coalescer.in_flight(), 1, "the end of the old operation does not remove the new one");
    drop(first);
    assert_eq!(coalescer.in_flight(), 1, "neither does leaving it");
    let (fourth, none) = coalescer.join(key(1));
    assert!(none.is_none());
    new.finish(Ok(2));
    assert_eq!(third.wait(SHORT).await, Outcome::Done(2));
    assert_eq!(fourth.wait(SHORT).await, Outcome::Done(2));
}

#[tokio::test]
async fn the_permit_is_abandoned_when_the_last_waiter_leaves() {
    let coalescer = coalescer();
    let (first, permit) = coalescer.join(key(1));
    let (second, _) = coalescer.join(key(1));
    let permit = permit.unwrap();
    assert!(permit.abandoned().now_or_never().is_none());
    drop(first);
    assert!(permit.abandoned().now_or_never().is_none(), "one still waits");
    drop(second);
    assert!(permit.abandoned().now_or_never().is_some());
    assert_eq!(coalescer.in_flight(), 0);

    let (third, new) = coalescer.join(key(1));
    assert!(permit.abandoned().now_or_never().is_some(), "nobody joins an abandoned operation");
    permit.finish(Ok(1));
    new.unwrap().finish(Ok(2));
    assert_eq!(third.wait(SHORT).await, Outcome::Done(2));
}

#[tokio::test]
async fn a_client_that_disconnects_while_waiting_counts_as_gone() {
    let coalescer = coalescer();
    let (waiter, permit) = coalescer.join(key(1));
    let permit = permit.unwrap();
    let mut waiting = Box::pin(waiter.wait(LONG));
    assert!((&mut waiting).now_or_never().is_none());
    assert!(permit.abandoned().now_or_never().is_none());
    drop(waiting);
    assert!(permit.abandoned().now_or_never().is_some());
}

#[tokio::test]
async fn abandoning_wakes_the_permit_holder() {
    let coalescer = coalescer();
    let (waiter, permit) = coalescer.join(key(1));
    let permit = permit.unwrap();
    let killed = tokio::spawn(async move { permit.abandoned().await });
    tokio::task::yield_now().await;
    drop(waiter);
    killed.await.unwrap();
    assert_eq!(coalescer.in_flight(), 0);
}

#[test]
fn parts_dropped_in_any_order_leave_no_operation() {
    for order in 0..6 {
        let coalescer = coalescer();
        let (first, permit) = coalescer.join(key(1));
        let (second, _) = coalescer.join(key(1));
        let mut parts: Vec<Box<dyn std::any::Any>> =
            vec![Box::new(first), Box::new(second), Box::new(permit)];
        parts.swap(0, order % 3);
        parts.swap(1, 1 + order / 3);
        for part in parts {
            drop(part);
        }
        assert_eq!(coalescer.in_flight(), 0, "order {order}");
    }
}

/// Threads that join a few keys, end operations in every way, and leave early or wait. Every waiter must be notified, and no
/// value may come from an operation that never finished.
#[test]
fn many_threads_lose_no_wakeup_and_leave_no_operation() {
    const THREADS: u64 = 8;
    const ROUNDS: u64 = 3000;
    let coalescer = coalescer();
    let notified = Arc::new(AtomicUsize::new(0));
    let permits = Arc::new(AtomicUsize::new(0));
    thread::scope(|scope| {
        for me in 0..THREADS {
            let (coalescer, notified, permits) =
                (coalescer.clone(), Arc::clone(&notified), Arc::clone(&permits));
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
                runtime.block_on(async {
                    for round in 0..ROUNDS {
                        let outcome = run_round(&coalescer, key(round % 5), me + round, &permits).await;
                        notified.fetch_add(usize::from(outcome), SeqCst);
                    }
                });
            });
        }
    });
    assert_eq!(coalescer.in_flight(), 0);
    assert!(permits.load(SeqCst) > 0 && notified.load(SeqCst) > 0);
}

/// One round; true if it waited and was notified.
async fn run_round(coalescer: &Test, key: Key, dice: u64, permits: &AtomicUsize) -> bool {
    let (waiter, permit) = coalescer.join(key);
    if let Some(permit) = permit {
        permits.fetch_add(1, SeqCst);
        tokio::spawn(async move {
            for _ in 0..dice % 4 {
                tokio::task::yield_now().await;
            }
            match dice % 5 {
                0 | 1 => permit.finish(Ok(7)),
                2 => permit.finish(Err("broken")),
                3 => permit.give_up(),
                _ => drop(permit),
            }
        });
    }
    if dice.is_multiple_of(6) {
        drop(waiter);
        tokio::task::yield_now().await;
        return false;
    }
    match waiter.wait(LONG).await {
        Outcome::Done(value) => assert_eq!(value, 7),
        Outcome::TransientError(error) => assert_eq!(error, "broken"),
        Outcome::GiveUp | Outcome::Dangling => {}
        Outcome::WaitTimeout | Outcome::AgeTimeout => panic!("a wakeup was lost"),
    }
    true
}

/// As above, but permits live until they are abandoned: each must be notified, or its thread would wait for ever.
#[test]
fn many_threads_abandon_and_every_permit_holder_is_notified() {
    let coalescer = coalescer();
    thread::scope(|scope| {
        for me in 0..8_u64 {
            let coalescer = coalescer.clone();
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
                runtime.block_on(async {
                    for round in 0..3000 {
                        let (waiter, permit) = coalescer.join(key((me + round) % 3));
                        if round % 3 == 0 {
                            tokio::task::yield_now().await;
                        }
                        drop(waiter);
                        if let Some(permit) = permit {
                            tokio::time::timeout(LONG, permit.abandoned()).await.unwrap();
                        }
                    }
                });
            });
        }
    });
    assert_eq!(coalescer.in_flight(), 0);
}
