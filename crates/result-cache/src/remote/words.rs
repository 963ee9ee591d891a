//! What nodes tell each other of work that others wait for.

use std::collections::HashMap;

use parking_lot::Mutex;
use redis::{PushInfo, PushKind, Value};
use tokio::sync::oneshot;

use crate::Key;

/// What has become of something that another node was making.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// It is in the cache.
    Kept,
    /// It cannot be shared: go on alone.
    Unshared,
}

impl Word {
    const fn letter(self) -> u8 {
        match self {
            Self::Kept => b'k',
            Self::Unshared => b'u',
        }
    }

    /// The message that tells this of a key.
    pub(super) fn message(self, key: &Key) -> Vec<u8> {
        let mut message = key.as_bytes().to_vec();
        message.push(self.letter());
        message
    }

    fn read(message: &[u8]) -> Option<(Key, Self)> {
        let (key, letter) = message.split_first_chunk::<{ Key::LEN }>()?;
        let word = [Self::Kept, Self::Unshared].into_iter().find(|word| [word.letter()] == letter)?;
        Some((Key::from(*key), word))
    }
}

/// Those on this node who wait for a word.
#[derive(Debug, Default)]
pub(super) struct Words(Mutex<HashMap<Key, Vec<oneshot::Sender<Word>>>>);

impl Words {
    /// Hears of this key from now on.
    pub(super) fn await_word(&self, key: Key) -> oneshot::Receiver<Word> {
        let (tell, told) = oneshot::channel();
        let mut waiting = self.0.lock();
        let places = waiting.entry(key).or_default();
        places.retain(|place| !place.is_closed());
        places.push(tell);
        told
    }

    /// Nobody waits for this key any more, unless somebody does.
    pub(super) fn tidy(&self, key: &Key) {
        let mut waiting = self.0.lock();
        if waiting.get(key).is_some_and(|places| places.iter().all(oneshot::Sender::is_closed)) {
            waiting.remove(key);
        }
    }

    /// Passes on what was published.
    pub(super) fn hear(&self, push: &PushInfo) {
        if push.kind != PushKind::Message {
            return;
        }
        let Some(Value::BulkString(message)) = push.data.get(1) else { return };
        let Some((key, word)) = Word::read(message) else { return };
        for place in self.0.lock().remove(&key).unwrap_or_default() {
            // whoever waited may have left
            let _ = place.send(word);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_as_written() {
        let key = Key::of(&[b"a"]);
        for word in [Word::Kept, Word::Unshared] {
            assert_eq!(Word::read(&word.message(&key)), Some((key, word)));
        }
        for junk in [&b""[..], b"k", &[0; 32], &[0; 33], &[b'k'; 34]] {
            assert_eq!(Word::read(junk), None, "{junk:?}");
        }
    }

    #[tokio::test]
    async fn a_word_reaches_all_who_wait_for_its_key_and_nobody_else() {
        let words = Words::default();
        let [a, b] = [Key::of(&[b"a"]), Key::of(&[b"b"])];
        let (first, second, mut other) = (words.await_word(a), words.await_word(a), words.await_word(b));
        let message = Value::BulkString(Word::Kept.message(&a));
        let channel = Value::BulkString(b"words".to_vec());
        words.hear(&PushInfo { kind: PushKind::Message, data: vec![channel, message] });
        assert_eq!((first.await, second.await), (Ok(Word::Kept), Ok(Word::Kept)));
        assert!(other.try_recv().is_err());
        drop(other);
        words.tidy(&b);
        assert!(words.0.lock().is_empty());
    }
}
