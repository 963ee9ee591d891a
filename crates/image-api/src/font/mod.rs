//! Font declarations: family, styles and size in any order, for example `Arial italic 20`.

pub mod families;

use std::fmt::{self, Display, Formatter};

use self::families::{FALLBACK, Family, LAST_RESORT};
use crate::params::value::number;

/// Default size in points.
pub const DEFAULT_SIZE: f64 = 20.0;

/// Smallest and largest size in points.
const SIZES: (f64, f64) = (1.0, 1000.0);

/// Longest declaration that is parsed, in bytes.
const MAX_BYTES: usize = 100;

/// Most words of a family's name.
const MAX_FAMILY_WORDS: usize = 4;

/// Keywords for the weight, Pango's name first; those for the normal weight have no name in Pango.
const WEIGHTS: [(&str, &[&str]); 9] = [
    ("Thin", &["thin"]),
    ("Ultra-Light", &["extralight", "ultralight"]),
    ("Light", &["light"]),
    ("", &["regular", "normal", "standard", "roman", "book"]),
    ("Medium", &["medium"]),
    ("Semi-Bold", &["semibold", "demibold", "demi"]),
    ("Bold", &["bold"]),
    ("Ultra-Bold", &["extrabold", "ultrabold"]),
    ("Heavy", &["black", "heavy"]),
];

/// Keywords that combine with the next word: `Extra Bold`.
const DEGREES: [&str; 4] = ["semi", "demi", "extra", "ultra"];

/// Index of the normal weight in `WEIGHTS`.
const NORMAL: usize = 3;

/// Indices of the medium and the bold weight.
const MEDIUM: usize = 4;
const BOLD: usize = 6;

/// A font.
#[derive(Debug, Clone, PartialEq)]
pub struct Font {
    /// The name of a listed family, or any other name as written; empty if none was given.
    family: String,
    /// Index into `WEIGHTS`.
    weight: usize,
    italic: bool,
    condensed: bool,
    /// Size in points.
    size: f64,
}

impl Default for Font {
    fn default() -> Self {
        Self { family: String::new(), weight: NORMAL, italic: false, condensed: false, size: DEFAULT_SIZE }
    }
}

impl Font {
    /// Parses a declaration. Only its length can be refused: words that are neither a style nor a size are a family
    /// name, and unknown families have a fallback.
    pub fn parse(raw: &str) -> Result<Self, String> {
        if raw.len() > MAX_BYTES {
            return Err(format!("a font of at most {MAX_BYTES} bytes"));
        }
        // characters with a meaning in Pango (`,` `@` `#` `=`) are removed from names
        let plain: String =
            raw.chars().map(|c| if c.is_alphanumeric() || "-.'_".contains(c) { c } else { ' ' }).collect();
        let words = plain.split_whitespace().filter(|word| word.contains(char::is_alphanumeric));
        let mut words: Vec<&str> = words.collect();
        // PostScript names: Arial-Bold, TimesNewRomanPS-BoldItalicMT
        if known_family(&words).is_none() && plain.contains('-') {
            words = plain
                .split([' ', '-'])
                .map(postscript_word)
                .filter(|word| word.contains(char::is_alphanumeric))
                .collect();
        }
        let mut font = Self::default();
        if let Some((start, length, family)) = known_family(&words) {
            family.name.clone_into(&mut font.family);
            words.drain(start..start + length);
        }
        let mut unknown = Vec::new();
        let mut rest = words.as_slice();
        while let [first, after @ ..] = rest {
            rest = after;
            let degree = DEGREES.iter().any(|degree| degree.eq_ignore_ascii_case(first));
            if let Some((second, after)) = after.split_first().filter(|_| degree)
                && font.takes(&format!("{first}{second}"))
            {
                rest = after;
            } else if !font.takes(first) {
                unknown.push(*first);
            }
        }
        if font.family.is_empty() {
            font.family = unknown.join(" ");
        }
        Ok(font)
    }

    /// Parses a word that is a style or a size.
    fn takes(&mut self, word: &str) -> bool {
        let word = word.to_ascii_lowercase().replace('-', "");
        let size = word.strip_suffix("px").or_else(|| word.strip_suffix("pt")).unwrap_or(&word);
        if let Some(size) = number::finite(size) {
            self.size = size.clamp(SIZES.0, SIZES.1);
            return true;
        }
        let upright = ["italic", "oblique"].iter().find_map(|slant| word.strip_suffix(slant));
        let weight = |word: &str| WEIGHTS.iter().position(|(_, words)| words.contains(&word));
        match (upright, word.as_str()) {
            (Some(before), _) => {
                let weight = if before.is_empty() { Some(self.weight) } else { weight(before) };
                self.italic |= weight.is_some();
                self.weight = weight.unwrap_or(self.weight);
                weight.is_some()
            }
            (None, "condensed" | "narrow") => {
                self.condensed = true;
                true
            }
            (None, word) => {
                let weight = weight(word);
                // `regular` does not cancel `bold`
                self.weight = weight.filter(|weight| *weight != NORMAL).unwrap_or(self.weight);
                weight.is_some()
            }
        }
    }

    /// Size in points.
    pub fn size(&self) -> f64 {
        self.size
    }

