//! Where the data of an item is: the box `iloc` (ISO/IEC 14496-12, 8.11.3).

use std::borrow::Cow;

use super::boxes::{MAX_BOXES, number};

/// What offsets count from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// The begin of the file.
    File,
    /// The begin of the `idat` box.
    Idat,
}

/// Where the data of an item is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Location {
    pub method: Method,
    /// Offsets and lengths.
    extents: Vec<(u64, u64)>,
}

/// A reader of consecutive numbers.
struct Numbers<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Numbers<'_> {
    fn next(&mut self, width: usize) -> Option<u64> {
        let found = number(self.bytes, self.at, width)?;
        self.at += width;
        Some(found)
    }
}

/// The location of an item. `None` if there is none, or if it is in another file or in another item.
pub(super) fn find(body: &[u8], wanted: u32) -> Option<Location> {
    let version = *body.first()?;
    if version > 2 {
        return None;
    }
    let sizes = number(body, 4, 2)? as usize;
    let [offset, length, base, index] = [sizes >> 12 & 15, sizes >> 8 & 15, sizes >> 4 & 15, sizes & 15];
    if [offset, length, base, index].iter().any(|width| !matches!(width, 0 | 4 | 8)) {
        return None;
    }
    let index = if version == 0 { 0 } else { index };
    let mut numbers = Numbers { bytes: body, at: 6 };
    let id_width = if version == 2 { 4 } else { 2 };
    let items = numbers.next(id_width)?;
    let mut extents_left = MAX_BOXES;
    for _ in 0..items.min(MAX_BOXES as u64) {
        let item = numbers.next(id_width)?;
        let method = if version == 0 { 0 } else { numbers.next(2)? & 15 };
        let other_file = numbers.next(2)? != 0;
        let start = numbers.next(base)?;
        let count = numbers.next(2)? as usize;
        extents_left = extents_left.checked_sub(count)?;
        if item != u64::from(wanted) {
            numbers.at += count * (index + offset + length);
            continue;
        }
        let mut extent = || {
            numbers.next(index)?;
            Some((start.checked_add(numbers.next(offset)?)?, numbers.next(length)?))
        };
        let extents = (0..count).map(|_| extent()).collect::<Option<Vec<_>>>()?;
        let method = match method {
            0 => Method::File,
            1 => Method::Idat,
            _ => return None,
        };
        return (!other_file).then_some(Location { method, extents });
    }
    None
}

impl Location {
    /// The data, of which every part is in `whole`. Refused are extents without a length, which extend to an end that
    /// readers understand differently, and ones that overlap so much that the data would be larger than what it is read
    /// from.
    pub(super) fn read<'a>(&self, whole: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        let part = |(offset, length): &(u64, u64)| {
            let from = usize::try_from(*offset).ok()?;
            let length = usize::try_from(*length).ok().filter(|length| *length > 0)?;
            whole.get(from..from.checked_add(length)?)
        };
        if let [extent] = self.extents.as_slice() {
            return part(extent).map(Cow::Borrowed);
        }
        let mut data = Vec::new();
        for extent in &self.extents {
            let part = part(extent)?;
            if data.len() + part.len() > whole.len() {
                return None;
            }
            data.extend_from_slice(part);
        }
        (!data.is_empty()).then_some(Cow::Owned(data))
    }
}
