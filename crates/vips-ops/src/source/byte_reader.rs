//! Bounds-checked reads from untrusted bytes.

/// The `N` bytes at an offset; nothing beyond the end.
pub fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

/// A byte.
pub fn byte(bytes: &[u8], at: usize) -> Option<u8> {
    bytes.get(at).copied()
}

/// 16 bits, most significant byte first.
pub fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_be_bytes)
}

/// 32 bits, most significant byte first.
pub fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_be_bytes)
}

/// 16 bits, least significant byte first.
pub fn le16(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_le_bytes)
}

/// 32 bits, least significant byte first.
pub fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_le_bytes)
}

/// 24 bits, least significant byte first.
pub fn le24(bytes: &[u8], at: usize) -> Option<u32> {
    let [a, b, c] = array(bytes, at)?;
    Some(u32::from_le_bytes([a, b, c, 0]))
}

/// The bytes from an offset, as many as there are of `length`; none if the offset lies beyond the end.
pub fn part(bytes: &[u8], at: usize, length: usize) -> &[u8] {
    let end = at.saturating_add(length).min(bytes.len());
    bytes.get(at..end).unwrap_or_default()
}
