//! What is still to be written to Redis: kept for a moment, off the path of every answer.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};

use crate::stats::Counter;
use crate::{Envelope, Key};

/// Keys that wait. A key that is put twice waits once.
const MOST_KEYS: usize = 4096;

/// What is to be done with a key.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Write {
    Put(Arc<Envelope>),
    Remove,
}

/// Writes that wait or are under way, at most one a key.
///
/// While one is under way, a later one of its key waits behind it: so the last one wins, whichever connection
/// is faster.
#[derive(Debug)]
pub(super) struct Writes {
    waiting: Mutex<Waiting>,
    queue: mpsc::UnboundedSender<Key>,
    most_bytes: usize,
    pub(super) dropped: Counter,
}

#[derive(Debug, Default)]
struct Waiting {
    keys: HashMap<Key, Place>,
    bytes: usize,
}

#[derive(Debug)]
struct Place {
    write: Write,
    /// Changes with the write.
    version: u64,
    told: Vec<oneshot::Sender<Result<(), String>>>,
}

impl Writes {
    /// None yet, and whence their keys come.
    pub(super) fn new(most_bytes: usize) -> (Self, mpsc::UnboundedReceiver<Key>) {
        let (queue, keys) = mpsc::unbounded_channel();
        let waiting = Mutex::default();
        (Self { waiting, queue, most_bytes, dropped: Counter::default() }, keys)
    }

    /// What this key will be soon.
    pub(super) fn look(&self, key: &Key) -> Option<Write> {
        self.waiting.lock().keys.get(key).map(|place| place.write.clone())
    }

    /// The keys that wait.
    pub(super) fn keys(&self) -> Vec<Key> {
        self.waiting.lock().keys.keys().copied().collect()
    }

    /// Bytes that wait.
    pub(super) fn bytes(&self) -> usize {
        self.waiting.lock().bytes
    }

    /// Takes in a write, in place of one that waits. False, and counted, if there is no room.
    pub(super) fn add(&self, key: Key, write: Write) -> bool {
        let added = self.waiting.lock().add(key, write, self.most_bytes, None);
        match added {
            Added::Dropped => self.dropped.add_one(),
            // the other end lives as long as this one
            Added::New => drop(self.queue.send(key)),
            Added::Known => {}
        }
        !matches!(added, Added::Dropped)
    }

    /// Takes in a removal and tells when it is done; nothing if there is no room.
    pub(super) fn remove(&self, key: Key) -> Option<oneshot::Receiver<Result<(), String>>> {
        let (tell, told) = oneshot::channel();
        match self.waiting.lock().add(key, Write::Remove, self.most_bytes, Some(tell)) {
            Added::Dropped => return None,
            Added::New => drop(self.queue.send(key)),
            Added::Known => {}
        }
        Some(told)
    }

    /// Tells when the write of this key is done; nothing if there is none.
    pub(super) fn settled(&self, key: &Key) -> Option<oneshot::Receiver<Result<(), String>>> {
        let mut waiting = self.waiting.lock();
        let place = waiting.keys.get_mut(key)?;
        let (tell, told) = oneshot::channel();
        place.told.push(tell);
        Some(told)
    }

    /// The write of a key whose turn it is.
    pub(super) fn begin(&self, key: &Key) -> Option<(Write, u64)> {
        let waiting = self.waiting.lock();
        let place = waiting.keys.get(key)?;
        Some((place.write.clone(), place.version))
    }

    /// How a write went. One that came meanwhile has its turn next.
    pub(super) fn end(&self, key: &Key, version: u64, result: &Result<(), String>) {
        let told = {
            let mut waiting = self.waiting.lock();
            let Some(place) = waiting.keys.get(key) else { return };
            if place.version != version {
                let _ = self.queue.send(*key);
                return;
            }
            let place = waiting.keys.remove(key);
            waiting.bytes -= place.as_ref().map_or(0, |place| place.write.weight());
            place.map(|place| place.told).unwrap_or_default()
        };
        for tell in told {
            // whoever asked may have left
            drop(tell.send(result.clone()));
        }
    }
}

enum Added {
    New,
    Known,
    Dropped,
}

impl Waiting {
    fn add(
        &mut self,
        key: Key,
        write: Write,
        most_bytes: usize,
        tell: Option<oneshot::Sender<Result<(), String>>>,
    ) -> Added {
        let weight = write.weight();
        if let Some(place) = self.keys.get_mut(&key) {
            let before = place.write.weight();
            let fits = self.bytes - before + weight <= most_bytes;
            // what waits is out of date all the same
            place.write = if fits { write } else { Write::Remove };
            self.bytes = self.bytes - before + place.write.weight();
            place.version += 1;
            place.told.extend(tell);
            return if fits { Added::Known } else { Added::Dropped };
        }
        if self.keys.len() >= MOST_KEYS || self.bytes + weight > most_bytes {
            return Added::Dropped;
        }
        self.bytes += weight;
        let told = tell.into_iter().collect();
        self.keys.insert(key, Place { write, version: 0, told });
        Added::New
    }
}

impl Write {
    fn weight(&self) -> usize {
        match self {
            Self::Put(envelope) => envelope.weight(),
            Self::Remove => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Meta;
    use bytes::Bytes;

    fn key(number: usize) -> Key {
        Key::of(&[&number.to_le_bytes()])
    }

    fn put(len: usize) -> Write {
        Write::Put(Arc::new(Envelope { meta: Meta::default(), body: Bytes::from(vec![0; len]) }))
    }

    #[tokio::test]
    async fn the_last_write_of_a_key_follows_the_one_under_way() {
        let (writes, mut keys) = Writes::new(1 << 20);
        assert!(writes.add(key(1), put(1)));
        assert_eq!(keys.recv().await, Some(key(1)));
        let (first, version) = writes.begin(&key(1)).unwrap();
        assert_eq!(first, put(1));
        assert!(writes.add(key(1), put(2)) && writes.add(key(1), put(3)));
        assert!(keys.try_recv().is_err(), "it waits for the one under way");
        let settled = writes.settled(&key(1)).unwrap();
        writes.end(&key(1), version, &Ok(()));
        assert_eq!(keys.try_recv(), Ok(key(1)));
        let (last, version) = writes.begin(&key(1)).unwrap();
        assert_eq!((last, writes.look(&key(1))), (put(3), Some(put(3))));
        writes.end(&key(1), version, &Ok(()));
        assert_eq!(settled.await, Ok(Ok(())));
        assert_eq!((writes.look(&key(1)), writes.bytes()), (None, 0));
    }

    #[test]
    fn what_does_not_fit_is_dropped_and_counted() {
        let (writes, _keys) = Writes::new(10_000);
        assert!(writes.add(key(1), put(5000)));
        assert!(!writes.add(key(2), put(5000)));
        assert!(writes.look(&key(2)).is_none());
        assert!(!writes.add(key(1), put(20_000)), "nor in place of another");
        assert_eq!(writes.look(&key(1)), Some(Write::Remove), "which is out of date");
        assert_eq!((writes.dropped.read(), writes.bytes()), (2, 0));
        for number in 2..=MOST_KEYS {
            assert!(writes.add(key(number), Write::Remove));
        }
        assert!(!writes.add(key(0), Write::Remove) && writes.remove(key(0)).is_none());
        assert!(writes.remove(key(1)).is_some(), "a key that waits takes no more room");
    }
}
