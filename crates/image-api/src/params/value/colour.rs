//! Colours: CSS names, hex with or without `#`, `rgb()` and `rgba()`.

use std::fmt::Write;

use crate::params::spec::{Expected, Reading};

/// An sRGB colour with opacity, 8 bits each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour {
    /// Red.
    pub red: u8,
    /// Green.
    pub green: u8,
    /// Blue.
    pub blue: u8,
    /// Alpha; 255 is opaque.
    pub alpha: u8,
}

impl Colour {
    /// Opaque white.
    pub const WHITE: Self = Self { red: 255, green: 255, blue: 255, alpha: 255 };

    /// Whether it is opaque.
    pub fn is_opaque(self) -> bool {
        self.alpha == u8::MAX
    }

    /// Whether it is a grey: red, green and blue are equal.
    pub fn is_grey(self) -> bool {
        self.red == self.green && self.green == self.blue
    }

    /// The colour as values for an image of 1 to 4 bands: grey, grey + alpha, RGB, RGB + alpha.
    pub fn bands(self, count: u32) -> Vec<f64> {
        let [red, green, blue, alpha] = [self.red, self.green, self.blue, self.alpha].map(f64::from);
        match count {
            1 => vec![red],
            2 => vec![red, alpha],
            3 => vec![red, green, blue],
            _ => vec![red, green, blue, alpha],
        }
    }
}

const EXPECTED: &str = "a colour name, 3, 4, 6 or 8 hex digits, rgb(r,g,b) or rgba(r,g,b,a)";

/// Parses a colour.
pub fn colour(raw: &str) -> Result<Reading<Colour>, Expected> {
    let text = raw.trim();
    let function =
        text.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("rgb")) && text.ends_with(')');
    let named = text.bytes().all(|byte| byte.is_ascii_alphabetic());
    let digits = text.strip_prefix('#').unwrap_or(text);
    let hex = matches!(digits.len(), 3 | 4 | 6 | 8) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !(function || named || hex) {
        return Err(EXPECTED.into());
    }
    let parsed = if hex { csscolorparser::parse(&format!("#{digits}")) } else { csscolorparser::parse(text) };
    let [red, green, blue, alpha] = parsed.map_err(|_| EXPECTED.to_owned())?.to_rgba8();
    Ok(Reading::exact(Colour { red, green, blue, alpha }))
}

/// Writes a colour as 6 hex digits, or 8 if it is not opaque.
pub fn canonical(colour: Colour, out: &mut String) {
    let Colour { red, green, blue, alpha } = colour;
    write!(out, "{red:02x}{green:02x}{blue:02x}").expect("invariant: writing to a string does not fail");
    if !colour.is_opaque() {
        write!(out, "{alpha:02x}").expect("invariant: writing to a string does not fail");
    }
}

/// Implements the value methods of `Param` for a type that wraps a colour.
macro_rules! methods {
    () => {
        fn parse(raw: &str) -> Result<$crate::params::spec::Reading<Self>, $crate::params::spec::Expected> {
            $crate::params::value::colour::colour(raw).map(|reading| reading.map(Self))
        }

        fn canonical(&self, out: &mut String) {
            $crate::params::value::colour::canonical(self.0, out);
        }
    };
}
pub(crate) use methods;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rgba(red: u8, green: u8, blue: u8, alpha: u8) -> Colour {
        Colour { red, green, blue, alpha }
    }

    #[test]
    fn every_spelling() {
        for (raw, expected) in [
            ("white", Colour::WHITE),
            ("RED", rgba(255, 0, 0, 255)),
            ("orange", rgba(255, 165, 0, 255)),
            ("fff", Colour::WHITE),
            ("#F0F", rgba(255, 0, 255, 255)),
            ("555", rgba(0x55, 0x55, 0x55, 255)),
            ("00ff00", rgba(0, 255, 0, 255)),
            ("00ff0080", rgba(0, 255, 0, 128)),
            ("0000", rgba(0, 0, 0, 0)),
            ("rgb(255,0,0)", rgba(255, 0, 0, 255)),
            ("rgb(1, 2, 3)", rgba(1, 2, 3, 255)),
            ("rgba(1,2,3,0.5)", rgba(1, 2, 3, 128)),
            ("rgba(1,2,3,0)", rgba(1, 2, 3, 0)),
            ("transparent", rgba(0, 0, 0, 0)),
            ("bed", rgba(0xbb, 0xee, 0xdd, 255)),
        ] {
            assert_eq!(colour(raw), Ok(Reading::exact(expected)), "{raw}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for raw in [
            "",
            "notacolour",
            "#12345",
            "12",
            "rgb(1,2)",
            "rgb(1,2,3",
            "url(x)",
            "hsl(1,2%,3%)",
            "ggg",
            "#",
            "ä",
        ] {
            assert!(colour(raw).is_err(), "{raw}");
        }
    }

    proptest! {
        #[test]
        fn the_canonical_form_round_trips(red: u8, green: u8, blue: u8, alpha: u8) {
            let mut text = String::new();
            canonical(rgba(red, green, blue, alpha), &mut text);
            prop_assert_eq!(colour(&text).unwrap().value, rgba(red, green, blue, alpha));
        }

        #[test]
        fn any_text_is_parsed_or_refused(raw in ".{0,40}") {
            let _ = colour(&raw);
        }
    }
}
