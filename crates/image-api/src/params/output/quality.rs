//! `quality`: the quality of a lossy format.

use crate::params::{
    spec::{Example, Expected, Grammar, Param, Reading, Spec},
    value::number,
};

/// The requested quality.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quality {
    /// A fixed quality on the scale of JPEG, 1 to 100.
    Fixed(u8),
    /// The lowest quality at which the output is similar enough to the uncompressed one.
    Auto,
}

impl Param for Quality {
    const SPEC: Spec = Spec {
        name: "quality",
        aliases: &[],
        summary: "The quality of lossy formats, on the scale of JPEG.",
        help: "A number means the same perceived quality in JPEG, WebP and AVIF. PNG and GIF ignore it.\n\n`auto` \
               encodes the image several times, compares each result with the unencoded image, and outputs \
               the smallest one that is similar enough; the quality that was found is in the header \
               `X-Pixmill-Quality`. The other `quality_` parameters set the metric and its target. It \
               takes several times as long as a fixed quality. For animations, PNG and GIF it is as if the parameter \
               were absent.",
        grammar: Grammar::Text("a whole number from 1 to 100, or auto"),
        default: "the quality of the source if it is a JPEG, else 90",
        needs: &[],
        examples: &[
            Example {
                source: "flower.jpg",
                query: "width=200&quality=30",
                shows: "a small file with visible losses",
            },
            Example {
                source: "flower.jpg",
                query: "width=200&quality=auto",
                shows: "the smallest file without visible losses",
            },
        ],
    };

    fn parse(raw: &str) -> Result<Reading<Self>, Expected> {
        if raw.trim().eq_ignore_ascii_case("auto") {
            return Ok(Reading::exact(Self::Auto));
        }
        number::whole(raw, 1..=100)
            .map(|reading| reading.map(|value| Self::Fixed(value as u8)))
            .map_err(|expected| format!("{expected}, or auto"))
    }

    fn canonical(&self, out: &mut String) {
        match self {
            Self::Fixed(quality) => number::canonical(*quality, out),
            Self::Auto => out.push_str("auto"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::spec::check;

    #[test]
    fn values() {
        check::accepts(&[
            ("1", Quality::Fixed(1)),
            ("80", Quality::Fixed(80)),
            ("84.5", Quality::Fixed(85)),
            ("auto", Quality::Auto),
            (" Auto", Quality::Auto),
        ]);
        check::clamps(&[("0", Quality::Fixed(1)), ("900", Quality::Fixed(100))]);
        check::rejects::<Quality>(&["", "high", "80%", "automatic"]);
    }
}
