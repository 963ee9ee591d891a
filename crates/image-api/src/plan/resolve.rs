//! Resolves a request on an original to a plan: makes every decision before a pixel is decoded.

use super::{
    accept::Accept,
    budget::{Budgeted, budgeted},
    early_crop::{self, Scaling},
    encode, faces,
    geometry::{self, Geometry},
    load::{Load, decoded, load},
    model::{Passthrough, Plan},
    passthrough,
    pipeline::{self, Pixels, Placed, eyes, pipeline},
    request::{content, request as geometry_request},
    resampler::resampler,
    step::{Resampler, Resize},
    video,
};
use crate::{
    error::{Result, within},
    format::OutputFormat,
    measurements::Measurements,
    orientation::Orientation,
    params::{
        Params,
        crop::crop::Crop,
        spec::{Invalid, Param},
    },
    settings::{Limits, Settings},
    size::{Extent, Rect, Size},
    source::SourceInfo,
};

impl Plan {
    /// Makes every decision. Decodes no pixel.
    ///
    /// # Errors
    ///
    /// A parameter that is not applicable to this image, or a size over a limit of the settings or of the format.
    pub fn resolve(
        params: &Params,
        info: &SourceInfo,
        measured: &Measurements,
        accept: Accept,
        settings: &Settings,
    ) -> Result<Self> {
        let (orientation, degrees) = turns(params, info.orientation);
        let kept = measured.window.or(measured.trim).unwrap_or(orientation.size(info.stored).rect());
        let content = content(info, orientation, kept);
        let geometry = solve(params, info, measured, kept, content, degrees)?;
        let pad = params.pad.map_or(0, |pad| pad.0);
        let framed = padded(geometry.size(), pad);
        check_sizes(&geometry, framed, &settings.limits)?;
        let background = pipeline::background(params);
        let request =
            encode::Request { params, info, size: framed, accept, background, settings, frames: info.frames };
        let Budgeted { encoding, frames, passes } = budgeted(&request, largest(&geometry))?;
        let eyes = eyes(params, &measured.faces, orientation, info.stored);
        // trim boxes and eyes are exact to the pixel, which shrink-on-load would blur
        let exact = (measured.trim.is_some() && info.vector.is_none()) || !eyes.is_empty();
        let load = load(info, content, orientation, &geometry, exact, frames, settings);
        let (load, mut placed) = place(info, load, &geometry, kept, (orientation, degrees), eyes.is_empty());
        if let Some(resize) = placed.resize.filter(|_| eyes.is_empty()) {
            let by = resampler(resize, &placed, &load, info, settings);
            placed.resize = Some(Resize { by, ..resize });
        }
        check_drawing(info, &load, &settings.limits)?;
        let stores_alpha = encoding.format.has_alpha();
        let pixels = Pixels { eyes, profile: info.profile, alpha: info.alpha, stores_alpha };
        let plan = Self {
            load,
            steps: pipeline(params, &placed, pixels),
            encode: encoding,
            size: if passes { info.stored } else { stored_size(encoding.format, framed) },
            autorotated: params.autorotate.is_none_or(|on| on.0),
            passthrough: if passes { Passthrough::Always } else { Passthrough::Never },
        };
        let passthrough = passthrough::decide(&plan, params, info, settings);
        Ok(Self { passthrough, ..plan })
    }

    /// The size of an image after rotation, without scaling.
    pub fn natural_size(params: &Params, info: &SourceInfo) -> Extent {
        let (orientation, degrees) = turns(params, info.orientation);
        geometry::natural(orientation.extent(info.extent()), degrees)
    }
}

/// The sizes and rectangles of all steps, with the crop window around faces if requested.
fn solve(
    params: &Params,
    info: &SourceInfo,
    measured: &Measurements,
    kept: Rect,
    content: Extent,
    degrees: f64,
) -> Result<Geometry> {
    let request = geometry_request(params, info, content, degrees);
    let geometry = geometry::solve(&request).map_err(|geometry::NoOverlap(size)| {
        let mut value = String::new();
        params.crop.iter().for_each(|crop| crop.canonical(&mut value));
        Invalid::new("crop", &value, format!("a region that touches the scaled picture of {size}"))
    })?;
    Ok(match params.crop {
        Some(Crop::Face) => faces::framed(geometry, &measured.faces, kept, degrees),
        _ => geometry,
    })
}

