//! `recognition`: what is to be seen in the picture, instead of the picture.

use crate::params::spec::{Example, Expected, Grammar, Param, Reading, Spec};

/// What is to be told about the original; at least one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recognition {
    /// Whether it shows nudity.
    pub nsfw: bool,
    /// What is in it.
    pub labels: bool,
}

const EXPECTED: &str = "nsfw, labels, or both joined by a comma";

impl Param for Recognition {
    const SPEC: Spec = Spec {
        name: "recognition",
        aliases: &[],
        summary: "Tells what is to be seen in the original, as JSON, instead of the picture.",
        help: "`nsfw` tells how likely it is that a photograph shows nudity; `labels` names things and sorts of things, \
               each with how sure that is, in percent. Other parameters change nothing. See docs/vision.md for what the \
               answers are good for. Needs the models that `make vendor` fetches.",
        grammar: Grammar::Text(EXPECTED),
        default: "the picture itself",
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
