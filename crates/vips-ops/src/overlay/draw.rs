//! Overlays as they are drawn: decoded, scaled, turned, with their opacity.

use vips::{BandFormat, Deadline, Image};

use super::Assets;
use crate::{
    error::{Error, Result},
    facts::Facts,
    params::{
        Params,
        crop::crop::Crop,
        output::format::Format,
        size::{height::Height, pad_color::PadColor, width::Width},
        turn::rotate::Rotate,
        value::layer::Content,
        value::{colour::Colour, url::Url},
    },
    pipeline,
    plan::{Accept, Plan, overlay::Overlay},
    settings::Settings,
    size::Size,
    source::{Source, SourceInfo},
    steps::{alpha, profile},
    text,
};

const TRANSPARENT: Colour = Colour { red: 0, green: 0, blue: 0, alpha: 0 };

/// An overlay in memory.
#[derive(Debug, Clone)]
pub struct Drawn {
    /// Its pixels: 8-bit sRGB with alpha.
    pub image: Image,
    /// Where its left edge lies on the picture; may be outside of it.
    pub left: i32,
    /// Where its upper edge lies on the picture; may be outside of it.
    pub top_edge: i32,
}

/// The overlays of a render.
#[derive(Debug, Default)]
pub struct Ready {
    /// Those that could be drawn, the lowest first.
    pub drawn: Vec<Drawn>,
    /// Whether any was left out: it was not there, or is no picture.
    pub left_out: bool,
}

/// Draws the overlays of a plan, each once for all frames.
///
/// What cannot be drawn is left out, unless it is required. Together they may have as many pixels as one picture.
pub fn prepare(plan: &Plan, assets: &Assets, settings: &Settings, deadline: &Deadline) -> Result<Ready> {
    let mut ready = Ready::default();
    let mut pixels = 0;
    for overlay in plan.overlays.iter().filter(|overlay| overlay.opacity > 0.0 || overlay.required) {
        let image = match picture(overlay, assets, settings, deadline) {
            Ok(image) => image,
            Err(_) if deadline.passed() => return Err(Error::Deadline),
            Err(error) if overlay.required => return Err(Error::Overlay(error.to_string())),
            Err(_) => {
                ready.left_out = true;
                continue;
            }
        };
        let size = Size { width: image.width(), height: image.height() };
        pixels += size.pixels();
        if pixels > settings.limits.max_pixels {
            let limit = settings.limits.max_pixels;
            return Err(Error::OverLimit {
                what: "the number of pixels of all layers",
                actual: pixels,
                limit,
            });
        }
        let (left, top_edge) = overlay.corner(plan.content, size);
        ready.drawn.push(Drawn { image, left, top_edge });
    }
    Ok(ready)
}

fn picture(overlay: &Overlay, assets: &Assets, settings: &Settings, deadline: &Deadline) -> Result<Image> {
    let (image, opacity) = match &overlay.content {
        Content::Picture(url) => (decoded(overlay, url, assets, settings, deadline)?, overlay.opacity),
        Content::Text(text) => {
            let image = text::draw(text, overlay, &settings.limits)?;
            (image, overlay.opacity * f64::from(text.colour.alpha) / f64::from(u8::MAX))
        }
    };
    // computed here and now: what is broken must show before the picture is begun
    translucent(image, opacity).and_then(|image| image.copy_memory()).map_err(Error::Undecodable)
}

/// An overlay is rendered by a plan of its own, which decodes it no larger than it is needed.
fn decoded(
    overlay: &Overlay,
    url: &Url,
    assets: &Assets,
    settings: &Settings,
    deadline: &Deadline,
) -> Result<Image> {
    let bytes = assets.find(url).ok_or_else(|| Error::Overlay("it was not fetched".into()))?;
    let source = Source::open(bytes, &settings.limits)?;
    let plan = plan_of(overlay, &source.info, settings)?;
    pipeline::pixels(&plan, &source, &[], deadline)
}

/// The plan by which a picture is made an overlay.
pub(crate) fn plan_of(overlay: &Overlay, info: &SourceInfo, settings: &Settings) -> Result<Plan> {
    let mut params = Params {
        rotate: (overlay.angle != 0.0).then_some(Rotate(overlay.angle)),
        pad_color: Some(PadColor(TRANSPARENT)),
        format: Some(Format::Png),
        ..Params::default()
    };
    let size = overlay.fitted(Plan::natural_size(&params, info)?);
    params.width = Some(Width(size.width));
    params.height = Some(Height(size.height));
    // a turned picture is fitted inside: its corners are not to be cut
    params.crop = params.rotate.is_none().then_some(Crop::Stretch);
    Plan::resolve(&params, info, &Facts::default(), Accept::default(), settings)
}

fn translucent(image: Image, opacity: f64) -> vips::Result<Image> {
    let image = alpha::with_alpha(profile::coloured(image)?)?;
    if opacity >= 1.0 {
        return Ok(image);
    }
    image.linear(&[1.0, 1.0, 1.0, opacity], &[0.0, 0.0, 0.0, 0.5])?.cast(BandFormat::Uchar)
}
