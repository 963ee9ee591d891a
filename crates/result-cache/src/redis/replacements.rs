//! Messages to other nodes that an entry was replaced, so that they do not go on using their copies of the previous one.
//!
//! They are published on the channel of the [notifications](super::notifications). A message may be lost: the copies then stay
//! until they expire, are purged or are evicted.

use std::hash::{BuildHasher, RandomState};

use parking_lot::Mutex;
use redis::{PushInfo, PushKind, Value, cmd};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::client::Client;
use crate::Key;

/// The byte after the key, by which these messages are distinguished from others on the channel.
const CODE: u8 = b'r';

/// The replacements that other nodes report, and the name of this node, which does not listen to itself.
#[derive(Debug)]
pub(super) struct Replacements {
    node: String,
    listeners: Mutex<Vec<UnboundedSender<Key>>>,
}

impl Default for Replacements {
    fn default() -> Self {
        Self { node: format!("{:016x}", RandomState::new().hash_one(())), listeners: Mutex::default() }
    }
}

impl Replacements {
    /// The keys that other nodes replace from now on.
    pub(super) fn subscribe(&self) -> UnboundedReceiver<Key> {
        let (sender, receiver) = unbounded_channel();
        self.listeners.lock().push(sender);
        receiver
    }

    fn message(&self, key: &Key) -> Vec<u8> {
        [&key.as_bytes()[..], &[CODE], self.node.as_bytes()].concat()
    }

    /// The key that another node has replaced.
    fn parse(&self, message: &[u8]) -> Option<Key> {
        let (key, rest) = message.split_first_chunk::<{ Key::LEN }>()?;
        let node = rest.strip_prefix(&[CODE])?;
        (node.len() == self.node.len() && node != self.node.as_bytes()).then(|| Key::from(*key))
    }

    /// Dispatches a published message to the listeners.
    pub(super) fn dispatch(&self, push: &PushInfo) {
        if push.kind != PushKind::Message {
            return;
        }
        let Some(Value::BulkString(message)) = push.data.get(1) else { return };
        if let Some(key) = self.parse(message) {
            self.listeners.lock().retain(|listener| listener.send(key).is_ok());
        }
    }
}

/// Tells other nodes that the entry under the key was replaced.
pub(super) async fn announce(client: &Client, key: &Key) {
    let mut tell = cmd("PUBLISH");
    tell.arg(client.keyspace.notifications()).arg(client.replacements.message(key));
    if let Err(error) = client.request(&tell).await {
        tracing::debug!(reason = %error, "other nodes were not told of a replaced entry");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(message: Vec<u8>) -> PushInfo {
        let channel = Value::BulkString(b"words".to_vec());
        PushInfo { kind: PushKind::Message, data: vec![channel, Value::BulkString(message)] }
    }

    #[test]
    fn a_node_hears_of_what_others_replace() {
        let (own, other) = (Replacements::default(), Replacements::default());
        let mut listener = own.subscribe();
        let key = Key::from_parts(&[b"a"]);
        for junk in [own.message(&key), vec![], vec![CODE; 33], [key.as_bytes(), &b"k"[..]].concat()] {
            own.dispatch(&push(junk));
        }
        assert!(listener.try_recv().is_err());
        own.dispatch(&push(other.message(&key)));
        assert_eq!(listener.try_recv(), Ok(key));
        drop(listener);
        own.dispatch(&push(other.message(&key)));
        assert!(own.listeners.lock().is_empty());
    }
}
