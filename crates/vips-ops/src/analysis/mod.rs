//! Measurements on the pixels that a request needs before it can be planned: trim border, entropy crop, faces.

pub mod entropy_crop;
pub mod thumbnail;
pub mod trim;

use image_api::Measurements;
use vips::Deadline;

use crate::{
    error::Result,
    face::Face,
    params::{Params, crop::crop::Crop},
    plan,
    source::Source,
};

/// Measures what the request needs, and nothing else. `seen` are the detected faces, in pixels of the upright original;
/// empty if detection did not run.
pub fn measure(params: &Params, source: &Source, seen: &[Face], deadline: &Deadline) -> Result<Measurements> {
    let trim = match params.trim {
        Some(_) => trim::measure(params, source, deadline)?,
        None => None,
    };
    let (orientation, _) = plan::turns(params, source.info.orientation);
    let stored = source.info.stored;
    let faces: Vec<Face> = seen.iter().map(|face| face.turned(&source.info, orientation)).collect();
    let interesting = matches!(params.crop, Some(Crop::Entropy | Crop::Face));
    let boxed = params.width.is_some() && params.height.is_some();
    let bounds = trim.unwrap_or(orientation.size(stored).rect());
    let around = match params.crop {
        Some(Crop::Face) if !boxed => plan::faces::around(&faces, bounds),
        _ => None,
    };
    let looks = interesting && !boxed && around.is_none();
    let interest = looks.then(|| entropy_crop::measure(params, source, trim, deadline));
    let window = around.or(interest.transpose()?);
    Ok(Measurements { trim, window, faces })
}
