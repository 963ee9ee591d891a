//! `mark`: a watermark.

use crate::params::{
    spec::{Example, Expected, Grammar, Param, Reading, Spec},
    value::url::{self, Url},
};

/// The URL of the watermark.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark(pub Url);

impl Param for Mark {
    const SPEC: Spec = Spec {
        name: "mark",
        aliases: &[],
        summary: "Draws a watermark over the image.",
        help: "The watermark is an image on the same origin, `/logo.png`, which may have parameters of its own, or an absolute URL \
               with a host in `origin.hosts_allowed`. \
               Without `mark_scale` it has its own size, scaled down if that is larger than the image. A watermark that is missing or \
               broken is omitted unless `mark_required` is set.",
        grammar: Grammar::Text("path below the origin, or URL"),
        default: "no watermark",
        needs: &[],
        examples: &[
            Example {
                source: "china.jpg",
                query: "width=200&mark=/pixmill-logo.png",
                shows: "a logo, scaled down to the image",
            },
            Example {
                source: "china.jpg",
                query: "width=200&mark=/pixmill-logo.png%3Fwidth%3D40%26rotate%3D10%26pad_color%3D0000&mark_pos=bottom,right",
                shows: "a logo with parameters of its own",
            },
        ],
    };

    fn parse(raw: &str) -> Result<Reading<Self>, Expected> {
        url::url(raw).map(|reading| reading.map(Self))
    }

    fn canonical(&self, out: &mut String) {
        url::canonical(&self.0, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::spec::check;

    #[test]
    fn values() {
        let relative =
            |path: &str, query: &str| Mark(Url::Relative { path: path.into(), query: query.into() });
        check::accepts(&[
            ("/logo.png", relative("/logo.png", "")),
            ("/logo.png?width=5&mark=/b.png", relative("/logo.png", "width=5&mark=/b.png")),
            ("http://a.example/b.png", Mark(Url::Absolute("http://a.example/b.png".into()))),
        ]);
        check::rejects::<Mark>(&["", "ftp://a.example/b.png"]);
    }
}
