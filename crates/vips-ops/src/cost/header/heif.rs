//! AVIF: the properties of the primary image.

use super::scanned::ScannedHeader;
use crate::source::{Profile, heif};

/// Scans size, alpha and presence of a profile.
pub fn scan(bytes: &[u8]) -> Option<ScannedHeader> {
    let container = heif::read(bytes)?;
    let size = container.size?;
    let profile = if container.icc { Profile::Foreign } else { Profile::Srgb };
    Some(ScannedHeader { profile, ..ScannedHeader::still(size.width, size.height).alpha(container.alpha) })
}
