//! What had to be measured in the pixels before the plan could be made: plain data, whoever measured it.

use vips::Deadline;

use crate::{
    error::{Error, Result},
    params::{Params, crop::crop::Crop},
    size::Rect,
    source::Source,
    steps::{interest, trim},
};

/// Measurements, in pixels of the original as the request orients it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts {
    /// What is left inside a border, when `trim` is asked for and there is one.
    pub trim: Option<Rect>,
    /// The part that matters, when a crop asks for it without giving a box.
    pub window: Option<Rect>,
}

impl Facts {
    /// Measures what the request asks for, and nothing else.
    pub fn measure(params: &Params, source: &Source, deadline: &Deadline) -> Result<Self> {
        let trim = match params.trim {
            Some(_) => trim::measure(params, source, deadline).map_err(Error::Undecodable)?,
            None => None,
        };
        let interesting = matches!(params.crop, Some(Crop::Entropy | Crop::Face));
        let boxed = params.width.is_some() && params.height.is_some();
        let window = (interesting && !boxed).then(|| interest::measure(params, source, trim, deadline));
        Ok(Self { trim, window: window.transpose().map_err(Error::Undecodable)? })
    }
}
