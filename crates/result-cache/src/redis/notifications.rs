//! Notifications between nodes about work that other nodes wait for.

use std::collections::HashMap;

use parking_lot::Mutex;
use redis::{PushInfo, PushKind, Value};
use tokio::sync::oneshot;

use crate::Key;

/// What has become of the work of another node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notification {
    /// The result is in the cache.
    Stored,
    /// The result is not shared: do the work yourself.
    NotShared,
}

impl Notification {
    const fn code(self) -> u8 {
        match self {
            Self::Stored => b'k',
            Self::NotShared => b'u',
        }
    }

    /// The message that carries this for a key.
    pub(super) fn message(self, key: &Key) -> Vec<u8> {
        let mut message = key.as_bytes().to_vec();
        message.push(self.code());
        message
    }

    fn parse(message: &[u8]) -> Option<(Key, Self)> {
        let (key, code) = message.split_first_chunk::<{ Key::LEN }>()?;
        let notification =
            [Self::Stored, Self::NotShared].into_iter().find(|notification| [notification.code()] == code)?;
        Some((Key::from(*key), notification))
    }
}

/// The callers on this node that wait for notifications.
#[derive(Debug, Default)]
pub(super) struct Notifications(Mutex<HashMap<Key, Vec<oneshot::Sender<Notification>>>>);

impl Notifications {
    /// Subscribes to notifications for this key.
    pub(super) fn subscribe(&self, key: Key) -> oneshot::Receiver<Notification> {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.0.lock();
        let senders = waiting.entry(key).or_default();
        senders.retain(|sender| !sender.is_closed());
        senders.push(sender);
        receiver
    }

    /// Forgets the key, unless a caller still waits.
    pub(super) fn remove_closed(&self, key: &Key) {
        let mut waiting = self.0.lock();
        if waiting.get(key).is_some_and(|senders| senders.iter().all(oneshot::Sender::is_closed)) {
            waiting.remove(key);
        }
    }

    /// Dispatches a published message to its subscribers.
    pub(super) fn dispatch(&self, push: &PushInfo) {
        if push.kind != PushKind::Message {
            return;
        }
        let Some(Value::BulkString(message)) = push.data.get(1) else { return };
        let Some((key, notification)) = Notification::parse(message) else { return };
        for sender in self.0.lock().remove(&key).unwrap_or_default() {
            // the caller may be gone
            let _ = sender.send(notification);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_round_trip() {
        let key = Key::from_parts(&[b"a"]);
        for notification in [Notification::Stored, Notification::NotShared] {
            assert_eq!(Notification::parse(&notification.message(&key)), Some((key, notification)));
        }
        for junk in [&b""[..], b"k", &[0; 32], &[0; 33], &[b'k'; 34]] {
            assert_eq!(Notification::parse(junk), None, "{junk:?}");
        }
    }

    #[tokio::test]
    async fn a_notification_reaches_all_subscribers_of_its_key_only() {
        let notifications = Notifications::default();
        let [a, b] = [Key::from_parts(&[b"a"]), Key::from_parts(&[b"b"])];
        let (first, second, mut other) =
            (notifications.subscribe(a), notifications.subscribe(a), notifications.subscribe(b));
        let message = Value::BulkString(Notification::Stored.message(&a));
        let channel = Value::BulkString(b"words".to_vec());
        notifications.dispatch(&PushInfo { kind: PushKind::Message, data: vec![channel, message] });
        assert_eq!((first.await, second.await), (Ok(Notification::Stored), Ok(Notification::Stored)));
        assert!(other.try_recv().is_err());
        drop(other);
        notifications.remove_closed(&b);
        assert!(notifications.0.lock().is_empty());
    }
}
