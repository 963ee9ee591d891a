//! Positions: `left`, `right`, `top`, `bottom` and `center`, joined by comma, pipe or space, in any order.

use crate::params::spec::{Expected, Reading};

/// An anchor on one axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Anchor {
    /// The left or top edge.
    Start,
    /// The centre.
    #[default]
    Middle,
    /// The right or bottom edge.
    End,
}

/// An anchor on an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// Horizontal.
    pub across: Anchor,
    /// Vertical.
    pub down: Anchor,
}

const EXPECTED: &str =
    "left, right, top, bottom or center, one or two of them joined by a comma, | or a space";

/// Parses a position.
pub fn position(raw: &str) -> Result<Reading<Position>, Expected> {
    let (mut across, mut down) = (None, None);
    let words = raw.split([',', '|', ' ', '+']).filter(|word| !word.is_empty());
    let mut count = 0;
    for word in words {
        count += 1;
        let (axis, anchor) = match word.to_ascii_lowercase().as_str() {
            "left" => (&mut across, Anchor::Start),
            "right" => (&mut across, Anchor::End),
            "top" => (&mut down, Anchor::Start),
            "bottom" => (&mut down, Anchor::End),
            // `center` applies to an axis that no other word names
            "center" => continue,
            _ => return Err(EXPECTED.into()),
        };
        if axis.replace(anchor).is_some_and(|earlier| earlier != anchor) {
            return Err(EXPECTED.into());
        }
    }
    if count == 0 {
        return Err(EXPECTED.into());
    }
    let position = Position { across: across.unwrap_or_default(), down: down.unwrap_or_default() };
    Ok(Reading::exact(position))
}

/// Writes a position, vertical anchor first.
pub fn canonical(position: Position, out: &mut String) {
    out.push_str(match (position.down, position.across) {
        (Anchor::Start, Anchor::Start) => "top,left",
        (Anchor::Start, Anchor::Middle) => "top",
        (Anchor::Start, Anchor::End) => "top,right",
        (Anchor::Middle, Anchor::Start) => "left",
        (Anchor::Middle, Anchor::Middle) => "center",
        (Anchor::Middle, Anchor::End) => "right",
        (Anchor::End, Anchor::Start) => "bottom,left",
        (Anchor::End, Anchor::Middle) => "bottom",
        (Anchor::End, Anchor::End) => "bottom,right",
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling() {
        for (raw, expected) in [
            ("top", "top"),
            ("top,left", "top,left"),
            ("left|top", "top,left"),
            ("TOP LEFT", "top,left"),
            ("right+bottom", "bottom,right"),
            ("bottom, left", "bottom,left"),
            ("center", "center"),
            ("center,right", "right"),
            ("top|center", "top"),
            ("left left", "left"),
            ("center center", "center"),
        ] {
            let value = position(raw).unwrap().value;
            let mut written = String::new();
            canonical(value, &mut written);
            assert_eq!(written, expected, "{raw}");
            assert_eq!(position(&written).unwrap().value, value, "{raw}");
        }
        for raw in ["", " ", "middle", "left,right", "top,bottom", "0", "left;top"] {
            assert!(position(raw).is_err(), "{raw}");
        }
    }
}
