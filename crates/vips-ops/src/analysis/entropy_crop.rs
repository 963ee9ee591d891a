//! Entropy crop: trims edges of low entropy, for crops that keep the most interesting part without a bounding box.

use vips::{Deadline, Image, Interpretation};

use super::thumbnail;
use crate::{
    error::{Error, Result},
    orientation::Orientation,
    params::Params,
    plan,
    size::{Rect, Size},
    source::Source,
    steps::{crop, orient},
};

/// Long side in pixels of the thumbnail that is analysed.
const LOOK: u32 = 256;

/// Number of slices per axis; at most half of them are cut.
const SLICES: u32 = 16;

/// An edge slice is cut if the entropy of its histogram is below this fraction of the whole image's.
const DULL: f64 = 0.75;

/// The part that remains after cutting dull edges, at least half of each side, in pixels of the image oriented as
/// requested.
pub fn measure(params: &Params, source: &Source, trim: Option<Rect>, deadline: &Deadline) -> Result<Rect> {
    let (orientation, _) = plan::turns(params, source.info.orientation);
    let whole = orientation.size(source.info.stored);
    let part = trim.unwrap_or(whole.rect());
    let copy = thumbnail::at(source, LOOK, deadline)?;
    let grey = grey(&copy, orientation).map_err(Error::of_pixels)?;
    let factor = f64::from(whole.width) / f64::from(grey.width());
    let seen = scaled(part, 1.0 / factor, Size { width: grey.width(), height: grey.height() }.rect());
    Ok(scaled(lively(&grey, seen).map_err(Error::of_pixels)?, factor, part))
}

/// Scales a rectangle, clamped to `bounds`.
fn scaled(rect: Rect, factor: f64, bounds: Rect) -> Rect {
    let span = |start: u32, length: u32, low: u32, room: u32| {
        let from = ((f64::from(start) * factor).round() as u32).clamp(low, low + room - 1);
        let to = (f64::from(start + length) * factor).round() as u32;
        (from, to.clamp(from + 1, low + room) - from)
    };
    let (left, width) = span(rect.left, rect.width, bounds.left, bounds.width);
    let (top, height) = span(rect.top, rect.height, bounds.top, bounds.height);
    Rect { left, top, width, height }
}

/// A greyscale copy in memory, oriented as requested.
fn grey(image: &Image, orientation: Orientation) -> vips::Result<Image> {
    let grey = image.colourspace(Interpretation::Grey)?.extract_bands(0, 1)?;
    orient::apply(grey, orientation)?.copy_memory()
}

/// Repeatedly cuts the edge slice of the lowest entropy, while it is below the threshold and enough remains.
fn lively(grey: &Image, whole: Rect) -> vips::Result<Rect> {
    let threshold = DULL * entropy(grey, whole)?;
    let mut kept = whole;
    loop {
        let mut dullest: Option<(f64, Rect)> = None;
        for (slice, rest) in cuts(kept, whole) {
            let value = entropy(grey, slice)?;
            if dullest.is_none_or(|(lowest, _)| value < lowest) {
                dullest = Some((value, rest));
            }
        }
        match dullest {
            Some((value, rest)) if value < threshold => kept = rest,
            _ => return Ok(kept),
        }
    }
}

/// The slices that may still be cut from the edges of `kept`, each with the remaining part.
fn cuts(kept: Rect, whole: Rect) -> Vec<(Rect, Rect)> {
    let (wide, high) = (whole.width.div_ceil(SLICES), whole.height.div_ceil(SLICES));
    let mut cuts = Vec::with_capacity(4);
    if kept.width >= whole.width.div_ceil(2) + wide {
        let rest = Rect { width: kept.width - wide, ..kept };
        let slice = Rect { width: wide, ..kept };
        cuts.push((slice, Rect { left: kept.left + wide, ..rest }));
        cuts.push((Rect { left: kept.left + rest.width, ..slice }, rest));
    }
    if kept.height >= whole.height.div_ceil(2) + high {
        let rest = Rect { height: kept.height - high, ..kept };
        let slice = Rect { height: high, ..kept };
        cuts.push((slice, Rect { top: kept.top + high, ..rest }));
        cuts.push((Rect { top: kept.top + rest.height, ..slice }, rest));
    }
    cuts
}

fn entropy(grey: &Image, rect: Rect) -> vips::Result<f64> {
    crop::cut(grey, rect)?.hist_find()?.hist_entropy()
}
