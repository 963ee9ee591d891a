//! Settings of the second pass, which encodes often requested variants again when render workers are idle.

use std::time::Duration;

use config_types::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The second pass: when render workers are idle, JPEG, PNG, WebP and AVIF results that were requested several times are encoded
/// again with slow settings, and replace the first ones in all caches if they are smaller and look no worse.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Refine {
    /// Whether there is a second pass.
    pub enabled: bool,
    /// Requests for a variant, the first one included, before it is encoded again; 1 to 60000. Each node counts its own, and
    /// counts approximately: rarely requested variants may share a counter.
    pub after: u16,
    /// The longest `max-age` of responses whose variant may still be refined, so that HTTP caches in front of this server ask
    /// again; `10m`. Then the usual lifetimes apply. Zero: the usual lifetimes apply to these responses too.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub first_max_age: Duration,
    /// Variants that wait to be refined, per thread that reads requests. Further ones are left out; they are queued when they
    /// have been requested `after` times again.
    pub queue: usize,
    /// Share of the time of one render thread that the second pass may use, 1 to 100 percent. At most one variant is refined at
    /// a time, and only while no other render waits.
    pub cpu_percent: u8,
    /// The least saving in bytes for which a first result is replaced, 1 to 99 percent.
    pub min_saving_percent: u8,
    /// Pixels of the largest result that is refined.
    pub max_pixels: u64,
    /// Pixels of the largest AVIF that is refined, at most `max_pixels`: a megapixel takes 2 to 6 seconds of CPU time.
    pub avif_max_pixels: u64,
    /// Effort of the WebP encoder in the second pass, 0 to 6.
    pub webp_effort: u8,
    /// Effort of the AVIF encoder in the second pass, 0 to 9.
    pub avif_effort: u8,
    /// Compression level of PNG in the second pass, 0 to 9.
    pub png_compression: u8,
}

impl Default for Refine {
    fn default() -> Self {
        Self {
            enabled: false,
            after: 3,
            first_max_age: Duration::from_mins(10),
            queue: 1000,
            cpu_percent: 25,
            min_saving_percent: 5,
            max_pixels: 2_000_000,
            avif_max_pixels: 1_000_000,
            webp_effort: 6,
            avif_effort: 3,
            png_compression: 9,
        }
    }
}

/// Most requests that can be waited for: counters have 16 bits.
const MAX_AFTER: u16 = 60_000;

impl Refine {
    /// Every problem of this section, each naming its key.
    pub fn problems(&self) -> Vec<Problem> {
        [
            ("refine.after", self.after, 1, MAX_AFTER),
            ("refine.cpu_percent", self.cpu_percent.into(), 1, 100),
            ("refine.min_saving_percent", self.min_saving_percent.into(), 1, 99),
            ("refine.webp_effort", self.webp_effort.into(), 0, 6),
            ("refine.avif_effort", self.avif_effort.into(), 0, 9),
            ("refine.png_compression", self.png_compression.into(), 0, 9),
        ]
        .into_iter()
        .filter(|(_, value, low, high)| value < low || value > high)
        .map(|(key, value, low, high)| Problem::expected(key, format_args!("{low} to {high}"), value))
        .collect()
    }

    /// Whether a second result saves enough bytes to replace the first.
    pub fn saves_enough(&self, first: usize, second: usize) -> bool {
        second as u128 * 100 <= first as u128 * u128::from(100 - self.min_saving_percent.min(99))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_valid_and_all_problems_are_reported() {
        assert_eq!(Refine::default().problems(), []);
        let wrong = Refine {
            after: 0,
            cpu_percent: 0,
            min_saving_percent: 100,
            webp_effort: 7,
            avif_effort: 10,
            png_compression: 10,
            ..Refine::default()
        };
        assert_eq!(wrong.problems().len(), 6);
        assert_eq!(Refine { after: 60_001, ..Refine::default() }.problems().len(), 1);
    }

    #[test]
    fn the_least_saving_is_enough() {
        let refine = Refine::default();
        assert!(refine.saves_enough(1000, 950) && refine.saves_enough(1000, 1));
        assert!(!refine.saves_enough(1000, 951) && !refine.saves_enough(1000, 2000));
        assert!(!refine.saves_enough(1, 1));
    }
}
