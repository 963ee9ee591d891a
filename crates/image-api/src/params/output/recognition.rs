//! `recognition`: a description of the image's content as JSON, instead of an image.

use crate::params::spec::{Example, Expected, Grammar, Param, Reading, Spec};

/// What is detected in the original; at least one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recognition {
    /// Nudity.
    pub nsfw: bool,
    /// Labels of the content.
    pub labels: bool,
}

const EXPECTED: &str = "nsfw, labels, or both joined by a comma";

impl Param for Recognition {
    const SPEC: Spec = Spec {
        name: "recognition",
        aliases: &[],
        summary: "Responds with a JSON description of the content of the original instead of the image.",
        help: "`nsfw` is the probability that a photograph shows nudity; `labels` are names of objects and categories, \
               each with its confidence in percent. Other parameters have no effect. See docs/vision.md for the reliability of \
               the results. Needs the models that `make vendor` fetches.",
        grammar: Grammar::Text(EXPECTED),
        default: "the image itself",
        needs: &[],
        examples: &[Example {
            source: "chelsea.png",
            query: "recognition=labels",
            shows: "a cat, a mammal, an animal",
        }],
    };

    fn parse(raw: &str) -> Result<Reading<Self>, Expected> {
        let mut wanted = Self { nsfw: false, labels: false };
        for word in raw.split(',') {
            match word.trim().to_ascii_lowercase().as_str() {
                "nsfw" => wanted.nsfw = true,
                "labels" => wanted.labels = true,
                _ => return Err(EXPECTED.into()),
            }
        }
        Ok(Reading::exact(wanted))
    }

    fn canonical(&self, out: &mut String) {
        out.push_str(match (self.nsfw, self.labels) {
            (true, true) => "nsfw,labels",
            (_, true) => "labels",
            _ => "nsfw",
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::spec::check;

    #[test]
    fn values() {
        let wanted = |nsfw, labels| Recognition { nsfw, labels };
        check::accepts(&[
            ("nsfw", wanted(true, false)),
            ("Labels", wanted(false, true)),
            ("labels, nsfw", wanted(true, true)),
            ("nsfw,labels", wanted(true, true)),
        ]);
        check::rejects::<Recognition>(&["", "faces", "nsfw,", "true"]);
    }
}
