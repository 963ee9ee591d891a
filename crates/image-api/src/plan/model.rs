//! The data model of a plan: load, steps, encode.

use super::{encode::Encoding, load::Load, overlay::Overlay, step::Step};
use crate::size::Size;

/// A plan of one render, with every number computed: decode, run the steps in order, encode.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// How the original is decoded.
    pub load: Load,
    /// The steps, in order; run for each frame.
    pub steps: Vec<Step>,
    /// How the result is encoded.
    pub encode: Encoding,
    /// Size of the output, of one frame.
    pub size: Size,
    /// Whether the EXIF orientation was applied, so that its tag has to be removed.
    pub autorotated: bool,
    /// Whether the original itself is the output.
    pub passthrough: Passthrough,
}

/// Whether the original itself is the output (passthrough).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passthrough {
    /// No: it does not satisfy the request.
    Never,
    /// If the encoded output would be larger: the original satisfies the request too.
    IfSmaller,
    /// Always: an animation over its budget, or a PNG whose colours depend on chunks that only some programs support.
    Always,
    /// Always, without its metadata and without decoding: a JPEG of which nothing else is requested.
    Stripped,
}

impl Plan {
    /// The overlays, the bottom one first, and the size of the image that they are positioned on; `None` if there are
    /// none.
    pub fn overlays(&self) -> Option<(Size, &[Overlay])> {
        self.steps.iter().find_map(|step| match step {
            Step::Overlay { base, overlays } => Some((*base, overlays.as_slice())),
            _ => None,
        })
    }
}
