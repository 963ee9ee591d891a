//! The plan itself: load, steps, encode.

use super::{encode::Encoding, load::Load, overlay::Overlay, step::Step};
use crate::size::Size;

/// One render, with every number worked out: decode, run the steps in their order, encode.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// How the original is decoded.
    pub load: Load,
    /// What is done to it, frame by frame, in this order.
    pub steps: Vec<Step>,
    /// How the result is encoded.
    pub encode: Encoding,
    /// Size of the answer (of a frame).
    pub size: Size,
    /// Whether the EXIF orientation was applied, and its tag must go.
    pub autorotated: bool,
    /// Whether the original itself is the answer.
    pub passthrough: Passthrough,
}

/// Whether the original itself is the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passthrough {
    /// It is not what was asked for.
    Never,
    /// It is an answer too, and the better one if the encoding comes out larger.
    IfSmaller,
    /// It goes out in place of any encoding: an animation over its budget, a PNG whose colours hang on its chunks.
    Always,
    /// It goes out without its metadata, and is not decoded for that: a JPEG of which nothing else is asked.
    Stripped,
}

impl Plan {
    /// The pictures and texts that are laid over the picture, the lowest first, and the size that they were placed on; none
    /// without them.
    pub fn overlays(&self) -> Option<(Size, &[Overlay])> {
        self.steps.iter().find_map(|step| match step {
            Step::Overlay { base, overlays } => Some((*base, overlays.as_slice())),
            _ => None,
        })
    }
}
