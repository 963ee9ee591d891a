//! Bytes as they come, in blocks: however small the pieces and however large the whole, little is copied at a time and
//! nothing twice as large as needed is kept.

use bytes::Bytes;
use tokio::task::yield_now;

/// What is copied at a time, after which other requests of the worker have their turn: some 10 µs.
const BLOCK_BYTES: usize = 128 * 1024;

/// Bytes that have come.
#[derive(Debug, Default)]
pub struct Blocks {
    blocks: Vec<Vec<u8>>,
    length: u64,
}

impl Blocks {
    /// How many there are.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Adds a piece.
    pub fn push(&mut self, mut piece: &[u8]) {
        self.length += piece.len() as u64;
        while !piece.is_empty() {
            match self.blocks.last_mut() {
                Some(last) if last.len() < BLOCK_BYTES => {
                    let (fits, rest) = piece.split_at(piece.len().min(BLOCK_BYTES - last.len()));
                    last.extend_from_slice(fits);
                    piece = rest;
                }
                _ => self.blocks.push(Vec::new()),
            }
        }
    }

    /// All in one allocation of just the right size, which a cache may keep.
    pub async fn joined(self) -> Bytes {
        let mut whole = Vec::with_capacity(self.blocks.iter().map(Vec::len).sum());
        for block in self.blocks {
            whole.extend_from_slice(&block);
            drop(block);
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
        let whole: Vec<u8> = (0..3 * BLOCK_BYTES + 7).map(|number| number as u8).collect();
        for size in [1, 1000, BLOCK_BYTES, BLOCK_BYTES + 1, whole.len()] {
            let mut blocks = Blocks::default();
            whole.chunks(size).for_each(|piece| blocks.push(piece));
            assert_eq!((blocks.length(), blocks.blocks.len()), (whole.len() as u64, 4), "{size}");
            assert_eq!(blocks.joined().await, whole, "{size}");
        }
        assert_eq!(Blocks::default().joined().await, Bytes::new());
    }
}
