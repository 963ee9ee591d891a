//! Decides whether the original itself satisfies the request.

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

/// Whether the output would be the pixels of the original in its own format, with nothing removed that has to be
/// removed.
///
/// A PNG whose colours depend on chunks that encoders do not write, and that only some programs support, is passed
/// through, so that every program shows it as before.
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

/// Whether metadata is removed from a JPEG and nothing else changes.
fn is_only_stripped(plan: &Plan, params: &Params, info: &SourceInfo) -> bool {
    let Encoding { format, interlace, metadata, .. } = plan.encode;
    let asks = metadata == Metadata::Profile && params.quality.is_none() && !interlace;
    let jpeg = format == OutputFormat::Jpeg && info.format == SourceFormat::Jpeg;
    asks && jpeg && info.plain && is_untouched(plan, info)
}

fn is_the_same(plan: &Plan, info: &SourceInfo, settings: &Settings) -> bool {
    settings.output.never_larger && keeps_pixels(plan, info) && keeps(plan.encode, info)
}

/// Whether the output has the pixels of the original, re-encoded.
pub fn keeps_pixels(plan: &Plan, info: &SourceInfo) -> bool {
    let as_stored = info.calibrated || (info.plain && info.profile == Profile::Srgb);
    as_stored && is_untouched(plan, info)
}

/// Whether no step changes pixels, except for colour conversion.
fn is_untouched(plan: &Plan, info: &SourceInfo) -> bool {
    // if a rotation undoes the orientation, the pixels are unchanged but the tag has to be removed
    let tag_stays = !plan.autorotated || info.orientation.is_upright();
    let whole = plan.load.size == info.stored && plan.load.frames == info.frames;
    tag_stays && whole && plan.steps.iter().all(Step::keeps_pixels)
}

/// Whether the encoding requires nothing that differs from the original.
fn keeps(encoding: Encoding, info: &SourceInfo) -> bool {
    let same_format = info.format.written() == Some(encoding.format);
    let strips = encoding.metadata == Metadata::Profile && info.metadata;
    same_format && !encoding.interlace && !strips
}
