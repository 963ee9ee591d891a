//! Originals that crashed render workers, or used up their whole time, are refused for a while.
//!
//! Strikes are counted in a bounded table of this process. An original with enough of them is also entered in the cache of
//! answers under a key of its own: by way of Redis other nodes know it before they have lost a worker to it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use result_cache::{Cache, CacheEntry, EntryMeta, Freshness, Key, Lifetimes, clock};

use crate::error::Error;

/// Strikes after which an original is refused.
const STRIKES: u32 = 2;

/// Originals that are remembered; beyond it the ones that end first are forgotten.
const MOST_REMEMBERED: usize = 1024;

/// The table of strikes.
pub struct Quarantine {
    /// How long strikes count, and how long an original is refused. Zero: nothing is.
    period: Duration,
    table: Mutex<HashMap<Key, Entry>>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    strikes: u32,
    /// Milliseconds since the Unix epoch.
    until: u64,
}

impl Quarantine {
    /// Nothing is quarantined yet.
    pub fn new(period: Duration) -> Self {
        Self { period, table: Mutex::default() }
    }

    /// Fails if the original is quarantined, here or, as the cache says, on another node.
    pub async fn check(&self, key: &Key, cache: &Cache) -> Result<(), Error> {
        if self.period.is_zero() {
            return Ok(());
        }
        let now = clock::now();
        let mut until = self.until(key, now);
        if until.is_none()
            && cache.is_shared()
            && let Some(hit) = cache.get(key, now).await
            && hit.entry.state(now) == Freshness::Fresh
        {
            let left = self.period.saturating_sub(hit.entry.age(now));
            until = Some(now + left.as_millis() as u64);
            self.remember(*key, Entry { strikes: STRIKES, until: now + left.as_millis() as u64 }, now);
        }
        match until {
            Some(until) => Err(Error::Quarantined { left: Duration::from_millis(until.saturating_sub(now)) }),
            None => Ok(()),
        }
    }

    /// Counts a strike; tells whether the original is quarantined by it.
    pub fn strike(&self, key: Key) -> bool {
        if self.period.is_zero() {
            return false;
        }
        let now = clock::now();
        let known =
            self.table.lock().get(&key).filter(|entry| entry.until > now).map_or(0, |entry| entry.strikes);
        let strikes = known.saturating_add(1);
        self.remember(key, Entry { strikes, until: now + self.period.as_millis() as u64 }, now);
        strikes >= STRIKES
    }

    /// The entry by which other nodes know it.
    pub fn entry(&self) -> Arc<CacheEntry> {
        let lifetimes = Lifetimes { fresh_for: self.period, ..Lifetimes::default() };
        let meta = EntryMeta { status: 422, stored_at: clock::now(), lifetimes, ..EntryMeta::default() };
        Arc::new(CacheEntry { meta, body: bytes::Bytes::new() })
    }

    /// How many originals are quarantined now, as far as this process knows.
    pub fn len(&self) -> usize {
        let now = clock::now();
        let table = self.table.lock();
        table.values().filter(|entry| entry.strikes >= STRIKES && entry.until > now).count()
    }

    fn until(&self, key: &Key, now: u64) -> Option<u64> {
        let table = self.table.lock();
        table.get(key).filter(|entry| entry.strikes >= STRIKES && entry.until > now).map(|entry| entry.until)
    }

    fn remember(&self, key: Key, entry: Entry, now: u64) {
        let mut table = self.table.lock();
        if table.len() >= MOST_REMEMBERED && !table.contains_key(&key) {
            table.retain(|_, entry| entry.until > now);
            if table.len() >= MOST_REMEMBERED
                && let Some(first) = table.iter().min_by_key(|(_, entry)| entry.until).map(|(key, _)| *key)
            {
                table.remove(&first);
            }
        }
        table.insert(key, entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u32) -> Key {
        Key::from_parts(&[&number.to_le_bytes()])
    }

    #[test]
    fn the_second_strike_counts() {
        let quarantine = Quarantine::new(Duration::from_mins(5));
        let now = clock::now();
        assert!(!quarantine.strike(key(1)));
        assert_eq!((quarantine.until(&key(1), now), quarantine.len()), (None, 0));
        assert!(quarantine.strike(key(1)));
        assert!(quarantine.until(&key(1), now).is_some() && quarantine.until(&key(2), now).is_none());
        assert_eq!(quarantine.len(), 1);
        assert_eq!(quarantine.until(&key(1), now + 301_000), None, "not for ever");
    }

    #[test]
    fn the_table_is_bounded() {
        let quarantine = Quarantine::new(Duration::from_mins(5));
        (0..2 * MOST_REMEMBERED as u32).for_each(|number| {
            quarantine.strike(key(number));
            quarantine.strike(key(number));
        });
        assert_eq!(quarantine.table.lock().len(), MOST_REMEMBERED);
        assert_eq!(quarantine.len(), MOST_REMEMBERED);
    }

    #[test]
    fn it_can_be_off() {
        let quarantine = Quarantine::new(Duration::ZERO);
        assert!(!quarantine.strike(key(1)) && !quarantine.strike(key(1)));
        assert_eq!(quarantine.len(), 0);
    }
}
