//! Counts the builds in progress by original: several at once, as for the sizes of a responsive image, share the decode.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use parking_lot::Mutex;

/// The number of builds in progress by the name of their original.
#[derive(Debug, Default)]
pub struct Companions(Mutex<HashMap<String, usize>>);

/// A build in progress; it counts until this is dropped.
#[derive(Debug)]
pub struct Companion {
    all: Arc<Companions>,
    identity: String,
}

impl Companions {
    /// Counts a build of a variant of this original.
    pub fn enter(self: &Arc<Self>, identity: &str) -> Companion {
        *self.0.lock().entry(identity.to_owned()).or_default() += 1;
        Companion { all: Arc::clone(self), identity: identity.to_owned() }
    }

    /// Whether several variants of this original are being built.
    pub fn are_several(&self, identity: &str) -> bool {
        self.0.lock().get(identity).is_some_and(|builds| *builds > 1)
    }
}

impl Drop for Companion {
    fn drop(&mut self) {
        let mut all = self.all.0.lock();
        if let Entry::Occupied(mut builds) = all.entry(std::mem::take(&mut self.identity)) {
            *builds.get_mut() -= 1;
            if *builds.get() == 0 {
                builds.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_count_until_they_end() {
        let all = Arc::new(Companions::default());
        let first = all.enter("a");
        let other = all.enter("b");
        assert!(!all.are_several("a") && !all.are_several("c"));
        let second = all.enter("a");
        assert!(all.are_several("a") && !all.are_several("b"));
        drop(first);
        assert!(!all.are_several("a"));
        drop((second, other));
        assert!(all.0.lock().is_empty());
    }
}