    /// The Pango font description at this size.
    pub fn description(&self, size: f64) -> String {
        let known = families::find(&self.family);
        let own: Vec<&str> = match known {
            Some(family) => {
                let narrow = family.condensed().filter(|_| self.condensed);
                narrow.into_iter().chain(family.drawn_by.iter().copied()).collect()
            }
            None if self.family.is_empty() => vec![FALLBACK],
            None => vec![&self.family, FALLBACK],
        };
        let families: Vec<_> = own.into_iter().chain(LAST_RESORT).collect();
        let weight = match known {
            Some(family) if family.medium_is_bold() && self.weight == MEDIUM => BOLD,
            _ => self.weight,
        };
        format!("{},{} {size}", families.join(","), self.styles(weight))
    }

    fn styles(&self, weight: usize) -> String {
        let mut styles = String::new();
        let (weight, _) = WEIGHTS[weight];
        let slant = if self.italic { "Italic" } else { "" };
        let stretch = if self.condensed { "Condensed" } else { "" };
        for word in [weight, slant, stretch].into_iter().filter(|word| !word.is_empty()) {
            styles.push(' ');
            styles.push_str(word);
        }
        styles
    }
}

/// A part of a PostScript name, without the suffixes of its foundry.
fn postscript_word(word: &str) -> &str {
    let word = word.strip_suffix("MT").unwrap_or(word);
    word.strip_suffix("PS").unwrap_or(word)
}

/// The longest listed family that the words contain: index of its first word, and number of words.
fn known_family(words: &[&str]) -> Option<(usize, usize, &'static Family)> {
    (1..=MAX_FAMILY_WORDS.min(words.len())).rev().find_map(|length| {
        let mut windows = words.windows(length).enumerate();
        windows.find_map(|(start, window)| Some((start, length, families::find(&window.join(" "))?)))
    })
}

impl Display for Font {
    /// The canonical form: family, styles, size. Parses as the same font.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let words = format!("{}{}", self.family, self.styles(self.weight).replace('-', ""));
        write!(f, "{} {}", words.trim(), self.size)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_order_of_words_does_not_matter() {
        for (raw, expected) in [
            ("Arial italic 20", "Arial Italic 20"),
            ("20 italic arial", "Arial Italic 20"),
            ("italic", "Italic 20"),
            ("48", "48"),
            ("bold 12px Times", "Times New Roman Bold 12"),
            ("arial bold 20", "Arial Bold 20"),
            ("Arial Black 9", "Arial Black 9"),
            ("Open Sans Semibold Italic", "Open Sans SemiBold Italic 20"),
            ("Playfair Display Extra Bold Italic 33", "Playfair Display UltraBold Italic 33"),
            ("RedHat Display BoldItalic", "RedHat Display Bold Italic 20"),
            ("DejaVu Sans Bold Oblique", "DejaVu Sans Bold Italic 20"),
            ("DejaVu Sans Condensed Bold", "DejaVu Sans Bold Condensed 20"),
            ("Nimbus Roman No9 L Medium Italic", "Nimbus Roman No9 L Medium Italic 20"),
            ("Liberation Sans Narrow Bold", "Liberation Sans Narrow Bold 20"),
            ("Century Schoolbook L Roman", "Century Schoolbook L 20"),
            ("Comic Sans MS normal", "Comic Sans MS 20"),
            ("Arial-Bold", "Arial Bold 20"),
            ("Arial-BoldItalicMT 30", "Arial Bold Italic 30"),
            ("TimesNewRomanPS-BoldMT", "Times New Roman Bold 20"),
            ("OpenSans-ExtraBold", "Open Sans UltraBold 20"),
            ("Georgia-Italic", "Georgia Italic 20"),
            ("Arial Narrow Bold", "Liberation Sans Narrow Bold 20"),
            ("No-Such-Face bold", "No Such Face Bold 20"),
            ("No Such Face 30", "No Such Face 30"),
            ("evil,@wght=900#x", "evil wght x 900"),
            ("", "20"),
        ] {
            let font = Font::parse(raw).unwrap();
            assert_eq!(font.to_string().trim(), expected, "{raw}");
            assert_eq!(Font::parse(&font.to_string()), Ok(font), "{raw}");
        }
        assert!(Font::parse(&"x".repeat(101)).is_err());
    }

    #[test]
    fn pango_descriptions_include_fallbacks() {
        let asked = |raw: &str| Font::parse(raw).unwrap().description(30.0);
        let rest = LAST_RESORT.join(",");
        assert_eq!(asked("Arial bold 20"), format!("Liberation Sans,{rest}, Bold 30"));
        assert_eq!(asked("Odd"), format!("Odd,Liberation Sans,{rest}, 30"));
        assert!(asked("Nimbus Sans L Bold Condensed").starts_with("Nimbus Sans Narrow,Nimbus Sans,"));
        assert!(asked("Nimbus Roman No9 L Medium Italic").ends_with(" Bold Italic 30"));
        assert!(asked("Playfair Display Medium").ends_with(" Medium 30"));
        assert!(asked("20").starts_with(FALLBACK));
    }

    proptest! {
        #[test]
        fn any_text_is_a_font_with_a_canonical_form(raw in ".{0,60}") {
            if let Ok(font) = Font::parse(&raw) && font.to_string().len() <= MAX_BYTES {
                let again = Font::parse(&font.to_string()).unwrap();
                prop_assert_eq!(again.to_string(), font.to_string());
            }
        }
    }
}
