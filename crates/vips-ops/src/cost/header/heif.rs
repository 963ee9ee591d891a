//! AVIF: the properties of the primary image.

use super::scanned::ScannedHeader;
use crate::source::{Codec, Profile, heif};

/// Scans size, alpha and presence of a profile.
pub fn scan(bytes: &[u8]) -> Option<ScannedHeader> {
    let container = heif::read(bytes)?;
    let size = container.size?;
    let profile = if container.icc { Profile::Foreign } else { Profile::Srgb };
    let codec = (container.codec == Some(*b"av01") && !container.derived).then_some(Codec::Dav1d);
    Some(ScannedHeader {
        profile,
        codec,
        ..ScannedHeader::still(size.width, size.height).alpha(container.alpha)
    })
}
