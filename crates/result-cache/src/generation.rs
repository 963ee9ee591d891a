//! Positions in the purge log: they order purges and the work on entries.

use std::fmt;
use std::str::FromStr;

/// A position in the purge log.
///
/// Every entry carries the last position that its node knew when the work on it began. A purge has a position too. It applies
/// to all entries with an earlier position, in every tier, also to those that are stored after the purge.
///
/// The shared log is a stream in Redis, whose server assigns the positions: milliseconds of its clock, and a number within
/// the millisecond. A node without a connection to Redis counts on from the position it knows, in lower digits of its own:
/// whatever position the shared log assigns afterwards is later.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Generation(u128);

/// Bits of the two lower numbers: the number within the millisecond, and below it the node's own count.
const OWN_BITS: u32 = 32;
const LOG_BITS: u32 = 32;

impl Generation {
    /// Before every purge.
    pub const ZERO: Self = Self(0);

    /// Length of the encoded form in bytes.
    pub const LEN: usize = size_of::<u128>();

    /// The next position of a node that counts on by itself.
    pub(crate) fn next_here(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The first position that the shared log can assign after this one, in the notation of Redis.
    pub(crate) fn next_in_log(self) -> String {
        let shared = (self.0 >> OWN_BITS).saturating_add(1);
        format!("{}-{}", shared >> LOG_BITS, shared & u128::from(u32::MAX))
    }

    /// The last position of the shared log that is not after this one, in the notation of Redis.
    pub(crate) fn in_log(self) -> String {
        let shared = self.0 >> OWN_BITS;
        format!("{}-{}", shared >> LOG_BITS, shared & u128::from(u32::MAX))
    }

    /// Parses a position in the notation of Redis.
    pub(crate) fn from_log(text: &str) -> Option<Self> {
        let (millis, number) = text.split_once('-')?;
        let number: u64 = number.parse().ok()?;
        let shared = u128::from(millis.parse::<u64>().ok()?) << LOG_BITS;
        Some(Self((shared | u128::from(number.min(u32::MAX.into()))) << OWN_BITS))
    }

    /// The encoded form, as in entries.
    pub fn to_bytes(self) -> [u8; Self::LEN] {
        self.0.to_le_bytes()
    }

    pub(crate) fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(u128::from_le_bytes(bytes))
    }
}

/// As in the write-ahead log: 32 hexadecimal digits.
impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for Generation {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u128::from_str_radix(text, 16).map(Self)
    }
}

impl fmt::Debug for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.in_log(), self.0 & u128::from(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_positions_are_ordered_as_in_redis_and_local_ones_lie_between() {
        let read = |text| Generation::from_log(text).unwrap();
        let one = read("1700000000000-0");
        assert!(Generation::ZERO < one && one < read("1700000000000-1"));
        assert!(read("1700000000000-4294967295") < read("1700000000001-0"));
        let own = one.next_here().next_here();
        assert!(one < own && own < read("1700000000000-1"));
        assert_eq!(
            (own.in_log().as_str(), own.next_in_log().as_str()),
            ("1700000000000-0", "1700000000000-1")
        );
        assert_eq!(read(&one.in_log()), one);
        assert_eq!(Generation::ZERO.next_in_log(), "0-1");
        for junk in ["", "1", "-", "1-", "a-1", "1-1-1"] {
            assert_eq!(Generation::from_log(junk), None, "{junk:?}");
        }
    }

    #[test]
    fn round_trips_as_text_and_as_bytes() {
        let one = Generation::from_log("1700000000000-7").unwrap().next_here();
        assert_eq!(one.to_string().parse(), Ok(one));
        assert_eq!(Generation::from_bytes(one.to_bytes()), one);
        assert_eq!(format!("{one:?}"), "1700000000000-7.1");
    }
}