/// Converts the geometry to pixels of the decoded image as stored.
fn place(
    info: &SourceInfo,
    load: Load,
    geometry: &Geometry,
    kept: Rect,
    (orientation, degrees): (Orientation, f64),
    may_draw_a_part: bool,
) -> (Load, Placed) {
    let is_drawing = info.vector.is_some();
    let scaled = orientation.size(geometry.scaled);
    let (part, from) = decoded(kept, &load, orientation, info, scaled);
    let (crop, window) = early_crop::split(geometry, orientation);
    let Scaling { extract, scaled, cut: crop } =
        Scaling { extract: part, scaled, cut: crop }.early(is_drawing);
    let part = (is_drawing && may_draw_a_part && extract != load.size.rect()).then_some(extract);
    let placed = Placed {
        decoded: load.size,
        extract,
        resize: (from.is_some() || extract.size() != scaled).then_some(Resize {
            size: scaled,
            from,
            by: Resampler::Libvips,
        }),
        crop,
        orientation,
        turn: geometry.turned.map(|size| (degrees, size)),
        window,
        canvas: geometry.canvas,
        content: geometry.size(),
    };
    (Load { part, ..load }, placed)
}

/// The size as encoded: videos have even sides.
fn stored_size(format: OutputFormat, size: Size) -> Size {
    if format == OutputFormat::Mp4 { video::even(size) } else { size }
}

/// Refuses an SVG of which too many pixels would be rendered.
fn check_drawing(info: &SourceInfo, load: &Load, limits: &Limits) -> Result<()> {
    if info.vector.is_none() {
        return Ok(());
    }
    let drawn = load.part.map_or(load.size, Rect::size).pixels();
    within("the pixels of the rendered SVG", drawn, "limits.max_pixels allows", limits.max_pixels)
}

/// Splits all rotations and mirrors into an orientation by right angles and a remaining angle of at most 45 degrees.
pub fn turns(params: &Params, stored: Orientation) -> (Orientation, f64) {
    let upright = if params.autorotate.is_none_or(|on| on.0) { stored } else { Orientation::default() };
    let clockwise = params.rotate.map_or(0.0, |rotate| rotate.0) - params.angle.map_or(0.0, |angle| angle.0);
    // the nearest right angle; halfway between two, the lower one
    let quarters = (clockwise / 90.0 - 0.5).ceil();
    let left = clockwise - quarters * 90.0;
    let turned = upright.turned(quarters.rem_euclid(4.0) as u8);
    // mirroring after a rotation equals mirroring before the opposite rotation
    if params.flip.is_some_and(|flip| flip.0) { (turned.flipped(), -left) } else { (turned, left) }
}

fn padded(size: Size, pad: u32) -> Size {
    let grow = |side: u32| side.saturating_add(pad.saturating_mul(2));
    Size { width: grow(size.width), height: grow(size.height) }
}

/// Checks every intermediate size. An image that is cropped later may be as large as an original, the output may not;
/// a crop right after scaling is computed without the whole scaled image, so that size is not limited.
fn check_sizes(geometry: &Geometry, answer: Size, limits: &Limits) -> Result<()> {
    let longer = |size: Size| u64::from(size.width.max(size.height));
    let side = u64::from(limits.max_side);
    within("the longer side of the output in pixels", longer(answer), "limits.max_side allows", side)?;
    let bound = "limits.max_output_pixels allows";
    within("the pixels of the output", answer.pixels(), bound, limits.max_output_pixels)?;
    let Some(turned) = geometry.turned else { return Ok(()) };
    let scaled = geometry.scaled;
    within("the longer side of the scaled image in pixels", longer(scaled), "limits.max_side allows", side)?;
    for (what, size) in
        [("the pixels of the scaled image", scaled), ("the pixels of the rotated image", turned)]
    {
        within(what, size.pixels(), "limits.max_pixels allows", limits.max_pixels)?;
    }
    Ok(())
}

/// The largest intermediate images.
fn largest(geometry: &Geometry) -> [Size; 2] {
    geometry.turned.map_or([geometry.size(); 2], |turned| [geometry.scaled, turned])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotations_are_split() {
        let split =
            |query: &str, tag| turns(&Params::parse(query).unwrap().params, Orientation::from_exif(tag));
        let upright = Orientation::default();
        assert_eq!(split("", 6), (upright.turned(1), 0.0));
        assert_eq!(split("autorotate=0", 6), (upright, 0.0));
        assert_eq!(split("rotate=90", 6), (upright.turned(2), 0.0));
        assert_eq!(split("rotate=270&angle=180", 1), (upright.turned(1), 0.0));
        assert_eq!(split("rotate=100", 1), (upright.turned(1), 10.0));
        assert_eq!(split("rotate=45", 1), (upright, 45.0));
        assert_eq!(split("angle=45", 1), (upright.turned(3), 45.0));
        assert_eq!(split("angle=10", 1), (upright, -10.0));
        assert_eq!(split("rotate=10&flip", 1), (upright.flipped(), -10.0));
    }
}
