//! `format`: the output format.

use crate::params::spec::{Example, Expected, Grammar, Param, Reading, Spec};

/// A format that can be requested.
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
    /// MP4: a video, for animations.
    Mp4,
    /// The best format that the client accepts.
    Auto,
}

/// Names in the order of the documentation.
const NAMES: [(&str, Format); 7] = [
    ("jpeg", Format::Jpeg),
    ("png", Format::Png),
    ("webp", Format::Webp),
    ("avif", Format::Avif),
    ("gif", Format::Gif),
    ("mp4", Format::Mp4),
    ("auto", Format::Auto),
];

impl Param for Format {
    const SPEC: Spec = Spec {
        name: "format",
        aliases: &[],
        summary: "The output format.",
        help: "`auto` selects the best format that the `Accept` header allows: AVIF, WebP, else PNG for images with \
               transparency and JPEG for others. `jpg` is `jpeg`. \
               `mp4` makes a video (H.264, 4:2:0, BT.709) of an animated GIF or WebP, and is ignored for a still image. A \
               video has even sides, so an odd side loses its last pixel; transparent pixels become `pad_color`; frame delays \
               are kept, except that 10 ms or less become 100 ms, as in browsers; whether the video loops is up to the \
               player.",
        grammar: Grammar::Keyword(&["jpeg", "png", "webp", "avif", "gif", "mp4", "auto"]),
        default: "the format of the original; PNG or JPEG if it is not an output format",
        needs: &[],
        examples: &[
            Example { source: "astronaut.png", query: "width=200&format=webp", shows: "a WebP" },
            Example { source: "astronaut.png", query: "width=200&format=avif&quality=60", shows: "an AVIF" },
            Example { source: "flower.jpg", query: "width=120&format=gif", shows: "256 colours" },
            Example { source: "mill.gif", query: "width=120&format=mp4", shows: "a video" },
        ],
    };

    fn parse(raw: &str) -> Result<Reading<Self>, Expected> {
        let word = raw.trim().to_ascii_lowercase();
        let word = if word == "jpg" { "jpeg" } else { word.as_str() };
        let found = NAMES.iter().find(|(name, _)| *name == word);
        found
            .map(|(_, format)| Reading::exact(*format))
            .ok_or_else(|| "jpeg, png, webp, avif, gif, mp4 or auto".into())
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
            ("mp4", Format::Mp4),
            ("auto", Format::Auto),
        ]);
        for (_, format) in &NAMES {
            check::round_trips(format);
        }
        check::rejects::<Format>(&["", "exe", "tiff", "jpeg2000"]);
    }
}
