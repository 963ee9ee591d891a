//! The budget of animations, and its effect on the encoding.

use super::encode::{self, Encoding};
use crate::{
    error::{Result, within},
    format::OutputFormat,
    settings::OverBudget,
    size::Size,
};

/// An encoding within the budget of animations.
pub(super) struct Budgeted {
    pub(super) encoding: Encoding,
    pub(super) frames: u32,
    pub(super) passes: bool,
}

/// Selects the encoding. An animated output must be within the budget; a still one needs only one frame.
pub(super) fn budgeted(request: &encode::Request<'_>, inner: [Size; 2]) -> Result<Budgeted> {
    let encoding = encode::choose(request)?;
    let frames = if encoding.format.animates() { request.frames } else { 1 };
    let excess = if frames > 1 { excess(request, encoding.format, inner) } else { Ok(()) };
    let Err(excess) = excess else {
        encode::check_pixels(encoding.format, request.size, frames, &request.settings.limits)?;
        return Ok(Budgeted { encoding, frames, passes: false });
    };
    match request.settings.animation.over_budget {
        OverBudget::Error => Err(excess),
        OverBudget::FirstFrame => {
            let encoding = encode::choose(&encode::Request { frames: 1, ..*request })?;
            encode::check_pixels(encoding.format, request.size, 1, &request.settings.limits)?;
            Ok(Budgeted { encoding, frames: 1, passes: false })
        }
        OverBudget::PassThrough => {
            let encoding = Encoding { format: encode::of_source(request), codec: None, ..encoding };
            Ok(Budgeted { encoding, frames, passes: true })
        }
    }
}

/// The limit that an animation exceeds. A frame counts with its largest size in the pipeline: original, scaled, rotated
/// or output.
fn excess(request: &encode::Request<'_>, format: OutputFormat, inner: [Size; 2]) -> Result<()> {
    let encode::Request { info, size, settings, .. } = request;
    let limits = &settings.limits;
    let count = u64::from(request.frames);
    within("the frames of the animation", count, "limits.max_frames allows", limits.max_frames.into())?;
    let largest = inner.into_iter().chain([info.stored, *size]).map(Size::pixels).max().unwrap_or_default();
    let pixels = count.saturating_mul(largest);
    let bound = "limits.max_animation_pixels allows";
    within("the pixels of all frames of the animation", pixels, bound, limits.max_animation_pixels)?;
    encode::check_pixels(format, *size, request.frames, limits)
}
