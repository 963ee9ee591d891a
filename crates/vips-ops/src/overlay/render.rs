//! Overlays as they are drawn: decoded, scaled, turned, with their opacity.

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

/// The overlays of a render.
#[derive(Debug, Default)]
pub struct PreparedOverlays {
    /// Those that could be drawn, the lowest first.
    pub drawn: Vec<RenderedOverlay>,
    /// Whether any was left out: it was not there, or is no picture.
    pub left_out: bool,
}

/// Draws the overlays of a plan, each once for all frames.
///
/// What cannot be drawn is left out, unless it is required. Together they may have as many pixels as one picture: all of
/// them are planned, from headers and from texts in small letters, before one is drawn.
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
        let drawing = match drawing(overlay, assets, settings) {
            Ok(drawing) => drawing,
            Err(error) => {
                ready.leave_out(overlay, error, deadline)?;
                continue;
            }
        };
        pixels = pixels.saturating_add(drawing.pixels());
        let limit = settings.limits.max_pixels;
        within("the pixels of all layers together", pixels, "limits.max_pixels allows", limit)?;
        planned.push((overlay, drawing));
    }
    for (overlay, drawing) in planned {
        match picture(overlay, &drawing, deadline) {
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
    /// Goes on without an overlay, if that is allowed and the fault is the overlay's.
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

/// An overlay that is planned and not drawn yet.
enum PlannedOverlay<'a> {
    /// A picture is rendered by a plan of its own, which decodes it no larger than it is needed.
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
    /// Pixels that it has when it is drawn, and those that are in memory already.
    fn pixels(&self) -> u64 {
        match self {
            Self::Picture { source, plan } => plan.size.pixels().saturating_add(source.pixels_in_memory()),
            Self::Text { measured, .. } => measured.size.pixels(),
        }
    }
}

fn drawing<'a>(overlay: &'a Overlay, assets: &Assets, settings: &Settings) -> Result<PlannedOverlay<'a>> {
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

/// The plan by which a picture is made an overlay.
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
    // a turned picture is fitted inside: its corners are not to be cut
    params.crop = params.rotate.is_none().then_some(Crop::Stretch);
    Ok(Plan::resolve(&params, info, &Measurements::default(), Accept::default(), settings)?)
}

fn picture(overlay: &Overlay, drawing: &PlannedOverlay<'_>, deadline: &Deadline) -> Result<Image> {
    let (image, opacity) = match drawing {
        PlannedOverlay::Picture { source, plan } => {
            (render::pixels(plan, source, &[], deadline)?, overlay.opacity)
        }
        PlannedOverlay::Text { text, measured } => {
            let image = text::render(text, overlay, *measured)?;
            (image, overlay.opacity * f64::from(text.colour.alpha) / f64::from(u8::MAX))
        }
    };
    // computed here and now: what is broken must show before the picture is begun
    translucent(image, opacity).and_then(|image| image.copy_memory()).map_err(Error::of_pixels)
}

fn translucent(image: Image, opacity: f64) -> vips::Result<Image> {
    let image = alpha::with_alpha(profile::coloured(image)?)?;
    if opacity >= 1.0 {
        return Ok(image);
    }
    image.linear(&[1.0, 1.0, 1.0, opacity], &[0.0, 0.0, 0.0, 0.5])?.cast(BandFormat::Uchar)
}
