//! Bytes as they come, in chunks: however small the pieces and however large the whole, little is copied at a time and
//! nothing twice as large as needed is kept.

use bytes::Bytes;
use tokio::task::yield_now;

/// What is copied at a time, after which other requests of the worker have their turn: some 10 µs.
const CHUNK_BYTES: usize = 128 * 1024;

/// Bytes that have come.
#[derive(Debug, Default)]
pub struct ChunkBuffer {
    chunks: Vec<Vec<u8>>,
    length: u64,
}

impl ChunkBuffer {
    /// How many there are.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Adds a piece.
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

    /// All in one allocation of just the right size, which a cache may keep.
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
    async fn pieces_of_any_size_become_the_whole() {
        let whole: Vec<u8> = (0..3 * CHUNK_BYTES + 7).map(|number| number as u8).collect();
        for size in [1, 1000, CHUNK_BYTES, CHUNK_BYTES + 1, whole.len()] {
            let mut chunks = ChunkBuffer::default();
            whole.chunks(size).for_each(|piece| chunks.push(piece));
            assert_eq!((chunks.length(), chunks.chunks.len()), (whole.len() as u64, 4), "{size}");
            assert_eq!(chunks.into_bytes().await, whole, "{size}");
        }
        assert_eq!(ChunkBuffer::default().into_bytes().await, Bytes::new());
    }
}
