//! `mark_pos`: position of a watermark.

use crate::params::{
    spec::{Example, Expected, Grammar, Param, Reading, Spec},
    value::position::{self, Position},
};

/// The edge or corner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MarkPos(pub Position);

impl Param for MarkPos {
    const SPEC: Spec = Spec {
        name: "mark_pos",
        aliases: &[],
        summary: "The position of the watermark.",
        help: "One word names an edge, two name a corner, in any order, joined by a comma, `|` or a space.",
        grammar: Grammar::Text("`left`, `right`, `top`, `bottom`, `center`"),
        default: "center",
        needs: &["mark"],
        examples: &[
            Example {
                source: "china.jpg",
                query: "width=200&mark=/pixmill-logo.png&mark_scale=40&mark_pos=top",
                shows: "at the top edge",
            },
            Example {
                source: "china.jpg",
                query: "width=200&mark=/pixmill-logo.png&mark_scale=40&mark_pos=bottom,right",
                shows: "in a corner",
            },
        ],
    };

    fn parse(raw: &str) -> Result<Reading<Self>, Expected> {
        position::position(raw).map(|reading| reading.map(Self))
    }

    fn canonical(&self, out: &mut String) {
        position::canonical(self.0, out);
    }

    fn is_neutral(&self) -> bool {
        self.0 == Position::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::{spec::check, value::position::Anchor};

    #[test]
    fn values() {
        let corner = MarkPos(Position { across: Anchor::End, down: Anchor::Start });
        check::accepts(&[
            ("top|right", corner),
            ("right,top", corner),
            ("center", MarkPos(Position::default())),
        ]);
        check::rejects::<MarkPos>(&["", "north"]);
        assert!(!corner.is_neutral() && MarkPos(Position::default()).is_neutral());
    }
}
