//! The body of an upload as it comes in: bounded in size, in time, and in the budget it takes.

use std::{
    cell::RefCell,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use actix_web::{error::PayloadError, rt::time::Sleep, web::Payload};
use bytes::Bytes;
use futures_util::{FutureExt, Stream, StreamExt};
use tokio::time::{Instant, sleep_until};

use super::{Error, MemoryBudget, Reservation};
use crate::{config::Uploads, failure::Failure};

/// A body that breaks off when it breaks a bound. Why is found in the [`BodyState`], since the readers of bodies know
/// only their own errors.
pub struct LimitedBody {
    payload: Payload,
    state: BodyState,
    budget: MemoryBudget,
    left: u64,
    limit: u64,
    idle_timeout: Duration,
    until: Instant,
    alarm: Pin<Box<Sleep>>,
}

/// What a body took, and why it broke off if it did.
#[derive(Clone, Default)]
pub struct BodyState(Rc<RefCell<Inner>>);

#[derive(Default)]
struct Inner {
    reservation: Reservation,
    failure: Option<Failure>,
}

impl LimitedBody {
    /// The body, of at most `limit` bytes.
    pub fn new(payload: Payload, limit: u64, budget: &MemoryBudget, config: &Uploads) -> Self {
        let (now, idle_timeout) = (Instant::now(), config.idle_timeout);
        let until = now + config.timeout;
        Self {
            payload,
            state: BodyState::default(),
            budget: budget.clone(),
            left: limit,
            limit,
            idle_timeout,
            until,
            alarm: Box::pin(sleep_until(until.min(now + idle_timeout))),
        }
    }

    /// Where it is found what the body took.
    pub fn state(&self) -> BodyState {
        self.state.clone()
    }

    fn enter(&mut self, piece: &Bytes) -> Result<(), Failure> {
        let left = self.left.checked_sub(piece.len() as u64);
        self.left = left.ok_or(Error::TooLarge { limit: self.limit })?;
        self.budget.reserve(&mut self.state.0.borrow_mut().reservation, piece.len())?;
        let until = self.until.min(Instant::now() + self.idle_timeout);
        self.alarm.as_mut().reset(until);
        Ok(())
    }

    fn broken(&self, failure: Failure) -> Poll<Option<Result<Bytes, PayloadError>>> {
        self.state.0.borrow_mut().failure = Some(failure);
        Poll::Ready(Some(Err(PayloadError::Overflow)))
    }
}

impl Stream for LimitedBody {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        match this.payload.poll_next_unpin(cx) {
            Poll::Ready(Some(Ok(piece))) => match this.enter(&piece) {
                Ok(()) => Poll::Ready(Some(Ok(piece))),
                Err(failure) => this.broken(failure),
            },
            Poll::Pending if this.alarm.poll_unpin(cx).is_ready() => this.broken(Error::Slow.into()),
            other => other,
        }
    }
}

impl BodyState {
    /// Why the body broke off, if it broke a bound.
    pub fn failure(&self) -> Option<Failure> {
        self.0.borrow_mut().failure.take()
    }

    /// The budget that the body takes.
    pub fn reservation(&self) -> Reservation {
        std::mem::take(&mut self.0.borrow_mut().reservation)
    }
}
