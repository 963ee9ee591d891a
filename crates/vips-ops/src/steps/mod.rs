//! The steps of a plan, executed by libvips: each one maps an image to an image.
//!
//! [`load`] decodes the original. Measurements before planning are in [`analysis`](crate::analysis).

pub mod alpha;
mod blur;
pub mod canvas;
mod connected_components;
pub mod crop;
pub mod gain_map;
pub mod load;
pub mod metadata;
pub mod orient;
pub mod overlay;
pub mod profile;
pub mod redeye;
pub mod resize;
pub mod rotate;
pub mod sharpen;
pub mod subject;

use image_api::plan::step::{EnlargeInteresting, Paint, Step};
use vips::{Image, Result};

use self::overlay::RenderedOverlay;
use crate::{size::Rect, tone::Grade};

/// State shared by all frames of an animation: what is measured in the first frame applies to all of them.
#[derive(Default)]
pub struct Context<'a> {
    /// The rendered overlays, the bottom one first.
    pub overlays: &'a [RenderedOverlay],
    window: Option<Rect>,
    grade: Option<Grade>,
}

impl<'a> Context<'a> {
    /// A context without measurements.
    pub fn new(overlays: &'a [RenderedOverlay]) -> Self {
        Self { overlays, ..Self::default() }
    }
}

/// Executes one step.
pub fn run(step: &Step, image: Image, context: &mut Context<'_>) -> Result<Image> {
    match step {
        Step::CorrectRedEyes(eyes) => redeye::correct(&image, eyes),
        Step::Extract(rect) | Step::Crop(rect) => crop::cut(&image, *rect),
        Step::Resize(resize) => resize::scaled(&image, *resize),
        Step::EnlargeInteresting(enlarge) => enlarge_interesting(&image, *enlarge, context),
        Step::ConvertToSrgb(profile) => profile::to_srgb(&image, *profile),
        Step::PreparePaint(paint) => prepared(image, *paint),
        Step::Orient(orientation) => orient::apply(image, *orientation),
        Step::Rotate(rotate) => rotate::apply(&image, *rotate),
        Step::CropInteresting(size) => {
            let image = if context.window.is_none() { image.copy_memory()? } else { image };
            let rect = context.window.map_or_else(|| subject::window(&image, *size), Ok)?;
            context.window = Some(rect);
            crop::cut(&image, rect)
        }
        Step::Embed { canvas, background } => canvas::place(&image, *canvas, *background),
        Step::Tone(tones) => Grade::apply_measured(tones, image, &mut context.grade),
        Step::Blur(sigma) => alpha::premultiplied(&image, |image| image.gaussblur(*sigma)),
        Step::Sharpen(sharpen) => sharpen::apply(&image, *sharpen),
        Step::Overlay { .. } => overlay::lay(image, context.overlays),
        Step::Pad { pixels, background } => canvas::border(&image, *pixels, *background),
        Step::Flatten(background) => alpha::flattened(image, *background),
    }
}

/// Locates the most interesting window before upscaling, and computes only that window of the upscaled image.
fn enlarge_interesting(
    image: &Image,
    enlarge: EnlargeInteresting,
    context: &mut Context<'_>,
) -> Result<Image> {
    let EnlargeInteresting { resize, window: wanted, orientation, profile } = enlarge;
    let image = image.copy_memory()?;
    let rect = if let Some(rect) = context.window {
        rect
    } else {
        let upright = orient::apply(profile::to_srgb(&image, profile)?, orientation)?;
        crop::locate_enlarged(&upright, orientation.size(resize.size), wanted)?
    };
    context.window = Some(rect);
    crop::cut(&resize::scaled(&image, resize)?, orientation.stored_rect(rect, resize.size))
}

/// Prepares pixels for the colour that will be painted on them.
fn prepared(image: Image, Paint { background, translucent }: Paint) -> Result<Image> {
    let image = if background.is_grey() { image } else { profile::coloured(image)? };
    if translucent { alpha::with_alpha(image) } else { Ok(image) }
}
