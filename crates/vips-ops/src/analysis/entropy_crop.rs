//! Cutting away dull edges, for crops that ask for what matters without giving a box.

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

/// Long side of the copy that is looked at, in pixels.
const LOOK: u32 = 256;

/// Slices an edge is cut in, a side: at most half of them may go.
const SLICES: u32 = 16;

/// An edge is dull when its histogram's entropy is below this part of the whole picture's.
const DULL: f64 = 0.75;

/// The part that is left when dull edges are cut away, never more than half a side; in pixels of the picture as the
/// request orients it.
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

/// A rectangle in other pixels, inside `bounds`.
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

/// A grey copy in memory, turned as the request wants it.
fn grey(image: &Image, orientation: Orientation) -> vips::Result<Image> {
    let grey = image.colourspace(Interpretation::Grey)?.extract_bands(0, 1)?;
    orient::apply(grey, orientation)?.copy_memory()
}

/// Cuts slices from the dullest of the four edges while it is dull and enough is left.
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

/// The slices that may still be cut from the edges of `kept`, each with what would be left.
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
