//! Whether the original itself is an answer to the request.

use super::{
    Paint, Plan,
    format::{Metadata, Output, OutputFormat},
};
use crate::{
    settings::Settings,
    source::{Profile, SourceFormat, SourceInfo},
};

/// Whether the original itself is the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OriginalServes {
    /// It is not what was asked for.
    Never,
    /// It is an answer too, and the better one if the encoding comes out larger.
    IfSmaller,
    /// It goes out in place of any encoding: an animation over its budget, a PNG whose colours hang on its chunks.
    Always,
}

/// Whether the answer is the original's pixels in the original's format, with nothing dropped that was to be dropped.
///
/// A PNG whose colours hang on chunks that an encoder does not write, and that not every program reads, goes out as it is:
/// it then looks as it always did to everybody.
pub fn serves(plan: &Plan, info: &SourceInfo, settings: &Settings) -> OriginalServes {
    let (serves, otherwise) = (is_the_same(plan, info, settings), plan.original_serves);
    match (serves, info.calibrated) {
        (false, _) => otherwise,
        (true, true) => OriginalServes::Always,
        (true, false) => OriginalServes::IfSmaller,
    }
}

fn is_the_same(plan: &Plan, info: &SourceInfo, settings: &Settings) -> bool {
    // every field is named: whoever adds a step to the plan decides here what it means
    let Plan {
        load,
        redeye,
        extract: None,
        resize: None,
        cut: None,
        resize_from: None,
        orientation,
        turn: None,
        window: None,
        canvas: None,
        grade,
        effects,
        sharpen: None,
        pad: 0,
        background: _,
        paints: Paint::Nothing,
        flatten: false,
        autorotated,
        profile,
        output,
        overlays,
        content: _,
        size: _,
        original_serves: OriginalServes::Never,
    } = plan
    else {
        return false;
    };
    let untouched = orientation.is_upright()
        && redeye.is_empty()
        && grade.passes.is_empty()
        && effects.is_empty()
        && overlays.is_empty();
    // an orientation that was undone by a turn leaves pixels as they are, but its tag has to go
    let tag_stays = !autorotated || info.orientation.is_upright();
    let as_stored = info.calibrated || (info.plain && *profile == Profile::Srgb);
    let whole = load.size == info.stored && load.frames == info.frames;
    settings.output.never_larger && untouched && tag_stays && whole && as_stored && keeps(*output, info)
}

/// Whether the encoding asks for nothing that the original is not.
fn keeps(output: Output, info: &SourceInfo) -> bool {
    let same_format = match output.format {
        OutputFormat::Jpeg => info.format == SourceFormat::Jpeg,
        OutputFormat::Png => info.format == SourceFormat::Png,
        OutputFormat::Webp => info.format == SourceFormat::Webp,
        OutputFormat::Avif => info.format == SourceFormat::Heif,
        OutputFormat::Gif => info.format == SourceFormat::Gif,
        OutputFormat::Mp4 => false,
    };
    let strips = output.metadata == Metadata::Profile && info.metadata;
    same_format && !output.interlace && !strips
}
