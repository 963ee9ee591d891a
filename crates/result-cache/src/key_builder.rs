//! Builds keys from named fields, so that no key depends on the name of a Rust type or on its `Debug` text.

use crate::{Generation, Key};

/// Builds a [`Key`] from a kind and named fields.
///
/// The key changes with the kind, with each name, with each value and with the order of fields. All of them are explicit:
/// renaming a struct, a variant or a private field changes no key.
///
/// ```
/// use result_cache::KeyBuilder;
///
/// let key = |width: u32| KeyBuilder::new("result").field("width", &width).field("format", "webp").finish();
/// assert_eq!(key(300), key(300));
/// assert_ne!(key(300), key(301));
/// ```
#[derive(Debug, Clone)]
pub struct KeyBuilder {
    bytes: Vec<u8>,
}

/// A value that can be a field of a key.
///
/// Equal values must give equal bytes in every release: these bytes are part of what is stored. All integers give the same
/// bytes as the same number in a `u64`, so that widening a type changes no key; the same holds for `f32` and `f64`.
pub trait Fingerprint {
    /// Appends the bytes that stand for the value. Lengths are the builder's business.
    fn fingerprint(&self, out: &mut Vec<u8>);
}

impl KeyBuilder {
    /// A key of this kind. Keys of different kinds never coincide, whatever their fields are.
    pub fn new(kind: &str) -> Self {
        Self { bytes: Vec::with_capacity(256) }.length_prefixed(|bytes| bytes.extend(kind.as_bytes()))
    }

    /// Adds a field. Its name and its value are each preceded by their length.
    #[must_use]
    pub fn field(self, name: &str, value: &(impl Fingerprint + ?Sized)) -> Self {
        self.length_prefixed(|bytes| bytes.extend(name.as_bytes()))
            .length_prefixed(|bytes| value.fingerprint(bytes))
    }

    /// The key of all that was added.
    pub fn finish(self) -> Key {
        Key::hash(&self.bytes)
    }

    fn length_prefixed(mut self, write: impl FnOnce(&mut Vec<u8>)) -> Self {
        let start = self.bytes.len();
        self.bytes.extend([0; 8]);
        write(&mut self.bytes);
        let length = (self.bytes.len() - start - 8) as u64;
        self.bytes[start..start + 8].copy_from_slice(&length.to_le_bytes());
        self
    }
}

impl Fingerprint for str {
    fn fingerprint(&self, out: &mut Vec<u8>) {
        out.extend(self.as_bytes());
    }
}

impl Fingerprint for String {
    fn fingerprint(&self, out: &mut Vec<u8>) {
        self.as_str().fingerprint(out);
    }
}

impl Fingerprint for u64 {
    fn fingerprint(&self, out: &mut Vec<u8>) {
        out.extend(self.to_le_bytes());
    }
}

impl Fingerprint for u32 {
    fn fingerprint(&self, out: &mut Vec<u8>) {
        u64::from(*self).fingerprint(out);
    }
}

impl Fingerprint for u8 {
    fn fingerprint(&self, out: &mut Vec<u8>) {
        u64::from(*self).fingerprint(out);
    }
}

impl Fingerprint for bool {
    fn fingerprint(&self, out: &mut Vec<u8>) {
        u64::from(*self).fingerprint(out);
    }
}

impl Fingerprint for f64 {
    fn fingerprint(&self, out: &mut Vec<u8>) {
        out.extend(self.to_bits().to_le_bytes());
    }
}

impl Fingerprint for f32 {
    fn fingerprint(&self, out: &mut Vec<u8>) {
        f64::from(*self).fingerprint(out);
    }
}

impl Fingerprint for Key {
    fn fingerprint(&self, out: &mut Vec<u8>) {
        out.extend(self.as_bytes());
    }
}

impl Fingerprint for Generation {
    fn fingerprint(&self, out: &mut Vec<u8>) {
        out.extend(self.to_bytes());
    }
}

/// The elements one after the other: elements of one type have one length.
impl<const N: usize> Fingerprint for [f64; N] {
    fn fingerprint(&self, out: &mut Vec<u8>) {
        for value in self {
            value.fingerprint(out);
        }
    }
}

/// No bytes if there is no value, else a byte and the value.
impl<T: Fingerprint> Fingerprint for Option<T> {
    fn fingerprint(&self, out: &mut Vec<u8>) {
        if let Some(value) = self {
            out.push(1);
            value.fingerprint(out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kind: &str, fields: &[(&str, &str)]) -> Key {
        let add = |builder: KeyBuilder, (name, value): &(&str, &str)| builder.field(name, *value);
        fields.iter().fold(KeyBuilder::new(kind), add).finish()
    }

    #[test]
    fn kind_names_values_and_order_all_count() {
        let keys = [
            key("a", &[]),
            key("b", &[]),
            key("a", &[("", "")]),
            key("a", &[("b", "c")]),
            key("a", &[("bc", "")]),
            key("a", &[("", "bc")]),
            key("a", &[("b", "c"), ("d", "e")]),
            key("a", &[("d", "e"), ("b", "c")]),
            key("ab", &[("c", "")]),
        ];
        for (index, one) in keys.iter().enumerate() {
            assert!(!keys[index + 1..].contains(one), "{index}");
        }
    }

    #[test]
    fn a_wider_type_gives_the_same_key() {
        let builder = || KeyBuilder::new("kind");
        let wide = builder().field("n", &7_u64).finish();
        assert_eq!(builder().field("n", &7_u32).finish(), wide);
        assert_eq!(builder().field("n", &7_u8).finish(), wide);
        assert_eq!(builder().field("f", &0.5_f32).finish(), builder().field("f", &0.5_f64).finish());
    }

    #[test]
    fn an_absent_value_is_none_of_the_present_ones() {
        let optional = |value: Option<u64>| KeyBuilder::new("kind").field("n", &value).finish();
        assert_ne!(optional(None), optional(Some(0)));
        assert_ne!(optional(Some(0)), optional(Some(1)));
    }

    #[test]
    fn keys_are_the_same_in_every_release() {
        // a changed value empties every cache on upgrade: raise the schema of the keys instead
        let key = KeyBuilder::new("result").field("query", "width=300").field("webp", &true).finish();
        assert_eq!(key.to_string(), "24cb874cb46acc2db32971454b1ce5a384df1aaa151a56415e40af622c0ff375");
    }
}
