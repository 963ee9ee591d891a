//! Ids of traces and spans.

use std::fmt::{self, Display, Formatter};

use uuid::Uuid;

/// The id of a trace; never 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId(pub(crate) u128);

/// The id of a span within its trace; never 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpanId(pub(crate) u64);

impl TraceId {
    /// A random one. All of its bits are, as sampling by its low half requires.
    pub(crate) fn random() -> Self {
        Self((u128::from(random()) << 64 | u128::from(random())).max(1))
    }

    /// Its bytes in network order.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// Whether a sampler with this ratio takes the trace. As OpenTelemetry's `TraceIdRatioBased`: all services that sample by
    /// the same ratio take the same traces.
    pub(crate) fn is_within(self, ratio: f64) -> bool {
        ratio >= 1.0 || ((self.0 as u64 >> 1) as f64) < ratio * (1_u64 << 63) as f64
    }
}

impl SpanId {
    /// Its bytes in network order.
    pub fn to_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }

    /// The span with this number in a trace with this seed.
    pub(crate) fn numbered(seed: u64, number: u64) -> Self {
        Self(mix(seed.wrapping_add(number)).max(1))
    }
}

impl Display for TraceId {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl Display for SpanId {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// 64 random bits: some bits of a UUID are fixed, so both halves are mixed.
pub(crate) fn random() -> u64 {
    let (high, low) = Uuid::new_v4().as_u64_pair();
    mix(high ^ low.rotate_left(32))
}

/// The finalizer of `SplitMix64` (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014), a bijection.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_ratio_is_kept() {
        for ratio in [0.0, 0.1, 0.5, 1.0] {
            let taken = (0..10_000).filter(|_| TraceId::random().is_within(ratio)).count();
            // six standard deviations of the binomial distribution
            let tolerance = 6.0 * (10_000.0 * ratio * (1.0 - ratio)).sqrt();
            assert!((taken as f64 - 10_000.0 * ratio).abs() <= tolerance, "{ratio}: {taken}");
        }
        assert!(!TraceId(1).is_within(0.0) && TraceId(u128::MAX).is_within(1.0));
    }

    #[test]
    fn spans_of_a_trace_have_different_ids() {
        let seed = random();
        let ids: HashSet<_> = (0..1000).map(|number| SpanId::numbered(seed, number)).collect();
        assert_eq!(ids.len(), 1000);
    }

    #[test]
    fn ids_are_hexadecimal_of_fixed_length() {
        assert_eq!(TraceId(0xab).to_string(), format!("{:0>32}", "ab"));
        assert_eq!(SpanId(0xab).to_string(), "00000000000000ab");
    }
}
