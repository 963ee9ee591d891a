//! Response bodies: shared bytes that are written in slices, so that a client that does not read occupies little memory.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use bytes::Bytes;

/// Bodies up to this size in bytes are handed to actix-http whole. It copies each piece of a body into the write buffer of
/// the connection.
const WHOLE_BYTES: usize = 64 * 1024;

/// Size of a slice in bytes. actix-http flushes the write buffer once it holds 32 KiB (`DEFAULT_H1_WRITE_BUFFER_SIZE`), so it
/// never holds more than twice that.
const SLICE_BYTES: usize = 32 * 1024;

/// A body of shared bytes with a known length: in one piece if it is small, else in slices.
pub fn body(bytes: Bytes) -> BoxBody {
    if bytes.len() <= WHOLE_BYTES { bytes.boxed() } else { BoxBody::new(Slices(bytes)) }
}

/// The rest of a body. Slices share its memory: bytes are copied only into the write buffer. It does not implement
/// `try_into_bytes`, with which `BoxBody` would take the body as one piece.
struct Slices(Bytes);

impl MessageBody for Slices {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.0.len() as u64)
    }

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if self.0.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.0.len().min(SLICE_BYTES);
        Poll::Ready(Some(Ok(self.0.split_to(length))))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::poll_fn;

    use super::*;

    #[actix_web::test]
    async fn slices_share_memory_and_add_up_to_the_body() {
        for length in [0, 1, WHOLE_BYTES, WHOLE_BYTES + 1, 5 * SLICE_BYTES, 5 * SLICE_BYTES + 7] {
            let bytes: Bytes = (0..length).map(|number| number as u8).collect::<Vec<_>>().into();
            let mut body = Box::pin(body(bytes.clone()));
            assert_eq!(body.size(), BodySize::Sized(length as u64));
            let mut offset = 0;
            while let Some(piece) = poll_fn(|cx| body.as_mut().poll_next(cx)).await {
                let piece = piece.unwrap();
                assert!(piece.len() <= if length > WHOLE_BYTES { SLICE_BYTES } else { WHOLE_BYTES });
                assert_eq!(piece.as_ptr(), bytes[offset..].as_ptr(), "nothing is copied");
                offset += piece.len();
            }
            assert_eq!(offset, length);
        }
    }
}
