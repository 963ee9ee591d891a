//! `include_image_data`: includes the image itself in the description.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::boolean,
};

/// Whether the description includes the image itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IncludeImageData(pub bool);

impl Param for IncludeImageData {
    const SPEC: Spec = Spec {
        name: "include_image_data",
        aliases: &[],
        summary: "Includes the image in its description, in base64.",
        help: "The image is in `imageData`; without other parameters it is the original.",
        grammar: Grammar::Boolean,
        default: "false",
        needs: &["meta"],
        examples: &[Example {
            source: "pixmill-logo.svg",
            query: "meta=true&include_image_data=true&width=16&format=png",
            shows: "an image of 16 × 16 pixels, and its description",
        }],
    };

    boolean::methods!(false);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::spec::check;

    #[test]
    fn values() {
        check::accepts(&[
            ("true", IncludeImageData(true)),
            ("", IncludeImageData(true)),
            ("0", IncludeImageData(false)),
        ]);
        check::rejects::<IncludeImageData>(&["json"]);
        assert!(IncludeImageData(false).is_neutral());
    }
}
