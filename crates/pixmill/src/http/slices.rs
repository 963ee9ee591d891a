//! Bodies of answers: shared bytes that go out in slices, so that a client that does not read holds little memory.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use bytes::Bytes;

/// Bodies up to this size, in bytes, are handed over whole: the web server copies one piece of a body into the write
/// buffer of its connection, and that much it may.
const WHOLE_BYTES: usize = 64 * 1024;

/// The size of a slice, in bytes. The write buffer is filled up to 32 KiB and then written out
/// (`DEFAULT_H1_WRITE_BUFFER_SIZE` of actix-http), so it holds less than twice that.
const SLICE_BYTES: usize = 32 * 1024;

/// A body of shared bytes. A small one is handed over whole, a larger one slice by slice; both announce their length.
pub fn body(bytes: Bytes) -> BoxBody {
    if bytes.len() <= WHOLE_BYTES { bytes.boxed() } else { BoxBody::new(Slices(bytes)) }
}

/// What is left of a body. A slice shares the bytes: nothing is copied before it reaches the write buffer. It does not
/// offer itself as one piece (`try_into_bytes`), or `BoxBody` would take it as that.
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
    async fn slices_are_parts_of_the_same_memory_and_make_up_the_whole() {
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
