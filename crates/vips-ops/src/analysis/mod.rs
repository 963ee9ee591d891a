//! Measures in the pixels what a request needs to know before its plan can be made: a border, dull edges, faces.

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

/// Measures what the request asks for, and nothing else. `seen` are the faces that were detected, in pixels of the upright
/// original; empty if nobody looked for them.
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
