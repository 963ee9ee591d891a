//! Decodes that several tasks share: one task decodes, those that would decode the same original in the same way wait for its
//! pixels. It has no clock, threads or locks of its own.
//!
//! ```text
//!                 starts, others wait                 has decoded
//!   nothing ───────────────────────────► decoding ─────────────────► ready ──► others start with the pixels
//!      ▲                                    │ cannot, or ended
//!      │ last task of the original left     └──────────────────────► apart ──► others decode for themselves
//!      └──────────────────────────────────────────────────────────────┘
//! ```

use std::{collections::BTreeMap, time::Duration};

/// The part of the renders' memory (1/4) that shared pixels may take. The rest always suffices for a task that uses them.
const SHARE: u64 = 4;

/// What tasks have in common that share a decode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DecodeKey {
    /// Address and length of the original in memory. All tasks hold it, so no other original is there.
    pub original: (usize, usize),
    /// The divisor of shrink-on-load.
    pub shrink: u8,
    /// Width and height of the decoded image in pixels.
    pub size: (u32, u32),
}

/// The decode of a task, as predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SharedDecode {
    /// Tasks with the same key share it.
    pub key: DecodeKey,
    /// Its part of the predicted time, uncorrected.
    pub cpu: Duration,
    /// The size of the pixels in bytes.
    pub bytes: u64,
    /// Whether more tasks are about to come that may have the same key.
    pub is_expected: bool,
}

/// The part of a task in the decode of its original.
#[derive(Debug, Clone)]
pub enum Role<P> {
    /// It decodes for itself.
    Alone,
    /// It decodes for others too, which wait for that.
    Provider,
    /// It uses these pixels.
    Reuser(P),
}

/// All shared decodes. `P` are pixels.
#[derive(Debug)]
pub struct Decodes<P> {
    groups: BTreeMap<DecodeKey, Group<P>>,
    /// Bytes that all pixels together may take.
    limit: u64,
    reused: u64,
}

/// The tasks with one key.
#[derive(Debug)]
struct Group<P> {
    waiting: usize,
    running: usize,
    bytes: u64,
    state: State<P>,
}

#[derive(Debug)]
enum State<P> {
    /// No task has begun to decode for others.
    Nothing,
    /// The task of this number decodes.
    Decoding(u64),
    /// It has decoded.
    Ready(P),
    /// It could not decode for others: each decodes for itself.
    Apart,
}

impl<P: Clone> Decodes<P> {
    /// No decodes. `memory` is what all renders together may take, in bytes.
    pub fn new(memory: u64) -> Self {
        Self { groups: BTreeMap::new(), limit: memory / SHARE, reused: 0 }
    }

    /// Whether a task that takes so many bytes may share this decode.
    pub fn may_share(&self, decode: SharedDecode, bytes: u64) -> bool {
        decode.bytes <= self.limit && bytes <= self.limit.saturating_mul(SHARE - 1)
    }

    /// A task waits for its start.
    pub fn enter(&mut self, decode: SharedDecode) {
        let SharedDecode { key, bytes, .. } = decode;
        let nothing = || Group { waiting: 0, running: 0, bytes, state: State::Nothing };
        self.groups.entry(key).or_insert_with(nothing).waiting += 1;
    }

    /// A waiting task has left. Returns pixels that nobody needs any more.
    pub fn leave(&mut self, decode: SharedDecode) -> Option<P> {
        self.groups.get_mut(&decode.key)?.waiting -= 1;
        self.cleaned(decode.key)
    }

    /// Whether a waiting task should wait on, for pixels that are being decoded.
    pub fn holds(&self, decode: Option<SharedDecode>) -> bool {
        self.state(decode).is_some_and(|state| matches!(state, State::Decoding(_)))
    }

    /// Whether a waiting task would use pixels that are in memory.
    pub fn is_ready(&self, decode: Option<SharedDecode>) -> bool {
        self.state(decode).is_some_and(|state| matches!(state, State::Ready(_)))
    }

    /// Starts the waiting task `number`, while `free` bytes of memory are free beside its own. It provides pixels if others
    /// with its key wait, run or are expected.
    pub fn start(&mut self, decode: SharedDecode, number: u64, free: u64) -> Role<P> {
        let is_room = decode.bytes <= free.min(self.limit.saturating_sub(self.bytes()));
        let Some(group) = self.groups.get_mut(&decode.key) else { return Role::Alone };
        let others = group.waiting - 1 + group.running;
        group.waiting -= 1;
        group.running += 1;
        match &group.state {
            State::Ready(pixels) => {
                self.reused += 1;
                Role::Reuser(pixels.clone())
            }
            State::Nothing if is_room && (others > 0 || decode.is_expected) => {
                group.state = State::Decoding(number);
                Role::Provider
            }
            _ => Role::Alone,
        }
    }

    /// The task `number` has decoded, or cannot. Without tasks that wait for them the pixels are not kept.
    pub fn publish(&mut self, key: DecodeKey, number: u64, pixels: Option<P>) {
        let Some(group) = self.groups.get_mut(&key) else { return };
        if !matches!(group.state, State::Decoding(by) if by == number) {
            return;
        }
        group.state = match pixels {
            None => State::Apart,
            Some(_) if group.waiting == 0 => State::Nothing,
            Some(pixels) => State::Ready(pixels),
        };
    }

    /// Whether tasks wait for the task `number` to decode.
    pub fn is_awaited(&self, key: DecodeKey, number: u64) -> bool {
        let awaits = |group: &Group<P>| {
            group.waiting > 0 && matches!(group.state, State::Decoding(by) if by == number)
        };
        self.groups.get(&key).is_some_and(awaits)
    }

    /// The task `number` has ended. Returns pixels that nobody needs any more.
    pub fn end(&mut self, decode: SharedDecode, number: u64) -> Option<P> {
        self.publish(decode.key, number, None);
        self.groups.get_mut(&decode.key)?.running -= 1;
        self.cleaned(decode.key)
    }

    /// Bytes of all pixels that are in memory or being decoded into it.
    pub fn bytes(&self) -> u64 {
        let is_held = |group: &&Group<P>| matches!(group.state, State::Decoding(_) | State::Ready(_));
        self.groups.values().filter(is_held).map(|group| group.bytes).sum()
    }

    /// How many tasks have used pixels that another one decoded.
    pub fn reused(&self) -> u64 {
        self.reused
    }

    fn state(&self, decode: Option<SharedDecode>) -> Option<&State<P>> {
        Some(&self.groups.get(&decode?.key)?.state)
    }

    /// Forgets a key without tasks.
    fn cleaned(&mut self, key: DecodeKey) -> Option<P> {
        let is_empty = |group: &Group<P>| group.waiting + group.running == 0;
        if !self.groups.get(&key).is_some_and(is_empty) {
            return None;
        }
        match self.groups.remove(&key)?.state {
            State::Ready(pixels) => Some(pixels),
            State::Nothing | State::Decoding(_) | State::Apart => None,
        }
    }
}
