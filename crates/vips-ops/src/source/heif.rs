//! AVIF and other HEIF containers: properties of the primary image, from the boxes of the file.

use super::{
    byte_reader,
    cicp::Cicp,
    isobmff::{Boxes, MAX_BOXES, child},
};
use crate::size::Size;

/// Suffixes of the type of an auxiliary image that is an alpha plane (MIAF, 7.3.5.2).
const ALPHA: &[u8] = b"auxid:1";
const ALPHA_LONG: &[u8] = b"auxiliary:alpha";

/// Types of derived items (ISO/IEC 23008-12, 6.6), and how deep they are followed.
const DERIVED: [[u8; 4]; 4] = [*b"grid", *b"iovl", *b"iden", *b"tmap"];
const MAX_DERIVED: usize = 4;

/// Unit of a mastering display's luminance in cd/m² (ISO/IEC 23008-2, D.3.28).
const MASTERING_UNIT: f64 = 0.0001;

/// Properties of the primary image.
#[derive(Debug, Clone, PartialEq)]
pub struct Container {
    /// Type of the coded item: `av01` for AV1, `hvc1` for HEVC.
    pub codec: Option<[u8; 4]>,
    /// Its size after crop and rotation, if stated.
    pub size: Option<Size>,
    /// Whether there is an alpha plane.
    pub alpha: bool,
    /// Whether colours are premultiplied by alpha.
    pub premultiplied: bool,
    /// Whether there is an ICC profile.
    pub icc: bool,
    /// The colour space as CICP code points.
    pub cicp: Option<Cicp>,
}

/// Parses the container; `None` if it has no `meta` box.
pub fn read(bytes: &[u8]) -> Option<Container> {
    let mut left = MAX_BOXES;
    // skip version and flags of a full box
    let meta = child(bytes, *b"meta", &mut left)?.get(4..)?;
    let items = Items::of(meta, &mut left);
    let primary = primary(meta, &mut left);
    let leaf = primary.map(|item| items.leaf(item));
    let mut found = Container {
        codec: leaf.and_then(|item| items.kind(item)),
        size: None,
        alpha: false,
        premultiplied: primary.is_some_and(|item| items.references(*b"prem", item).next().is_some()),
        icc: false,
        cicp: None,
    };
    if let Some(properties) = child(meta, *b"iprp", &mut left) {
        let container = child(properties, *b"ipco", &mut left).unwrap_or_default();
        let all: Vec<([u8; 4], &[u8])> = Boxes { bytes: container, left: &mut left }.collect();
        let map = child(properties, *b"ipma", &mut left).unwrap_or_default();
        let owned = |item: Option<u32>| item.and_then(|item| associations(map, item)).unwrap_or_default();
        let of_primary = owned(primary);
        found.alpha = all.iter().any(|(name, body)| name == b"auxC" && is_alpha(body));
        found.apply_properties(&all, &of_primary);
        if !found.icc && found.cicp.is_none() && leaf != primary {
            // the tiles of a grid may state what the grid does not
            let mut part = Container { size: None, ..found.clone() };
            part.apply_properties(&all, &owned(leaf));
            (found.icc, found.cicp) = (part.icc, part.cicp);
        }
    }
    Some(found)
}

impl Container {
    /// Applies the properties with these indices, counted from 1; all if there are none.
    fn apply_properties(&mut self, all: &[([u8; 4], &[u8])], owned: &[usize]) {
        let mut peak = None;
        for (index, (name, body)) in all.iter().enumerate() {
            if !owned.is_empty() && !owned.contains(&(index + 1)) {
                continue;
            }
            match (name, self.size) {
                // without associations the largest one applies
                (b"ispe", before) => {
                    let larger = |size: &Size| before.is_none_or(|before| before.pixels() < size.pixels());
                    self.size = extent(body).filter(larger).or(before);
                }
                (b"clap", Some(size)) => self.size = aperture(body).or(Some(size)),
                (b"irot", Some(size)) if byte_reader::byte(body, 0).is_some_and(|turns| turns & 1 == 1) => {
                    self.size = Some(Size { width: size.height, height: size.width });
                }
                (b"colr", _) if body.starts_with(b"prof") || body.starts_with(b"rICC") => self.icc = true,
                (b"colr", _) if body.starts_with(b"nclx") => self.cicp = nclx(body),
                (b"clli", _) => {
                    peak = byte_reader::be16(body, 0).filter(|nits| *nits > 0).map(f64::from).or(peak);
                }
                (b"mdcv", _) => peak = peak.or_else(|| mastering_peak(body)),
                _ => {}
            }
        }
        if let Some(cicp) = &mut self.cicp {
            cicp.peak = peak;
        }
    }
}

/// The code points of an `nclx` colour box. libheif applies matrix and range itself.
fn nclx(body: &[u8]) -> Option<Cicp> {
    Some(Cicp {
        primaries: byte_reader::be16(body, 4)?,
        transfer: byte_reader::be16(body, 6)?,
        full_range: true,
        peak: None,
    })
}

/// The peak luminance of the mastering display, in cd/m².
fn mastering_peak(body: &[u8]) -> Option<f64> {
    // after three primaries and a white point, of two 16-bit numbers each
    byte_reader::be32(body, 16).filter(|peak| *peak > 0).map(|peak| f64::from(peak) * MASTERING_UNIT)
}

