//! Whether the original itself is an answer to the request.

use super::{
    encode::{Encoding, Metadata},
    model::{Passthrough, Plan},
    step::Step,
};
use crate::{
    format::OutputFormat,
    params::Params,
    settings::Settings,
    source::{Profile, SourceFormat, SourceInfo},
};

/// Whether the answer is the original's pixels in the original's format, with nothing dropped that was to be dropped.
///
/// A PNG whose colours hang on chunks that an encoder does not write, and that not every program reads, goes out as it is:
/// it then looks as it always did to everybody.
pub(super) fn decide(plan: &Plan, params: &Params, info: &SourceInfo, settings: &Settings) -> Passthrough {
    if plan.passthrough == Passthrough::Always {
        return Passthrough::Always;
    }
    if is_only_stripped(plan, params, info) {
        return Passthrough::Stripped;
    }
    match (is_the_same(plan, info, settings), info.calibrated) {
        (false, _) => Passthrough::Never,
        (true, true) => Passthrough::Always,
        (true, false) => Passthrough::IfSmaller,
    }
}

/// Whether a JPEG is to lose its metadata and nothing else.
fn is_only_stripped(plan: &Plan, params: &Params, info: &SourceInfo) -> bool {
    let Encoding { format, interlace, metadata, .. } = plan.encode;
    let asks = metadata == Metadata::Profile && params.quality.is_none() && !interlace;
    let jpeg = format == OutputFormat::Jpeg && info.format == SourceFormat::Jpeg;
    asks && jpeg && info.plain && is_untouched(plan, info)
}

fn is_the_same(plan: &Plan, info: &SourceInfo, settings: &Settings) -> bool {
    settings.output.never_larger && keeps_pixels(plan, info) && keeps(plan.encode, info)
}

/// Whether the answer's pixels are the original's, encoded anew.
pub fn keeps_pixels(plan: &Plan, info: &SourceInfo) -> bool {
    let as_stored = info.calibrated || (info.plain && info.profile == Profile::Srgb);
    as_stored && is_untouched(plan, info)
}

/// Whether no step changes pixels, but for the conversion of colours.
fn is_untouched(plan: &Plan, info: &SourceInfo) -> bool {
    // an orientation that was undone by a turn leaves pixels as they are, but its tag has to go
    let tag_stays = !plan.autorotated || info.orientation.is_upright();
    let whole = plan.load.size == info.stored && plan.load.frames == info.frames;
    tag_stays && whole && plan.steps.iter().all(Step::keeps_pixels)
}

/// Whether the encoding asks for nothing that the original is not.
fn keeps(encoding: Encoding, info: &SourceInfo) -> bool {
    let same_format = info.format.written() == Some(encoding.format);
    let strips = encoding.metadata == Metadata::Profile && info.metadata;
    same_format && !encoding.interlace && !strips
}
