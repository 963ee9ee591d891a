//! Composites overlays over the image.

use vips::{BandFormat, Image, Result};

use crate::{size::Size, steps::profile};

/// A rendered overlay in memory.
#[derive(Debug, Clone)]
pub struct RenderedOverlay {
    /// Its pixels: 8-bit sRGB with alpha.
    pub image: Image,
    /// Position of its left edge in the image; may be outside of it.
    pub left: i32,
    /// Position of its top edge in the image; may be outside of it.
    pub top_edge: i32,
}

/// Composites overlays, the bottom one first, by alpha blending in sRGB. Parts beyond the edges are cropped; an image
/// without alpha stays without.
pub fn lay(image: Image, drawn: &[RenderedOverlay]) -> Result<Image> {
    if drawn.is_empty() {
        return Ok(image);
    }
    // parts are read twice: under an overlay, and around it
    let mut image = profile::coloured(image)?.copy_memory()?;
    for overlay in drawn {
        image = over(&image, overlay)?;
    }
    Ok(image)
}

fn over(image: &Image, RenderedOverlay { image: top, left, top_edge }: &RenderedOverlay) -> Result<Image> {
    let base = Size { width: image.width(), height: image.height() };
    let (Some(across), Some(down)) =
        (overlap(*left, top.width(), base.width), overlap(*top_edge, top.height(), base.height))
    else {
        return Ok(image.clone());
    };
    let under = image.extract_area(across.at, down.at, across.length, down.length)?;
    let shown = top.extract_area(across.from, down.from, across.length, down.length)?;
    let blended = under.composite_over(&shown, 0, 0)?.cast(BandFormat::Uchar)?;
    image.insert(&blended.extract_bands(0, image.bands())?, across.at, down.at)
}

/// The intersection of an overlay with the image, along one axis.
struct Overlap {
    /// Its start in the image.
    at: u32,
    /// Its start in the overlay.
    from: u32,
    length: u32,
}

fn overlap(start: i32, length: u32, base: u32) -> Option<Overlap> {
    let end = (i64::from(start) + i64::from(length)).min(base.into());
    let at = i64::from(start.max(0));
    let shown = u32::try_from(end - at).ok().filter(|shown| *shown > 0)?;
    Some(Overlap { at: at as u32, from: start.min(0).unsigned_abs(), length: shown })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlaps() {
        for (start, length, base, expected) in [
            (0, 10, 20, Some((0, 0, 10))),
            (15, 10, 20, Some((15, 0, 5))),
            (-4, 10, 20, Some((0, 4, 6))),
            (-4, 50, 20, Some((0, 4, 20))),
            (20, 10, 20, None),
            (-10, 10, 20, None),
            (i32::MIN, 10, 20, None),
        ] {
            let found = overlap(start, length, base).map(|found| (found.at, found.from, found.length));
            assert_eq!(found, expected, "{start} {length} {base}");
        }
    }
}
