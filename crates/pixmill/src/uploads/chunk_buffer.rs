//! A buffer for the body of an upload: grows chunk by chunk, so that no reallocation copies what has already arrived.

use bytes::Bytes;
use tokio::task::yield_now;

/// Size of a chunk. Copying one takes about 10 µs, after which other requests of the worker get their turn.
const CHUNK_BYTES: usize = 128 * 1024;

/// The bytes received so far.
#[derive(Debug, Default)]
pub struct ChunkBuffer {
    chunks: Vec<Vec<u8>>,
    length: u64,
}

impl ChunkBuffer {
    /// Number of bytes received.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Appends bytes.
    pub fn push(&mut self, mut piece: &[u8]) {
        self.length += piece.len() as u64;
        while !piece.is_empty() {
            match self.chunks.last_mut() {
                Some(last) if last.len() < CHUNK_BYTES => {
                    let (fits, rest) = piece.split_at(piece.len().min(CHUNK_BYTES - last.len()));
                    last.extend_from_slice(fits);
                    piece = rest;
                }
                _ => self.chunks.push(Vec::new()),
            }
        }
    }

    /// All bytes in one allocation of exactly their size, as a cache stores them. Each chunk is freed once it is copied.
    pub async fn into_bytes(self) -> Bytes {
        let mut whole = Vec::with_capacity(self.chunks.iter().map(Vec::len).sum());
        for chunk in self.chunks {
            whole.extend_from_slice(&chunk);
            drop(chunk);
            yield_now().await;
        }
        whole.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn pieces_of_any_size_are_joined() {
        let whole: Vec<u8> = (0..3 * CHUNK_BYTES + 7).map(|number| number as u8).collect();
        for size in [1, 1000, CHUNK_BYTES, CHUNK_BYTES + 1, whole.len()] {
            let mut buffer = ChunkBuffer::default();
            whole.chunks(size).for_each(|piece| buffer.push(piece));
            assert_eq!((buffer.length(), buffer.chunks.len()), (whole.len() as u64, 4), "{size}");
            assert_eq!(buffer.into_bytes().await, whole, "{size}");
        }
        assert_eq!(ChunkBuffer::default().into_bytes().await, Bytes::new());
    }
}
