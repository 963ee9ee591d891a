//! EXIF in an AVIF, which the encoder's library writes anew and gives an orientation of 1 that nobody asked for.

use bytes::Bytes;

use super::exif::{self, PREFIX, Removed};

/// The file with the entry of the orientation zeroed in its block of EXIF; places and lengths stay.
pub fn without_orientation(file: &Bytes) -> Bytes {
    let start = file.windows(PREFIX.len() + 4).position(|window| {
        window.starts_with(PREFIX) && [b"MM\0*", b"II*\0"].iter().any(|head| window.ends_with(*head))
    });
    let Some(start) = start.map(|start| start + PREFIX.len()) else { return file.clone() };
    let orientation = Removed { orientation: true, thumbnail: false };
    let Some(edited) = exif::without(&file[start..], orientation) else { return file.clone() };
    [&file[..start], &edited].concat().into()
}
