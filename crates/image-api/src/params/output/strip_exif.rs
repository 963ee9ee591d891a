//! `strip_exif`: removes metadata.

use crate::params::{
    spec::{Example, Grammar, Param, Spec},
    value::boolean,
};

/// Whether metadata is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StripExif(pub bool);

impl Param for StripExif {
    const SPEC: Spec = Spec {
        name: "strip_exif",
        aliases: &[],
        summary: "Removes EXIF, XMP, IPTC and comments.",
        help: "A colour profile is kept if the pixels need it. A JPEG without other parameters that is stored upright \
               is not decoded: its segments are removed, and no pixel changes.",
        grammar: Grammar::Boolean,
        default: "false",
        needs: &[],
        examples: &[Example {
            source: "astronaut-gps-orient6.jpg",
            query: "width=160&strip_exif=true",
            shows: "no location and no camera in the file",
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
        check::accepts(&[("true", StripExif(true)), ("", StripExif(true)), ("0", StripExif(false))]);
        check::rejects::<StripExif>(&["perhaps"]);
        assert!(StripExif(false).is_neutral());
    }
}
