//! Writes response bodies without copying them.
//!
//! actix-http copies each piece of a body into the write buffer of its connection. A body of shared bytes is instead put into the
//! outbox of the connection, which writes it behind the head of the response in the same system call. The body is over, for
//! actix-http, once the outbox is empty again: until then it puts nothing else into its write buffer, so the order of the bytes
//! on the wire is that of the responses, on a connection with pipelined requests too.

use std::{
    cell::RefCell,
    convert::Infallible,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use actix_http::{
    Response,
    body::{BodySize, BoxBody, MessageBody},
    header::CONTENT_LENGTH,
};
use bytes::{Buf, Bytes};

/// Bodies from this size in bytes on are not copied. Below it, the second turn of the connection that an outbox takes costs more.
const LEAST: usize = 16 * 1024;

/// The outbox of a connection. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Outbox(Rc<RefCell<Content>>);

#[derive(Debug, Default)]
struct Content {
    bytes: Bytes,
    /// Wakes the connection when all bytes are written.
    waker: Option<Waker>,
}

impl Outbox {
    /// Whether nothing is left to be written.
    pub fn is_empty(&self) -> bool {
        self.0.borrow().bytes.is_empty()
    }

    /// What is left to be written. The bytes are shared, not copied.
    pub fn rest(&self) -> Bytes {
        self.0.borrow().bytes.clone()
    }

    /// Removes bytes that were written.
    pub fn written(&self, count: usize) {
        let mut content = self.0.borrow_mut();
        content.bytes.advance(count);
        if content.bytes.is_empty() {
            content.bytes = Bytes::new(); // nothing of the body is kept
            if let Some(waker) = content.waker.take() {
                waker.wake();
            }
        }
    }

    /// The response with a body that is written from the outbox, if it has a large one of shared bytes.
    pub fn send(&self, response: Response<BoxBody>) -> Response<BoxBody> {
        let large = matches!(response.body().size(), BodySize::Sized(length) if length >= LEAST as u64);
        // what is no success may have no body, whatever it was given
        if !large || !response.status().is_success() {
            return response;
        }
        let outbox = self.clone();
        let mut length = 0;
        let mut response = response.map_body(|_, body| match body.try_into_bytes() {
            Ok(bytes) => {
                length = bytes.len();
                BoxBody::new(OutboxBody { bytes: Some(bytes), outbox })
            }
            Err(body) => body,
        });
        if length > 0 {
            response.headers_mut().insert(CONTENT_LENGTH, length.into());
            response.head_mut().no_chunking(true);
        }
        response
    }
}

/// A body that is written from the outbox. For actix-http it is a stream of no bytes, and the response states its length in a
/// header of its own.
struct OutboxBody {
    /// The bytes, until they are in the outbox.
    bytes: Option<Bytes>,
    outbox: Outbox,
}

impl MessageBody for OutboxBody {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let bytes = self.bytes.take();
        let mut content = self.outbox.0.borrow_mut();
        if let Some(bytes) = bytes {
            debug_assert!(content.bytes.is_empty(), "one body at a time");
            content.bytes = bytes;
        }
        if content.bytes.is_empty() {
            return Poll::Ready(None);
        }
        content.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}
