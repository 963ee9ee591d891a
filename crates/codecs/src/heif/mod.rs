//! The container of AVIF and HEIF (ISO/IEC 23008-12): items, references between them, their properties and their data.
//!
//! It is read from untrusted bytes: what is missing or beyond the end is `None`, and the number of boxes, references and
//! extents that are visited is bounded.

mod boxes;
mod geometry;
mod location;
#[cfg(test)]
pub(crate) mod tests;

use std::borrow::Cow;

use boxes::{Boxes, MAX_BOXES, child, number};
pub use geometry::Geometry;

/// Types of derived items (ISO/IEC 23008-12, 6.6), and how deep they are followed.
const DERIVED: [[u8; 4]; 4] = [*b"grid", *b"iovl", *b"iden", *b"tmap"];
const MAX_DERIVED: usize = 4;

/// Types of an auxiliary image that is an alpha plane end with one of these (MIAF, 7.3.5.2).
const ALPHA: [&[u8]; 2] = [b"auxid:1", b"auxiliary:alpha"];

/// The `meta` box of a file.
pub struct File<'a> {
    bytes: &'a [u8],
    primary: Option<u32>,
    kinds: Vec<(u32, [u8; 4])>,
    references: Vec<([u8; 4], u32, u32)>,
    properties: Vec<Property<'a>>,
    /// The bodies of `ipma`, `iloc` and `idat`.
    associations: &'a [u8],
    locations: &'a [u8],
    data: &'a [u8],
}

/// A property of items: its type and its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Property<'a> {
    /// The type of its box.
    pub kind: [u8; 4],
    /// The content of its box.
    pub body: &'a [u8],
}

impl Property<'_> {
    /// Whether this is an auxiliary type (`auxC`) that makes an item an alpha plane.
    pub fn is_alpha(&self) -> bool {
        let text = self.body.get(4..).unwrap_or_default();
        let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
        self.kind == *b"auxC" && ALPHA.iter().any(|end| text.ends_with(end))
    }

    /// Width and height stated by an `ispe`.
    pub fn extent(&self) -> Option<(u32, u32)> {
        let side = |at| number(self.body, at, 4).map(|side| side as u32);
        if self.kind == *b"ispe" { Some((side(4)?, side(8)?)) } else { None }
    }
}

