//! The cost of overlays: decoding, laying out text, compositing.

use super::{
    decode, header, memory, steps,
    work::{Work, megapixels},
    work_kind::WorkKind,
};
use crate::{
    overlay::{self, Assets},
    params::value::layer::{Content, Text},
    plan::{Plan, overlay::Overlay},
    settings::Settings,
    size::Size,
};

/// Mean width of a character and height of a line, relative to the font size.
const LETTER_WIDTH: f64 = 0.55;
const LINE_HEIGHT: f64 = 1.3;

/// Adds the cost of every overlay. One that will be omitted, because it is not decodable or too large, costs nothing.
pub fn add_overlays(work: &mut Work, plan: &Plan, assets: &Assets, settings: &Settings) {
    let Some((base, overlays)) = plan.overlays() else { return };
    let shown = overlays.iter().filter(|overlay| overlay.opacity > 0.0 || overlay.required);
    let mut drawn = false;
    for overlay in shown {
        let size = match &overlay.content {
            Content::Text(text) => Some(text_overlay(work, overlay, text)),
            Content::Picture(url) => {
                assets.find(url).and_then(|bytes| image_overlay(work, overlay, bytes, settings))
            }
        };
        let Some(size) = size else { continue };
        drawn = true;
        let frames = f64::from(plan.load.frames.max(1));
        let visible = megapixels(size).min(megapixels(base));
        work.add(WorkKind::Overlay, megapixels(size) + visible * frames);
        work.hold(memory::OVERLAY * size.pixels() as f64);
    }
    if drawn {
        work.add(WorkKind::OverlayBase, megapixels(base) * f64::from(plan.load.frames.max(1)));
        work.hold(memory::OVERLAY * base.pixels() as f64);
    }
}

/// An image overlay, by its own plan. Returns its size, or `None` if it is omitted.
fn image_overlay(
    work: &mut Work,
    overlay: &Overlay,
    bytes: &bytes::Bytes,
    settings: &Settings,
) -> Option<Size> {
    let header = header::scan_with_limits(bytes, &settings.limits)?;
    if header.info.stored.pixels() > settings.limits.max_pixels {
        return None;
    }
    let plan = overlay::plan_overlay(overlay, &header.info, settings).ok()?;
    decode::open(work, &header, bytes.len());
    steps::pixels(work, &plan, &header, bytes.len());
    Some(plan.size)
}

/// A text overlay. Returns its estimated size.
fn text_overlay(work: &mut Work, overlay: &Overlay, text: &Text) -> Size {
    let lines = text.text.lines().count().max(1) as f64;
    let longest = text.text.lines().map(|line| line.chars().count()).max().unwrap_or(0).max(1) as f64;
    let size = text.font.size();
    let whole = |length: f64| length.clamp(1.0, f64::from(u32::MAX)) as u32;
    let natural =
        Size { width: whole(longest * size * LETTER_WIDTH), height: whole(lines * size * LINE_HEIGHT) };
    let fitted = overlay.fitted(natural.into());
    work.add(WorkKind::Text, 1.0);
    work.add(WorkKind::TextPixel, megapixels(fitted));
    work.hold(memory::TEXT);
    fitted
}
