//! What an SVG asks for, counted in its text before librsvg draws anything.
//!
//! A drawing of 300 bytes can ask for hours: filters over large regions, patterns of tiny tiles far from their origin,
//! `use` upon `use`. librsvg cannot be stopped while it draws, so the text is read here, in safe code, and what it asks for
//! is summed up in units of about a nanosecond of one core ([`weights`] says how they were measured). Where the text leaves
//! a choice, more is counted rather than less: a selector that may match does match. What cannot be counted (documents
//! within documents that are compressed or included) is refused.
//!
//! Also counted is how many surfaces of the picture's size have to be held at once: groups with opacity within such
//! groups, and the named results of filters.

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
mod text;
mod traversal;
mod weights;
mod xml;

pub(in crate::source) use self::open::{needs_unlimited_parser, open};
use self::{
    canvas::Canvas,
    traversal::{Stop, Traversal},
};
use image_api::error::OverLimit;

use crate::{
    error::within,
    error::{Error, Result},
    settings::Limits,
    size::{Extent, Rect},
};

/// How deep elements may lie in each other, as libxml2 has it for texts of ordinary length.
const MOST_LEVELS: usize = 256;

/// What is said of a drawing that is no XML, or nests deeper than its reader reads.
const UNREADABLE: &str = "the text of the drawing cannot be read";

/// What is said of a drawing that holds what is not looked into.
const UNCOUNTABLE: &str =
    "the work of drawing the SVG, which holds documents that cannot be counted, at least";

/// Refuses a drawing that asks for too much at `scale` times its stated size. `part` is what is drawn of it, in pixels at
/// that scale; all of it if absent.
pub fn check(bytes: &[u8], stated: Extent, scale: f64, part: Option<Rect>, limits: &Limits) -> Result<()> {
    let work = "limits.max_svg_work allows";
    match count(bytes, Canvas::new(stated, scale, part), limits) {
        Ok(counted) => {
            let what = counted.most.limit_text();
            within(what, counted.work, work, limits.max_svg_work)?;
            let held = "the pixels of the layers and filter results that the SVG needs at once";
            Ok(within(held, counted.held, "limits.max_pixels allows", limits.max_pixels)?)
        }
        Err(Stop::Uncountable) => Err(Error::OverLimit(OverLimit {
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

/// What a drawing asks for. Counting ends soon after the limit is passed.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Workload {
    /// In all, in units of a nanosecond.
    work: u64,
    /// What most of it is for.
    most: weights::WorkKind,
    /// Pixels of the surfaces that are held at once.
    held: u64,
}

/// Whether a text keeps to the bounds of an XML reader that has none: it defines no entities, and is not deep.
pub fn keeps_parser_limits(bytes: &[u8]) -> bool {
    let Ok(text) = xml::decode(bytes) else { return false };
    let defines = text.contains("<!ENTITY");
    !defines && xml::with_document(&text, |document| Ok(xml::depth(document) <= MOST_LEVELS)).unwrap_or(false)
}

fn count(bytes: &[u8], canvas: Canvas, limits: &Limits) -> Result<Workload, Stop> {
    let text = xml::decode(bytes)?;
    let mut tally = traversal::Tally::new(limits.max_svg_work);
    match xml::with_document(&text, |document| Traversal::count(document, canvas, 0, &mut tally)) {
        Ok(()) | Err(Stop::OverLimit) => Ok(tally.workload()),
        Err(stop) => Err(stop),
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
