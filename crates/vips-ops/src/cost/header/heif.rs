//! AVIF: what the container says of the primary picture.

use super::ScannedHeader;
use crate::source::{Profile, heif};

/// Reads size, transparency and whether there is a profile of the primary item.
pub fn scan(bytes: &[u8]) -> Option<ScannedHeader> {
    let container = heif::read(bytes)?;
    let size = container.size?;
    let profile = if container.icc { Profile::Foreign } else { Profile::Srgb };
    Some(ScannedHeader { profile, ..ScannedHeader::still(size.width, size.height).alpha(container.alpha) })
}
