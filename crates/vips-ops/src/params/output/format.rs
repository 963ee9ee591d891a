//! `format`: the format of the answer.

use crate::params::spec::{Example, Expected, Grammar, Param, Reading, Spec};

/// A format as it can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    Webp,
    /// AVIF.
    Avif,
    /// GIF.
    Gif,
    /// The best that the client accepts.
    Auto,
}

/// Names in the order in which they are documented.
const NAMES: [(&str, Format); 6] = [
    ("jpeg", Format::Jpeg),
    ("png", Format::Png),
    ("webp", Format::Webp),
    ("avif", Format::Avif),
    ("gif", Format::Gif),
    ("auto", Format::Auto),
];

impl Param for Format {
    const SPEC: Spec = Spec {
        name: "format",
        aliases: &[],
        summary: "The format of the answer.",
        help: "`auto` takes the best that the `Accept` header allows: AVIF, WebP, else PNG for pictures with \
               transparency and JPEG for the others. `jpg` is `jpeg`.",
        grammar: Grammar::Keyword(&["jpeg", "png", "webp", "avif", "gif", "auto"]),
        default: "the source's own; PNG or JPEG if that cannot be written",
        needs: &[],
        examples: &[
            Example { source: "astronaut.png", query: "width=200&format=webp", shows: "a WebP" },
            Example { source: "astronaut.png", query: "width=200&format=avif&quality=60", shows: "an AVIF" },
            Example { source: "flower.jpg", query: "width=120&format=gif", shows: "256 colours" },
        ],
    };

    fn parse(raw: &str) -> Result<Reading<Self>, Expected> {
        let word = raw.trim().to_ascii_lowercase();
        let word = if word == "jpg" { "jpeg" } else { word.as_str() };
        let found = NAMES.iter().find(|(name, _)| *name == word);
        found
            .map(|(_, format)| Reading::exact(*format))
            .ok_or_else(|| "jpeg, png, webp, avif, gif or auto".into())
    }

    fn canonical(&self, out: &mut String) {
        let found = NAMES.iter().find(|(_, format)| format == self);
        out.push_str(found.expect("invariant: every format has a name").0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::spec::check;

    #[test]
    fn values() {
        check::accepts(&[
            ("jpg", Format::Jpeg),
            ("JPEG", Format::Jpeg),
            ("avif", Format::Avif),
            ("auto", Format::Auto),
        ]);
        for (_, format) in &NAMES {
            check::round_trips(format);
        }
        check::rejects::<Format>(&["", "exe", "tiff", "jpeg2000"]);
    }
}
