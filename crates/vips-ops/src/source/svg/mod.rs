//! Estimates the work of rendering an SVG from its document, before librsvg renders anything.
//!
//! A document of 300 bytes can take hours to render: filters over large regions, patterns of tiny tiles far from their
//! origin, nested `use`. librsvg cannot be interrupted, so the document is analysed here, in safe code, and its work is
//! summed up in units of about a nanosecond of one core (`weights.rs` says how they were measured). Where the document
//! is ambiguous, the estimate is high: a selector that may match does match. What cannot be estimated (embedded
//! documents that are compressed or included) is refused.
//!
//! The memory is estimated as well: the number of surfaces of the image's size that are held at once, for nested groups
//! with opacity and for the named results of filters.

mod canvas;
mod css;
pub mod decode_text;
mod embedded_image;
mod filter;
mod layer;
mod matrix;
mod numbers;
mod open;
mod paint;
mod path;
mod root;
mod shape;
mod tally;
mod text;
mod traversal;
mod weights;
mod xml;

pub(in crate::source) use self::open::{needs_unlimited_parser, open};
use self::{
    canvas::Canvas,
    tally::{Stop, Tally, Workload},
    traversal::Traversal,
};
use image_api::error::OverLimit;

use crate::{
    error::within,
    error::{Error, Result},
    settings::Limits,
    size::{Extent, Rect},
};

/// Most nesting levels of elements: libxml2's limit for documents of ordinary length.
const MOST_LEVELS: usize = 256;

/// Error text for a document that is not XML, or is nested deeper than its parser allows.
const UNREADABLE: &str = "the SVG document cannot be parsed";

/// Error text for a document with content that is not analysed.
const UNCOUNTABLE: &str =
    "the work of rendering the SVG, which contains documents that cannot be analysed, at least";

/// Refuses an SVG whose rendering at `scale` times its stated size exceeds the limits. `part` is the rendered part in
/// pixels at that scale, or `None` for all of it.
///
/// # Errors
///
/// [`Error::OverLimit`] for too much work or memory, [`Error::Undecodable`] for a document that cannot be parsed.
pub fn check(bytes: &[u8], stated: Extent, scale: f64, part: Option<Rect>, limits: &Limits) -> Result<()> {
    let work = "limits.max_svg_work allows";
    match count(bytes, Canvas::new(stated, scale, part), limits) {
        Ok(counted) => {
            let what = counted.most.limit_text();
            within(what, counted.work, work, limits.max_svg_work)?;
            let held = "the pixels of the layers and filter results that the SVG needs at once";
            Ok(within(held, counted.held, "limits.max_pixels allows", limits.max_pixels)?)
        }
        Err(Stop::Unsupported) => Err(Error::OverLimit(OverLimit {
            what: UNCOUNTABLE,
            actual: limits.max_svg_work.saturating_add(1),
            bound: work,
            limit: limits.max_svg_work,
        })),
        Err(Stop::Unreadable | Stop::OverLimit) => Err(Error::Undecodable(vips::Error::Operation {
            operation: "svg".into(),
            detail: UNREADABLE.into(),
        })),
    }
}

/// Whether a document keeps to the limits of the XML parser without being forced to: it defines no entities and is not
/// nested too deep.
pub fn keeps_parser_limits(bytes: &[u8]) -> bool {
    let Ok(text) = xml::decode(bytes) else { return false };
    let defines = text.contains("<!ENTITY");
    !defines && xml::with_document(&text, |document| Ok(xml::depth(document) <= MOST_LEVELS)).unwrap_or(false)
}

fn count(bytes: &[u8], canvas: Canvas, limits: &Limits) -> Result<Workload, Stop> {
    let text = xml::decode(bytes)?;
    let mut tally = Tally::new(limits.max_svg_work);
    match xml::with_document(&text, |document| Traversal::count(document, canvas, 0, &mut tally)) {
        Ok(()) | Err(Stop::OverLimit) => Ok(tally.workload()),
        Err(stop) => Err(stop),
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
