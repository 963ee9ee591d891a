//! The write-behind queue: entries to be written to Redis in the background.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};

use crate::stats::Counter;
use crate::{CacheEntry, Key};

/// Most keys in the queue. A key that is put twice is queued once.
const MAX_KEYS: usize = 4096;

/// What is to be done with a key.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Write {
    Put(Arc<CacheEntry>),
    Remove,
}

/// Writes that are queued or in progress, at most one per key.
///
/// While the write of a key is in progress, a later one of the same key waits behind it. So the last one wins, whichever
/// connection is faster.
#[derive(Debug)]
pub(super) struct WriteBehind {
    pending: Mutex<Pending>,
    queue: mpsc::UnboundedSender<Key>,
    max_bytes: usize,
    pub(super) dropped: Counter,
}

#[derive(Debug, Default)]
struct Pending {
    keys: HashMap<Key, PendingWrite>,
    bytes: usize,
}

#[derive(Debug)]
struct PendingWrite {
    write: Write,
    /// Incremented when the write is replaced.
    version: u64,
    waiters: Vec<oneshot::Sender<Result<(), String>>>,
}

impl WriteBehind {
    /// An empty queue, and the receiver of its keys.
    pub(super) fn new(max_bytes: usize) -> (Self, mpsc::UnboundedReceiver<Key>) {
        let (queue, keys) = mpsc::unbounded_channel();
        let pending = Mutex::default();
        (Self { pending, queue, max_bytes, dropped: Counter::default() }, keys)
    }

    /// What the key will be when its write is done.
    pub(super) fn pending_write(&self, key: &Key) -> Option<Write> {
        self.pending.lock().keys.get(key).map(|slot| slot.write.clone())
    }

    /// The queued keys.
    pub(super) fn keys(&self) -> Vec<Key> {
        self.pending.lock().keys.keys().copied().collect()
    }

    /// The queued bytes.
    pub(super) fn bytes(&self) -> usize {
        self.pending.lock().bytes
    }

    /// Queues a write, in place of an earlier one of its key. False, and counted, if the queue is full.
    pub(super) fn add(&self, key: Key, write: Write) -> bool {
        let added = self.pending.lock().add(key, write, self.max_bytes, None);
        match added {
            Added::Dropped => self.dropped.add_one(),
            // the receiver lives as long as this sender
            Added::New => drop(self.queue.send(key)),
            Added::Known => {}
        }
        !matches!(added, Added::Dropped)
    }

    /// Queues a removal, and tells when it is done; `None` if the queue is full.
    pub(super) fn remove(&self, key: Key) -> Option<oneshot::Receiver<Result<(), String>>> {
        let (sender, receiver) = oneshot::channel();
        match self.pending.lock().add(key, Write::Remove, self.max_bytes, Some(sender)) {
            Added::Dropped => return None,
            Added::New => drop(self.queue.send(key)),
            Added::Known => {}
        }
        Some(receiver)
    }

    /// Tells when the write of this key is done; `None` if there is none.
    pub(super) fn completion(&self, key: &Key) -> Option<oneshot::Receiver<Result<(), String>>> {
        let mut pending = self.pending.lock();
        let slot = pending.keys.get_mut(key)?;
        let (sender, receiver) = oneshot::channel();
        slot.waiters.push(sender);
        Some(receiver)
    }

    /// The write of a key, to be started.
    pub(super) fn start(&self, key: &Key) -> Option<(Write, u64)> {
        let pending = self.pending.lock();
        let slot = pending.keys.get(key)?;
        Some((slot.write.clone(), slot.version))
    }

