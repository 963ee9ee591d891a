//! Coalescing within this process: the first caller starts an operation, later ones wait for its result.

use std::time::Instant;

use actix_web::rt;
use result_cache::{Coalescer, Key, Outcome, Permit};

use crate::error::Error;

/// How often an operation that ended without a result is started before the caller gets [`Error::Broken`].
const ATTEMPTS: usize = 3;

/// The role of a caller in an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It started the operation.
    Leader,
    /// It joined an operation in flight.
    Follower,
}

/// The result of the operation for `key`; `start` is called if there is none in flight.
///
/// The operation runs in a task of its own: it goes on when this caller leaves, and is dropped when the last one has left.
pub async fn join<V, W>(
    operations: &Coalescer<V, Error>,
    key: Key,
    deadline: Instant,
    start: impl Fn() -> W,
) -> Result<(V, Role), Error>
where
    V: Clone + Send + Sync + 'static,
    W: Future<Output = Result<V, Error>> + 'static,
{
    for _ in 0..ATTEMPTS {
        let (waiter, permit) = operations.join(key);
        let part = if permit.is_some() { Role::Leader } else { Role::Follower };
        if let Some(permit) = permit {
            rt::spawn(lead(permit, start()));
        }
        match waiter.wait(deadline.saturating_duration_since(Instant::now())).await {
            Outcome::Done(value) => return Ok((value, part)),
            Outcome::TransientError(error) => return Err(error),
            Outcome::WaitTimeout => return Err(Error::Deadline),
            Outcome::GiveUp | Outcome::Dangling | Outcome::AgeTimeout => {}
        }
    }
    Err(Error::Broken)
}

async fn lead<V>(permit: Permit<V, Error>, operation: impl Future<Output = Result<V, Error>>) {
    let result = tokio::select! {
        result = operation => result,
        () = permit.abandoned() => return,
    };
    permit.finish(result);
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, rc::Rc, time::Duration};

    use tokio::sync::Notify;

    use super::*;

    const KEY: [u8; 32] = [1; 32];

    fn operations() -> Coalescer<u32, Error> {
        Coalescer::new(Duration::from_mins(1))
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_mins(1)
    }

    #[actix_web::test]
    async fn one_operation_serves_all_callers() {
        let operations = operations();
        let made = Rc::new(Cell::new(0));
        let wanted = || {
            join(&operations, KEY.into(), soon(), || {
                made.set(made.get() + 1);
                async { Ok(7) }
            })
        };
        let (first, second) = tokio::join!(wanted(), wanted());
        assert_eq!(first.unwrap(), (7, Role::Leader));
        assert_eq!(second.unwrap(), (7, Role::Follower));
        assert_eq!(made.get(), 1);
    }

    #[actix_web::test]
    async fn the_leader_may_leave() {
        let operations = operations();
        let gate = Rc::new(Notify::new());
        let make = || {
            let gate = Rc::clone(&gate);
            async move {
                gate.notified().await;
                Ok(7)
            }
        };
        let mut began = Box::pin(join(&operations, KEY.into(), soon(), make));
        assert!(futures_util::future::poll_immediate(&mut began).await.is_none());
        let mut joined = Box::pin(join(&operations, KEY.into(), soon(), make));
        assert!(futures_util::future::poll_immediate(&mut joined).await.is_none());
        drop(began);
        gate.notify_one();
        assert_eq!(joined.await.unwrap(), (7, Role::Follower));
    }

    #[actix_web::test]
    async fn the_operation_ends_when_all_have_left() {
        let operations = operations();
        let ended = Rc::new(Notify::new());
        let make = || {
            let told = Tell(Rc::clone(&ended));
            async move {
                let _told = told;
                std::future::pending().await
            }
        };
        let mut began = Box::pin(join(&operations, KEY.into(), soon(), make));
        assert!(futures_util::future::poll_immediate(&mut began).await.is_none());
        drop(began);
        ended.notified().await;
        assert_eq!(operations.in_flight(), 0);
    }

    /// Records that it was dropped.
    struct Tell(Rc<Notify>);

    impl Drop for Tell {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }

    #[actix_web::test]
    async fn a_deadline_and_a_panic_are_errors() {
        let operations = operations();
        let late = join(&operations, KEY.into(), Instant::now(), std::future::pending).await;
        assert!(matches!(late, Err(Error::Deadline)));
        let attempts = Rc::new(Cell::new(0));
        let broken = join(&operations, KEY.into(), soon(), || {
            attempts.set(attempts.get() + 1);
            async { panic!("a bug") }
        });
        assert!(matches!(broken.await, Err(Error::Broken)));
        assert_eq!(attempts.get(), ATTEMPTS);
    }
}
