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
    /// It goes out in place of any encoding: an animation over its budget.
    Always,
}

/// Whether the answer is the original's pixels in the original's format, with nothing dropped that was to be dropped.
pub fn serves(plan: &Plan, info: &SourceInfo, settings: &Settings) -> bool {
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
        profile: Profile::Srgb,
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
    let whole = load.size == info.stored && load.frames == info.frames;
    settings.output.never_larger && untouched && tag_stays && whole && info.plain && keeps(*output, info)
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
