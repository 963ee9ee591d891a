//! `enlarge`: whether the image may be upscaled.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::boolean,
};

/// Whether the image may be upscaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enlarge(pub bool);

impl Param for Enlarge {
    const SPEC: Spec = Spec {
        name: "enlarge",
        aliases: &[],
        summary: "Whether the image may be upscaled.",
        help: "If off, an image is never scaled by more than 1, `dpr` included. Sizes without `crop` are then upper bounds. \
               `crop=fit`, `top`, `bottom`, `face`, `entropy` and `stretch` give the largest image of the requested aspect \
               ratio for which no side has to be upscaled. `crop=pad` does not upscale the image and still \
               gives the requested canvas. The numbers of `crop=x,y,w,h` are scaled down with the image, so that they \
               select the same part of it; `crop=zoom` is not scaled back to the size of the original. SVGs have \
               no size in pixels and may always be upscaled. The default is the setting `params.enlarge`. An \
               extension of Pixmill's own.",
        grammar: Grammar::Boolean,
        default: "true",
        needs: &["width", "height", "crop=zoom"],
        examples: &[
            Example {
                source: "mill.gif",
                query: "width=3840&enlarge=false&format=png",
                shows: "120 pixels wide, as the original is",
            },
            Example {
                source: "china.jpg",
                query: "width=1920&height=1080&crop=fit&enlarge=false",
                shows: "16 to 9, 640 pixels wide as the original is",
            },
        ],
    };

    boolean::methods!(true);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::{Params, spec::check};

    #[test]
    fn values() {
        check::accepts(&[("true", Enlarge(true)), ("", Enlarge(true)), ("0", Enlarge(false))]);
        check::rejects::<Enlarge>(&["perhaps"]);
        assert!(Enlarge(true).is_neutral() && !Enlarge(false).is_neutral());
    }

    #[test]
    fn it_has_an_effect_only_with_a_size() {
        let canonical = |query: &str| Params::parse(query).unwrap().params.canonical();
        assert_eq!(canonical("enlarge=false&blur=3"), "blur=3");
        assert_eq!(canonical("enlarge=true&width=3"), "width=3");
        assert_eq!(canonical("enlarge=false&width=3"), "width=3&enlarge=0");
        assert_eq!(canonical("enlarge=0&rotate=3&crop=zoom"), "enlarge=0&crop=zoom&rotate=3");
    }
}
