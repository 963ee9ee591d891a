//! AVIF and other HEIF containers: properties of the primary image, from the boxes of the file.

use codecs::heif::{File, Property};

use super::{byte_reader, cicp::Cicp};
use crate::size::Size;

/// Unit of a mastering display's luminance in cd/m² (ISO/IEC 23008-2, D.3.28).
const MASTERING_UNIT: f64 = 0.0001;

/// Properties of the primary image.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "facts that do not depend on each other")]
pub struct Container {
    /// Type of the coded item: `av01` for AV1, `hvc1` for HEVC.
    pub codec: Option<[u8; 4]>,
    /// Whether the primary image is made of other items, as a grid is.
    pub derived: bool,
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
    let file = File::parse(bytes)?;
    let primary = file.primary();
    let leaf = primary.map(|item| file.leaf(item));
    let mut found = Container {
        codec: leaf.and_then(|item| file.kind(item)),
        derived: leaf != primary,
        size: None,
        alpha: file.properties().iter().any(Property::is_alpha),
        premultiplied: primary.is_some_and(|item| file.references(*b"prem", item).next().is_some()),
        icc: false,
        cicp: None,
    };
    found.apply_properties(&file.properties_of(primary));
    if !found.icc && found.cicp.is_none() && leaf != primary {
        // the tiles of a grid may state what the grid does not
        let mut part = Container { size: None, ..found.clone() };
        part.apply_properties(&file.properties_of(leaf));
        (found.icc, found.cicp) = (part.icc, part.cicp);
    }
    Some(found)
}

impl Container {
    fn apply_properties(&mut self, properties: &[Property<'_>]) {
        let mut peak = None;
        // without associations the largest one applies
        let sizes = properties.iter().filter_map(Property::extent);
        let size = sizes.map(|(width, height)| Size { width, height }).max_by_key(|size| size.pixels());
        self.size = size.or(self.size);
        for property in properties {
            let body = property.body;
            match (&property.kind, self.size) {
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

/// Width and height of a clean aperture (`clap`), each a fraction.
fn aperture(body: &[u8]) -> Option<Size> {
    let side = |at| {
        let (above, below) = (byte_reader::be32(body, at)?, byte_reader::be32(body, at + 4)?);
        above.checked_div(below).filter(|side| *side > 0)
    };
    Some(Size { width: side(0)?, height: side(8)? })
}
