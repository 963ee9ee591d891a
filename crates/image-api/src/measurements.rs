//! Measurements of the pixels that planning depends on, as plain data.

use crate::{
    face::Face,
    params::{Params, crop::crop::Crop},
    size::Rect,
};

/// Measurements, in pixels of the original oriented as requested.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measurements {
    /// The content inside the border, if `trim` is requested and there is a border.
    pub trim: Option<Rect>,
    /// The most interesting part, if a crop requests it without a bounding box.
    pub window: Option<Rect>,
    /// The faces, if a parameter needs them.
    pub faces: Vec<Face>,
}

impl Params {
    /// The parameters of the image, without those of its description.
    pub fn of_picture(&self) -> Self {
        Self { meta: None, face: None, include_image_data: None, ..self.clone() }
    }

    /// Whether the response contains the original as it is.
    pub fn gives_original(&self) -> bool {
        self.is_empty() || (self.include_image_data.is_some() && self.of_picture().is_empty())
    }

    /// Whether faces have to be detected before planning.
    pub fn needs_faces(&self) -> bool {
        let described = self.describes_faces() && self.of_picture().is_empty();
        self.crop == Some(Crop::Face) || self.redeye.is_some() || described
    }

    /// Whether the response contains faces.
    pub fn describes_faces(&self) -> bool {
        self.meta.is_some() && self.face.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_of_the_image_and_of_its_description() {
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