impl<'a> File<'a> {
    /// Parses the container; `None` if it has no `meta` box.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut left = MAX_BOXES;
        // a full box begins with version and flags
        let meta = child(bytes, *b"meta", &mut left)?.get(4..)?;
        let mut file = Self {
            bytes,
            primary: None,
            kinds: Vec::new(),
            references: Vec::new(),
            properties: Vec::new(),
            associations: &[],
            locations: &[],
            data: &[],
        };
        let mut seen = Vec::new();
        for (name, body) in (Boxes { bytes: meta, left: &mut left }) {
            // of each type the first counts
            if !seen.contains(&name) {
                seen.push(name);
                file.add(name, body);
            }
        }
        Some(file)
    }

    fn add(&mut self, name: [u8; 4], body: &'a [u8]) {
        let mut left = MAX_BOXES;
        let version = body.first().copied().unwrap_or_default();
        let after = |head: usize| body.get(head..).unwrap_or_default();
        match &name {
            b"pitm" => {
                self.primary = number(body, 4, if version == 0 { 2 } else { 4 }).map(|item| item as u32);
            }
            b"iinf" => {
                let head = if version == 0 { 6 } else { 8 };
                let entries = Boxes { bytes: after(head), left: &mut left };
                self.kinds =
                    entries.filter(|(name, _)| name == b"infe").filter_map(|(_, body)| kind(body)).collect();
            }
            b"iref" => {
                for (name, body) in (Boxes { bytes: after(4), left: &mut left }) {
                    self.refer(name, body, version != 0);
                }
            }
            b"iprp" => {
                let container = child(body, *b"ipco", &mut left).unwrap_or_default();
                let all = Boxes { bytes: container, left: &mut left };
                self.properties = all.map(|(kind, body)| Property { kind, body }).collect();
                self.associations = child(body, *b"ipma", &mut left).unwrap_or_default();
            }
            b"iloc" => self.locations = body,
            b"idat" => self.data = body,
            _ => {}
        }
    }

    fn refer(&mut self, name: [u8; 4], body: &[u8], wide: bool) {
        let width = if wide { 4 } else { 2 };
        let item = |at| number(body, at, width).map(|item| item as u32);
        let (Some(from), Some(count)) = (item(0), number(body, width, 2)) else { return };
        let room = MAX_BOXES.saturating_sub(self.references.len());
        let targets = (0..count as usize).map_while(|index| item(width + 2 + index * width));
        self.references.extend(targets.take(room).map(|to| (name, from, to)));
    }

    /// The primary item.
    pub fn primary(&self) -> Option<u32> {
        self.primary
    }

    /// The type of an item, `av01` for an AV1 image.
    pub fn kind(&self, item: u32) -> Option<[u8; 4]> {
        self.kinds.iter().find(|(number, _)| *number == item).map(|(_, kind)| *kind)
    }

    /// The items that an item refers to by references of a type.
    pub fn references(&self, kind: [u8; 4], item: u32) -> impl Iterator<Item = u32> {
        let of_item = move |(name, from, _): &&([u8; 4], u32, u32)| *name == kind && *from == item;
        self.references.iter().filter(of_item).map(|(_, _, to)| *to)
    }

    /// The items that refer to an item by references of a type.
    pub fn referring(&self, kind: [u8; 4], item: u32) -> impl Iterator<Item = u32> {
        let to_item = move |(name, _, to): &&([u8; 4], u32, u32)| *name == kind && *to == item;
        self.references.iter().filter(to_item).map(|(_, from, _)| *from)
    }

    /// The item itself, or the first coded item that it is derived from.
    pub fn leaf(&self, mut item: u32) -> u32 {
        for _ in 0..MAX_DERIVED {
            let derived = self.kind(item).is_some_and(|kind| DERIVED.contains(&kind));
            match self.references(*b"dimg", item).next() {
                Some(part) if derived => item = part,
                _ => break,
            }
        }
        item
    }

    /// The properties of all items.
    pub fn properties(&self) -> &[Property<'a>] {
        &self.properties
    }

    /// The properties of an item in the order in which they apply; all properties if nothing is associated with it.
    pub fn properties_of(&self, item: Option<u32>) -> Vec<Property<'a>> {
        let owned = item.and_then(|item| self.associated(item)).unwrap_or_default();
        if owned.is_empty() {
            return self.properties.clone();
        }
        let property = |index: &usize| self.properties.get(index.checked_sub(1)?).copied();
        owned.iter().filter_map(property).collect()
    }

    /// The indices of an item's properties, counted from 1 (`ipma`).
    fn associated(&self, wanted: u32) -> Option<Vec<usize>> {
        let body = self.associations;
        let (version, wide) = (*body.first()?, body.get(3)? & 1 == 1);
        let id_width = if version == 0 { 2 } else { 4 };
        let (step, mask) = if wide { (2, 0x7fff) } else { (1, 0x7f) };
        let count = number(body, 4, 4)?;
        let mut at = 8;
        for _ in 0..count.min(MAX_BOXES as u64) {
            let item = number(body, at, id_width)?;
            let indices = number(body, at + id_width, 1)? as usize;
            at += id_width + 1;
            if item == u64::from(wanted) {
                // the highest bit marks an essential property
                let index = |index| number(body, at + index * step, step).map(|index| index as usize & mask);
                return (0..indices).map(index).collect();
            }
            at += indices * step;
        }
        None
    }

    /// The data of an item, if it is in the file completely: by offsets in the file, or in the `idat` box.
    pub fn data(&self, item: u32) -> Option<Cow<'a, [u8]>> {
        let location = location::find(self.locations, item)?;
        let whole = match location.method {
            location::Method::File => self.bytes,
            location::Method::Idat => self.data,
        };
        location.read(whole)
    }
}

/// Identifier and type of an item: 16-bit identifiers in version 2, 32-bit in version 3. Older versions state no type.
fn kind(body: &[u8]) -> Option<(u32, [u8; 4])> {
    let width = match body.first()? {
        2 => 2,
        3 => 4,
        _ => return None,
    };
    Some((number(body, 4, width)? as u32, *body.get(6 + width..)?.first_chunk()?))
}
