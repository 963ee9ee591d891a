//! What had to be measured in the pixels before the plan could be made: plain data, whoever measured it.

use vips::Deadline;

use crate::{
    error::Result,
    face::Face,
    params::{Params, crop::crop::Crop},
    plan,
    size::Rect,
    source::Source,
    steps::{interest, trim},
};

/// Measurements, in pixels of the original as the request orients it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts {
    /// What is left inside a border, when `trim` is asked for and there is one.
    pub trim: Option<Rect>,
    /// The part that matters, when a crop asks for it without giving a box.
    pub window: Option<Rect>,
    /// The faces, when a parameter asks for them.
    pub faces: Vec<Face>,
}

impl Facts {
    /// Measures what the request asks for, and nothing else. Nobody has looked for faces.
    pub fn measure(params: &Params, source: &Source, deadline: &Deadline) -> Result<Self> {
        Self::measure_seen(params, source, &[], deadline)
    }

    /// As [`Facts::measure`], for a picture in which faces were looked for: `seen`, in pixels of the upright original.
    pub fn measure_seen(
        params: &Params,
        source: &Source,
        seen: &[Face],
        deadline: &Deadline,
    ) -> Result<Self> {
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
        let interest = looks.then(|| interest::measure(params, source, trim, deadline));
        let window = around.or(interest.transpose()?);
        Ok(Self { trim, window, faces })
    }
}

impl Params {
    /// Whether somebody has to look for faces first.
    pub fn needs_faces(&self) -> bool {
        let described = self.describes_faces() && self.of_picture().is_empty();
        self.crop == Some(Crop::Face) || self.redeye.is_some() || described
    }

    /// Whether the answer tells where faces are.
    pub fn describes_faces(&self) -> bool {
        self.meta.is_some() && self.face.is_some()
    }
}
