//! Renders overlays: decoded, scaled and rotated, with their opacity.

use vips::{BandFormat, Deadline, Image};

use super::Assets;
use crate::{
    Measurements,
    error::within,
    error::{Blame, Error, Result},
    params::{
        Params,
        crop::crop::Crop,
        output::format::Format,
        rotation::rotate::Rotate,
        size::{height::Height, pad_color::PadColor, width::Width},
        value::layer::{Content, Text},
        value::{colour::Colour, url::Url},
    },
    plan::{Accept, Plan, overlay::Overlay},
    render,
    settings::Settings,
    size::Size,
    source::{Source, SourceInfo},
    steps::{alpha, overlay::RenderedOverlay, profile},
    text::{self, TextLayout},
};

const TRANSPARENT: Colour = Colour { red: 0, green: 0, blue: 0, alpha: 0 };

/// The rendered overlays of a request.
#[derive(Debug, Default)]
pub struct PreparedOverlays {
    /// The rendered overlays, the bottom one first.
    pub drawn: Vec<RenderedOverlay>,
    /// Whether any overlay was omitted: its asset was missing or not decodable.
    pub left_out: bool,
}

/// Renders the overlays of a plan, each once for all frames.
///
/// An overlay that cannot be rendered is omitted unless it is required. All overlays together may have as many pixels
/// as one image: all of them are planned, from headers and from measured texts, before the first is rendered.
///
/// # Errors
///
/// [`Error::Overlay`] for a required overlay that cannot be rendered, [`Error::OverLimit`] for too many pixels,
/// [`Error::Deadline`].
pub fn prepare(
    plan: &Plan,
    assets: &Assets,
    settings: &Settings,
    deadline: &Deadline,
) -> Result<PreparedOverlays> {
    let mut ready = PreparedOverlays::default();
    let Some((base, overlays)) = plan.overlays() else { return Ok(ready) };
    let mut planned = Vec::with_capacity(overlays.len());
    let mut pixels = 0u64;
    for overlay in overlays.iter().filter(|overlay| overlay.opacity > 0.0 || overlay.required) {
        let plan = match planned_overlay(overlay, assets, settings) {
            Ok(plan) => plan,
            Err(error) => {
                ready.leave_out(overlay, error, deadline)?;
                continue;
            }
        };
        pixels = pixels.saturating_add(plan.pixels());
        let limit = settings.limits.max_pixels;
        within("the pixels of all layers together", pixels, "limits.max_pixels allows", limit)?;
        planned.push((overlay, plan));
    }
    for (overlay, plan) in planned {
        match render_overlay(overlay, &plan, deadline) {
            Ok(image) => {
                let size = Size { width: image.width(), height: image.height() };
                let (left, top_edge) = overlay.corner(base, size);
                ready.drawn.push(RenderedOverlay { image, left, top_edge });
            }
            Err(error) => ready.leave_out(overlay, error, deadline)?,
        }
    }
    Ok(ready)
}

impl PreparedOverlays {
    /// Omits an overlay if it is not required and the failure is not the server's.
    fn leave_out(&mut self, overlay: &Overlay, error: Error, deadline: &Deadline) -> Result<()> {
        if deadline.passed() {
            return Err(Error::Deadline);
        }
        if error.blame() == Blame::Us {
            return Err(error);
        }
        if overlay.required {
            return Err(Error::Overlay(error.to_string()));
        }
        self.left_out = true;
        Ok(())
    }
}

/// A planned overlay that is not rendered yet.
enum PlannedOverlay<'a> {
    /// An image, rendered by a plan of its own, which decodes it no larger than needed.
    Picture {
        source: Box<Source>,
        plan: Box<Plan>,
    },
    Text {
        text: &'a Text,
        measured: TextLayout,
    },
}

impl PlannedOverlay<'_> {
    /// Its pixels after rendering, plus those already decoded.
    fn pixels(&self) -> u64 {
        match self {
            Self::Picture { source, plan } => plan.size.pixels().saturating_add(source.pixels_in_memory()),
            Self::Text { measured, .. } => measured.size.pixels(),
        }
    }
}

fn planned_overlay<'a>(
    overlay: &'a Overlay,
    assets: &Assets,
    settings: &Settings,
) -> Result<PlannedOverlay<'a>> {
    match &overlay.content {
        Content::Picture(url) => planned(overlay, url, assets, settings),
        Content::Text(text) => {
            let measured = text::layout(text, overlay, &settings.limits)?;
            Ok(PlannedOverlay::Text { text, measured })
        }
    }
}

fn planned(
    overlay: &Overlay,
    url: &Url,
    assets: &Assets,
    settings: &Settings,
) -> Result<PlannedOverlay<'static>> {
    let bytes = assets.find(url).ok_or_else(|| Error::Overlay("it was not fetched".into()))?;
    let source = Source::open(bytes, &settings.limits)?;
    let plan = plan_overlay(overlay, &source.info, settings)?;
    source.check_svg_work(plan.load.scale, plan.load.part)?;
    Ok(PlannedOverlay::Picture { source: Box::new(source), plan: Box::new(plan) })
}

/// The plan that turns an image into an overlay.
pub(crate) fn plan_overlay(overlay: &Overlay, info: &SourceInfo, settings: &Settings) -> Result<Plan> {
    let mut params = Params {
        rotate: (overlay.angle != 0.0).then_some(Rotate(overlay.angle)),
        pad_color: Some(PadColor(TRANSPARENT)),
        format: Some(Format::Png),
        ..Params::default()
    };
    let size = overlay.fitted(Plan::natural_size(&params, info));
    params.width = Some(Width(size.width));
    params.height = Some(Height(size.height));
    // a rotated image is fitted inside, so that its corners are not cropped
    params.crop = params.rotate.is_none().then_some(Crop::Stretch);
    Ok(Plan::resolve(&params, info, &Measurements::default(), Accept::default(), settings)?)
}

fn render_overlay(overlay: &Overlay, planned: &PlannedOverlay<'_>, deadline: &Deadline) -> Result<Image> {
    let (image, opacity) = match planned {
        PlannedOverlay::Picture { source, plan } => {
            (render::pixels(plan, source, &[], deadline)?, overlay.opacity)
        }
        PlannedOverlay::Text { text, measured } => {
            let image = text::render(text, overlay, *measured)?;
            (image, overlay.opacity * f64::from(text.colour.alpha) / f64::from(u8::MAX))
        }
    };
    // computed now, so that a broken overlay fails before the image is rendered
    translucent(image, opacity).and_then(|image| image.copy_memory()).map_err(Error::of_pixels)
}

fn translucent(image: Image, opacity: f64) -> vips::Result<Image> {
    let image = alpha::with_alpha(profile::coloured(image)?)?;
    if opacity >= 1.0 {
        return Ok(image);
    }
    image.linear(&[1.0, 1.0, 1.0, opacity], &[0.0, 0.0, 0.0, 0.5])?.cast(BandFormat::Uchar)
}
