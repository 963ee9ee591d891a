//! What is requested: originals whose popularity follows Zipf's law, each in several variants.

use std::sync::Arc;

use bytes::Bytes;
use result_cache::{CacheEntry, EntryMeta, Key};

use crate::random::Random;

/// Bytes of texts in the metadata of an entry (media type, entity tag, purge tag, headers), which the memory tier counts.
const META_BYTES: usize = 180;

/// Bodies: no entry has one of its own.
static ZEROS: [u8; 4 << 20] = [0; 4 << 20];

/// Originals and their variants.
#[derive(Debug)]
pub struct Catalogue {
    variants_per_original: u32,
    /// The probability of this original or one before it.
    cumulative: Vec<f64>,
    results: Vec<Arc<CacheEntry>>,
    result_bytes: Vec<u32>,
    original: Arc<CacheEntry>,
}

impl Catalogue {
    /// `originals` with `variants` each. The original of rank *k* is requested with a probability proportional to 1/*k*^`skew`, and
    /// each of its variants equally often. `bytes` gives the size of a variant, of at most 4 MB.
    pub fn new(
        originals: u32,
        variants: u32,
        skew: f64,
        bytes: impl Fn(u32) -> u32,
        original_bytes: u32,
    ) -> Self {
        let mut sum = 0.0;
        let mut cumulative: Vec<f64> = (1..=originals)
            .map(|rank| {
                sum += f64::from(rank).powf(-skew);
                sum
            })
            .collect();
        for value in &mut cumulative {
            *value /= sum;
        }
        let result_bytes: Vec<u32> = (0..originals * variants).map(bytes).collect();
        let results = result_bytes.iter().map(|bytes| entry(*bytes)).collect();
        Self {
            variants_per_original: variants,
            cumulative,
            results,
            result_bytes,
            original: entry(original_bytes),
        }
    }

    /// The variant of the next request. Variants are numbered by their original, the most popular one first.
    pub fn request(&self, random: &mut Random) -> u32 {
        let place = random.unit();
        let original = self.cumulative.partition_point(|end| *end <= place).min(self.cumulative.len() - 1);
        let variant = random.below(self.variants_per_original as usize);
        original as u32 * self.variants_per_original + variant as u32
    }

    /// The original of a variant.
    pub fn original_of(&self, variant: u32) -> u32 {
        variant / self.variants_per_original
    }

    /// The number of variants.
    pub fn variants(&self) -> u32 {
        self.results.len() as u32
    }

    /// Bytes of a variant.
    pub fn bytes(&self, variant: u32) -> u64 {
        self.result_bytes[variant as usize].into()
    }

    pub(crate) fn result(&self, variant: u32) -> Arc<CacheEntry> {
        Arc::clone(&self.results[variant as usize])
    }

    pub(crate) fn original(&self) -> Arc<CacheEntry> {
        Arc::clone(&self.original)
    }
}

fn entry(bytes: u32) -> Arc<CacheEntry> {
    let body = Bytes::from_static(&ZEROS[..bytes as usize + META_BYTES]);
    Arc::new(CacheEntry { meta: EntryMeta::default(), body })
}

/// The key of a variant or an original.
pub fn key(number: u32) -> Key {
    Key::from_parts(&[&number.to_le_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn popularity_follows_the_law() {
        let catalogue = Catalogue::new(1000, 2, 1.0, |_| 1, 1);
        let (mut random, mut counts) = (Random::new(1), vec![0_u32; 1000]);
        for _ in 0..200_000 {
            counts[catalogue.original_of(catalogue.request(&mut random)) as usize] += 1;
        }
        // the harmonic number of 1000 is 7.485
        let share = |rank: usize| f64::from(counts[rank - 1]) / 200_000.0 * 7.485 * rank as f64;
        for rank in [1, 2, 10] {
            assert!((0.95..1.05).contains(&share(rank)), "{rank}: {}", share(rank));
        }
    }
}
