//! Quarantine: originals that repeatedly crashed render workers, or used up the whole time of renders, are refused for a while.
//!
//! Strikes are counted in a bounded table of this process. A quarantined original also gets an entry in the results cache:
//! through Redis, other nodes know of it before they lose a worker to it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use bytes::Bytes;
use parking_lot::Mutex;
use result_cache::{Cache, CacheEntry, EntryMeta, Freshness, Key, Lifetimes, clock};
use tokio::runtime::Handle;

use crate::error::Error;

/// Strikes after which an original is refused.
const STRIKES: u32 = 2;

/// Maximum number of originals in the table. Beyond it, those whose strikes expire first are removed.
const MAX_ORIGINALS: usize = 1024;

/// Status of the entry that tells other nodes of a quarantined original.
const UNPROCESSABLE: u16 = 422;

/// The table of strikes, and the cache through which nodes share it.
pub struct Quarantine {
    /// How long strikes count, and how long an original is refused. Zero: nothing is quarantined.
    period: Duration,
    table: Mutex<HashMap<Key, Strikes>>,
    cache: Cache,
    /// Where the entry for other nodes is written: strikes come from render threads.
    runtime: Handle,
}

#[derive(Debug, Clone, Copy)]
struct Strikes {
    count: u32,
    /// Milliseconds since the Unix epoch.
    until: u64,
}

impl Quarantine {
    /// An empty quarantine. Call it within the runtime that serves requests.
    pub fn new(period: Duration, cache: Cache) -> Self {
        Self { period, table: Mutex::default(), cache, runtime: Handle::current() }
    }

    /// Fails with [`Error::Quarantined`] if the original is quarantined, by this node or, as the cache says, by another one.
    pub async fn check(&self, key: &Key) -> Result<(), Error> {
        if self.period.is_zero() {
            return Ok(());
        }
        let now = clock::now();
        let mut until = self.until(key, now);
        if until.is_none()
            && self.cache.is_shared()
            && let Some(hit) = self.cache.get(key, now).await
            && hit.entry.state(now) == Freshness::Fresh
        {
            let left = self.period.saturating_sub(hit.entry.age(now));
            let end = now + left.as_millis() as u64;
            until = Some(end);
            self.record(*key, Strikes { count: STRIKES, until: end }, now);
        }
        match until {
            Some(until) => Err(Error::Quarantined { left: Duration::from_millis(until.saturating_sub(now)) }),
            None => Ok(()),
        }
    }

    /// Counts a strike; an original with enough of them is quarantined here and, through the cache, on other nodes. `original`
    /// is its name, for the log.
    pub fn strike(self: &Arc<Self>, key: Key, original: &str) {
        if !self.count(key) {
            return;
        }
        tracing::warn!(original, "original quarantined");
        let own = Arc::clone(self);
        self.runtime.spawn(async move { own.cache.put_shared(key, own.entry()).await });
    }

    /// The number of quarantined originals, as far as this process knows.
    pub fn len(&self) -> usize {
        let now = clock::now();
        let table = self.table.lock();
        table.values().filter(|strikes| strikes.count >= STRIKES && strikes.until > now).count()
    }

    /// Counts a strike. Returns whether the original is quarantined.
    fn count(&self, key: Key) -> bool {
        if self.period.is_zero() {
            return false;
        }
        let now = clock::now();
        let known = self
            .table
            .lock()
            .get(&key)
            .filter(|strikes| strikes.until > now)
            .map_or(0, |strikes| strikes.count);
        let count = known.saturating_add(1);
        self.record(key, Strikes { count, until: now + self.period.as_millis() as u64 }, now);
        count >= STRIKES
    }

    /// The entry for other nodes.
    fn entry(&self) -> Arc<CacheEntry> {
        let lifetimes = Lifetimes { fresh_for: self.period, ..Lifetimes::default() };
        let meta =
            EntryMeta { status: UNPROCESSABLE, stored_at: clock::now(), lifetimes, ..EntryMeta::default() };
        Arc::new(CacheEntry { meta, body: Bytes::new() })
    }

    fn until(&self, key: &Key, now: u64) -> Option<u64> {
        let table = self.table.lock();
        let strikes = table.get(key)?;
        (strikes.count >= STRIKES && strikes.until > now).then_some(strikes.until)
    }

    fn record(&self, key: Key, strikes: Strikes, now: u64) {
        let mut table = self.table.lock();
        if table.len() >= MAX_ORIGINALS && !table.contains_key(&key) {
            table.retain(|_, strikes| strikes.until > now);
            if table.len() >= MAX_ORIGINALS
                && let Some(first) =
                    table.iter().min_by_key(|(_, strikes)| strikes.until).map(|(key, _)| *key)
            {
                table.remove(&first);
            }
        }
        table.insert(key, strikes);
    }
}

#[cfg(test)]
mod tests {
    use result_cache::{CacheName, Config, Coordinator};

    use super::*;

    async fn quarantine(period: Duration) -> Quarantine {
        let config = Config::default();
        let coordinator = Coordinator::open(&config).unwrap();
        Quarantine::new(period, Cache::open(&config, CacheName::Results, &coordinator).await.unwrap())
    }

    fn key(number: u32) -> Key {
        Key::from_parts(&[&number.to_le_bytes()])
    }

    #[actix_web::test]
    async fn the_second_strike_quarantines_for_a_while() {
        let quarantine = quarantine(Duration::from_mins(5)).await;
        let now = clock::now();
        assert!(!quarantine.count(key(1)));
        assert_eq!((quarantine.until(&key(1), now), quarantine.len()), (None, 0));
        assert!(quarantine.count(key(1)));
        assert!(quarantine.until(&key(1), now).is_some() && quarantine.until(&key(2), now).is_none());
        assert_eq!(quarantine.len(), 1);
        assert_eq!(quarantine.until(&key(1), now + 301_000), None, "not for ever");
        assert!(matches!(quarantine.check(&key(1)).await, Err(Error::Quarantined { .. })));
        assert!(quarantine.check(&key(2)).await.is_ok());
    }

    #[actix_web::test]
    async fn the_table_is_bounded() {
        let quarantine = quarantine(Duration::from_mins(5)).await;
        for number in 0..2 * MAX_ORIGINALS as u32 {
            quarantine.count(key(number));
            quarantine.count(key(number));
        }
        assert_eq!(quarantine.table.lock().len(), MAX_ORIGINALS);
        assert_eq!(quarantine.len(), MAX_ORIGINALS);
    }

    #[actix_web::test]
    async fn a_period_of_zero_disables_it() {
        let quarantine = quarantine(Duration::ZERO).await;
        assert!(!quarantine.count(key(1)) && !quarantine.count(key(1)));
        assert_eq!(quarantine.len(), 0);
    }
}
