//! What had to be measured in the pixels before the plan could be made: plain data, whoever measured it.

use crate::{
    face::Face,
    params::{Params, crop::crop::Crop},
    size::Rect,
};

/// Measurements, in pixels of the original as the request orients it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measurements {
    /// What is left inside a border, when `trim` is asked for and there is one.
    pub trim: Option<Rect>,
    /// The part that matters, when a crop asks for it without giving a box.
    pub window: Option<Rect>,
    /// The faces, when a parameter asks for them.
    pub faces: Vec<Face>,
}

impl Params {
    /// What is asked of the picture, without what is asked about it.
    pub fn of_picture(&self) -> Self {
        Self { meta: None, face: None, include_image_data: None, ..self.clone() }
    }

    /// Whether the answer holds the original as it is.
    pub fn gives_original(&self) -> bool {
        self.is_empty() || (self.include_image_data.is_some() && self.of_picture().is_empty())
    }

    /// Whether faces have to be detected before the plan is made.
    pub fn needs_faces(&self) -> bool {
        let described = self.describes_faces() && self.of_picture().is_empty();
        self.crop == Some(Crop::Face) || self.redeye.is_some() || described
    }

    /// Whether the answer tells where faces are.
    pub fn describes_faces(&self) -> bool {
        self.meta.is_some() && self.face.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_of_the_picture_and_what_about_it() {
        let params = |query| Params::parse(query).unwrap().params;
        assert_eq!(params("meta=1&face=1&include_image_data=1&width=9").of_picture(), params("width=9"));
        for (query, gives) in [
            ("", true),
            ("meta=1&include_image_data=1", true),
            ("include_image_data=1", true),
            ("meta=1", false),
            ("meta=1&include_image_data=1&width=9", false),
            ("width=9", false),
        ] {
            assert_eq!(params(query).gives_original(), gives, "{query}");
        }
    }
}
