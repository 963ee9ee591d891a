//! Converts a request to the input of the geometry solver.

use super::geometry::{Enlarge, Request};
use crate::{
    orientation::Orientation,
    params::{Params, value::number::round_half_up},
    size::{Extent, Rect},
    source::SourceInfo,
};

/// The size of the kept part, upright. A whole SVG has a fractional size.
pub(super) fn content(info: &SourceInfo, orientation: Orientation, kept: Rect) -> Extent {
    let (stored, extent) = (orientation.size(info.stored), orientation.extent(info.extent()));
    let part = |kept: u32, stored: u32, extent: f64| extent * (f64::from(kept) / f64::from(stored));
    Extent {
        width: part(kept.width, stored.width, extent.width),
        height: part(kept.height, stored.height, extent.height),
    }
}

/// The input of the solver, in device pixels.
pub(super) fn request(params: &Params, info: &SourceInfo, content: Extent, degrees: f64) -> Request {
    let ratio = params.dpr.map_or(1.0, |dpr| dpr.0);
    let device = |side: u32| round_half_up(f64::from(side) * ratio).max(1.0) as u32;
    // an SVG can be rendered at any resolution
    let never = params.enlarge.is_some_and(|enlarge| !enlarge.0) && info.vector.is_none();
    Request {
        content,
        degrees,
        width: params.width.map(|width| device(width.0)),
        height: params.height.map(|height| device(height.0)),
        crop: params.crop,
        enlarge: if never { Enlarge::Never } else { Enlarge::Allowed },
    }
}