/// Width and height of an `ispe` property.
fn extent(body: &[u8]) -> Option<Size> {
    Some(Size { width: byte_reader::be32(body, 4)?, height: byte_reader::be32(body, 8)? })
}

/// Width and height of a clean aperture (`clap`), each a fraction.
fn aperture(body: &[u8]) -> Option<Size> {
    let side = |at| {
        let (above, below) = (byte_reader::be32(body, at)?, byte_reader::be32(body, at + 4)?);
        above.checked_div(below).filter(|side| *side > 0)
    };
    Some(Size { width: side(0)?, height: side(8)? })
}

fn is_alpha(body: &[u8]) -> bool {
    let text = body.get(4..).unwrap_or_default();
    let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
    text.ends_with(ALPHA) || text.ends_with(ALPHA_LONG)
}

/// The identifier of the primary item.
fn primary(meta: &[u8], left: &mut usize) -> Option<u32> {
    let body = child(meta, *b"pitm", left)?;
    if byte_reader::byte(body, 0)? == 0 {
        byte_reader::be16(body, 4).map(u32::from)
    } else {
        byte_reader::be32(body, 4)
    }
}

/// The items of a file, and the references between them.
#[derive(Default)]
struct Items {
    kinds: Vec<(u32, [u8; 4])>,
    references: Vec<([u8; 4], u32, u32)>,
}

impl Items {
    fn of(meta: &[u8], left: &mut usize) -> Self {
        let mut items = Self::default();
        if let Some(body) = child(meta, *b"iinf", left) {
            let head = if byte_reader::byte(body, 0) == Some(0) { 6 } else { 8 };
            let entries = Boxes { bytes: body.get(head..).unwrap_or_default(), left };
            items.kinds =
                entries.filter(|(name, _)| name == b"infe").filter_map(|(_, body)| kind(body)).collect();
        }
        if let Some(body) = child(meta, *b"iref", left) {
            let wide = byte_reader::byte(body, 0) != Some(0);
            for (name, body) in (Boxes { bytes: body.get(4..).unwrap_or_default(), left }) {
                items.refer(name, body, wide);
            }
        }
        items
    }

    fn refer(&mut self, name: [u8; 4], body: &[u8], wide: bool) {
        let width = if wide { 4 } else { 2 };
        let number =
            |at| if wide { byte_reader::be32(body, at) } else { byte_reader::be16(body, at).map(u32::from) };
        let (Some(from), Some(count)) = (number(0), byte_reader::be16(body, width)) else { return };
        let room = MAX_BOXES.saturating_sub(self.references.len());
        let targets = (0..usize::from(count)).map_while(|index| number(width + 2 + index * width));
        self.references.extend(targets.take(room).map(|to| (name, from, to)));
    }

    fn kind(&self, item: u32) -> Option<[u8; 4]> {
        self.kinds.iter().find(|(number, _)| *number == item).map(|(_, kind)| *kind)
    }

    fn references(&self, kind: [u8; 4], item: u32) -> impl Iterator<Item = u32> {
        let of_item = move |(name, from, _): &&([u8; 4], u32, u32)| *name == kind && *from == item;
        self.references.iter().filter(of_item).map(|(_, _, to)| *to)
    }

    /// The item itself, or the first coded item that it is derived from.
    fn leaf(&self, mut item: u32) -> u32 {
        for _ in 0..MAX_DERIVED {
            let derived = self.kind(item).is_some_and(|kind| DERIVED.contains(&kind));
            match self.references(*b"dimg", item).next() {
                Some(part) if derived => item = part,
                _ => break,
            }
        }
        item
    }
}

/// Identifier and type of an item: 16-bit identifiers in version 2, 32-bit in version 3. Older versions state no type.
fn kind(body: &[u8]) -> Option<(u32, [u8; 4])> {
    match byte_reader::byte(body, 0)? {
        2 => Some((byte_reader::be16(body, 4)?.into(), byte_reader::array(body, 8)?)),
        3 => Some((byte_reader::be32(body, 4)?, byte_reader::array(body, 10)?)),
        _ => None,
    }
}

/// The property indices of an item, counted from 1.
fn associations(body: &[u8], wanted: u32) -> Option<Vec<usize>> {
    let (version, wide) = (byte_reader::byte(body, 0)?, byte_reader::byte(body, 3)? & 1 == 1);
    let count = byte_reader::be32(body, 4)?;
    let mut at = 8;
    for _ in 0..count.min(MAX_BOXES as u32) {
        let item =
            if version == 0 { byte_reader::be16(body, at)?.into() } else { byte_reader::be32(body, at)? };
        at += if version == 0 { 2 } else { 4 };
        let indices = usize::from(byte_reader::byte(body, at)?);
        at += 1;
        let step = if wide { 2 } else { 1 };
        if item == wanted {
            // the highest bit marks an essential property
            let index = |number: usize| {
                let at = at + number * step;
                let wide_index = byte_reader::be16(body, at).map(|index| usize::from(index & 0x7fff));
                if wide {
                    wide_index
                } else {
                    byte_reader::byte(body, at).map(|index| usize::from(index & 0x7f))
                }
            };
            return (0..indices).map(index).collect();
        }
        at += indices * step;
    }
    None
}
