//! Cache keys: a hash over everything that distinguishes one cached value from another.

use std::fmt;

/// A cache key: 32 bytes of BLAKE3. It is displayed as 64 hexadecimal digits; a precision shortens it.
///
/// Equal input gives equal keys on every node and in every release. [`KeyBuilder`](crate::KeyBuilder) makes keys of named
/// fields.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key([u8; Self::LEN]);

impl Key {
    /// Length of a key in bytes.
    pub const LEN: usize = blake3::OUT_LEN;

    /// Hashes the parts, each preceded by its length: moving a byte from one part to the next, or adding an empty part, gives
    /// another key.
    pub fn from_parts(parts: &[&[u8]]) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Self(*hasher.finalize().as_bytes())
    }

    /// Hashes the bytes as they are.
    pub(crate) fn hash(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// The bytes of the key.
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl From<[u8; Key::LEN]> for Key {
    fn from(bytes: [u8; Key::LEN]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parts_are_separated() {
        let keys = [
            Key::from_parts(&[]),
            Key::from_parts(&[b""]),
            Key::from_parts(&[b"", b""]),
            Key::from_parts(&[b"ab", b"c"]),
            Key::from_parts(&[b"a", b"bc"]),
            Key::from_parts(&[b"abc"]),
            Key::from_parts(&[b"c", b"ab"]),
        ];
        for (i, a) in keys.iter().enumerate() {
            for b in &keys[i + 1..] {
                assert_ne!(a, b);
            }
        }
    }

    #[test]
    fn keys_are_the_same_in_every_release() {
        // a changed value empties every cache on upgrade: raise the schema of the keys instead
        let key = Key::from_parts(&[b"pixmill", b"width=300"]);
        assert_eq!(key.to_string(), "fc3a6d7ee9208914aa4122b4fb957732dcc5511665820fa745cc344bac4cb833");
    }

    proptest! {
        #[test]
        fn equal_parts_give_equal_keys_and_hex_shows_the_bytes(a: Vec<u8>, b: Vec<u8>) {
            let key = Key::from_parts(&[&a, &b]);
            prop_assert_eq!(key, Key::from_parts(&[&a, &b]));
            prop_assert_eq!(key, Key::from(*key.as_bytes()));
            for (n, byte) in key.as_bytes().iter().enumerate() {
                prop_assert_eq!(&key.to_string()[2 * n..2 * n + 2], format!("{byte:02x}"));
            }
        }
    }
}
