//! The body of an upload, limited in size, in duration, and in the memory it may take.

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

use super::{MemoryBudget, Reservation, UploadError};
use crate::{config::Uploads, error::Error};

/// A request body that ends with an error when it exceeds a limit.
///
/// The reason is in its [`BodyState`], because the form parser that reads the body passes on its own errors only.
pub struct LimitedBody {
    payload: Payload,
    state: BodyState,
    budget: MemoryBudget,
    remaining: u64,
    limit: u64,
    idle_timeout: Duration,
    deadline: Instant,
    timer: Pin<Box<Sleep>>,
}

/// The memory reserved for a body, and why it was aborted, if it was.
#[derive(Clone, Default)]
pub struct BodyState(Rc<RefCell<Inner>>);

#[derive(Default)]
struct Inner {
    reservation: Reservation,
    failure: Option<Error>,
}

impl LimitedBody {
    /// Wraps a body of at most `limit` bytes; its memory is reserved from `budget` as it arrives.
    pub fn new(payload: Payload, limit: u64, budget: &MemoryBudget, config: &Uploads) -> Self {
        let (now, idle_timeout) = (Instant::now(), config.idle_timeout);
        let deadline = now + config.timeout;
        Self {
            payload,
            state: BodyState::default(),
            budget: budget.clone(),
            remaining: limit,
            limit,
            idle_timeout,
            deadline,
            timer: Box::pin(sleep_until(deadline.min(now + idle_timeout))),
        }
    }

    /// A handle to the state of the body, which stays valid after the body is dropped.
    pub fn state(&self) -> BodyState {
        self.state.clone()
    }

    fn account_for(&mut self, piece: &Bytes) -> Result<(), Error> {
        let remaining = self.remaining.checked_sub(piece.len() as u64);
        self.remaining = remaining.ok_or(UploadError::TooLarge { limit: self.limit })?;
        self.budget.reserve(&mut self.state.0.borrow_mut().reservation, piece.len())?;
        let deadline = self.deadline.min(Instant::now() + self.idle_timeout);
        self.timer.as_mut().reset(deadline);
        Ok(())
    }

    fn abort(&self, failure: Error) -> Poll<Option<Result<Bytes, PayloadError>>> {
        self.state.0.borrow_mut().failure = Some(failure);
        Poll::Ready(Some(Err(PayloadError::Overflow)))
    }
}

impl Stream for LimitedBody {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        match this.payload.poll_next_unpin(cx) {
            Poll::Ready(Some(Ok(piece))) => match this.account_for(&piece) {
                Ok(()) => Poll::Ready(Some(Ok(piece))),
                Err(failure) => this.abort(failure),
            },
            Poll::Pending if this.timer.poll_unpin(cx).is_ready() => this.abort(UploadError::Timeout.into()),
            other => other,
        }
    }
}

impl BodyState {
    /// Takes the reason for which the body was aborted; none if it stayed within its limits.
    pub fn take_failure(&self) -> Option<Error> {
        self.0.borrow_mut().failure.take()
    }

    /// Takes the memory reserved for the body.
    pub fn take_reservation(&self) -> Reservation {
        std::mem::take(&mut self.0.borrow_mut().reservation)
    }
}