    /// Records the result of a write. A write that came meanwhile is started next.
    pub(super) fn finish(&self, key: &Key, version: u64, result: &Result<(), String>) {
        let waiters = {
            let mut pending = self.pending.lock();
            let Some(slot) = pending.keys.get(key) else { return };
            if slot.version != version {
                let _ = self.queue.send(*key);
                return;
            }
            let slot = pending.keys.remove(key);
            pending.bytes -= slot.as_ref().map_or(0, |slot| slot.write.weight());
            slot.map(|slot| slot.waiters).unwrap_or_default()
        };
        for sender in waiters {
            // the caller may be gone
            drop(sender.send(result.clone()));
        }
    }
}

enum Added {
    New,
    Known,
    Dropped,
}

impl Pending {
    fn add(
        &mut self,
        key: Key,
        write: Write,
        max_bytes: usize,
        sender: Option<oneshot::Sender<Result<(), String>>>,
    ) -> Added {
        let weight = write.weight();
        if let Some(slot) = self.keys.get_mut(&key) {
            let before = slot.write.weight();
            let fits = self.bytes - before + weight <= max_bytes;
            // the queued entry is outdated all the same
            slot.write = if fits { write } else { Write::Remove };
            self.bytes = self.bytes - before + slot.write.weight();
            slot.version += 1;
            slot.waiters.extend(sender);
            return if fits { Added::Known } else { Added::Dropped };
        }
        if self.keys.len() >= MAX_KEYS || self.bytes + weight > max_bytes {
            return Added::Dropped;
        }
        self.bytes += weight;
        let waiters = sender.into_iter().collect();
        self.keys.insert(key, PendingWrite { write, version: 0, waiters });
        Added::New
    }
}

impl Write {
    fn weight(&self) -> usize {
        match self {
            Self::Put(entry) => entry.weight(),
            Self::Remove => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EntryMeta;
    use bytes::Bytes;

    fn key(number: usize) -> Key {
        Key::from_parts(&[&number.to_le_bytes()])
    }

    fn put(len: usize) -> Write {
        Write::Put(Arc::new(CacheEntry { meta: EntryMeta::default(), body: Bytes::from(vec![0; len]) }))
    }

    #[tokio::test]
    async fn the_last_write_of_a_key_follows_the_one_in_progress() {
        let (writes, mut keys) = WriteBehind::new(1 << 20);
        assert!(writes.add(key(1), put(1)));
        assert_eq!(keys.recv().await, Some(key(1)));
        let (first, version) = writes.start(&key(1)).unwrap();
        assert_eq!(first, put(1));
        assert!(writes.add(key(1), put(2)) && writes.add(key(1), put(3)));
        assert!(keys.try_recv().is_err(), "it waits for the one in progress");
        let completion = writes.completion(&key(1)).unwrap();
        writes.finish(&key(1), version, &Ok(()));
        assert_eq!(keys.try_recv(), Ok(key(1)));
        let (last, version) = writes.start(&key(1)).unwrap();
        assert_eq!((last, writes.pending_write(&key(1))), (put(3), Some(put(3))));
        writes.finish(&key(1), version, &Ok(()));
        assert_eq!(completion.await, Ok(Ok(())));
        assert_eq!((writes.pending_write(&key(1)), writes.bytes()), (None, 0));
    }

    #[test]
    fn a_write_beyond_the_capacity_is_dropped_and_counted() {
        let (writes, _keys) = WriteBehind::new(10_000);
        assert!(writes.add(key(1), put(5000)));
        assert!(!writes.add(key(2), put(5000)));
        assert!(writes.pending_write(&key(2)).is_none());
        assert!(!writes.add(key(1), put(20_000)), "nor in place of another");
        assert_eq!(writes.pending_write(&key(1)), Some(Write::Remove), "which is outdated");
        assert_eq!((writes.dropped.read(), writes.bytes()), (2, 0));
        for number in 2..=MAX_KEYS {
            assert!(writes.add(key(number), Write::Remove));
        }
        assert!(!writes.add(key(0), Write::Remove) && writes.remove(key(0)).is_none());
        assert!(writes.remove(key(1)).is_some(), "a queued key takes no more capacity");
    }
}
