//! Font families that clients may name, and the open fonts that substitute them.

/// How a family is substituted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kinship {
    /// Not at all: it is openly licensed.
    Itself,
    /// By the same design under its current name.
    Renamed,
    /// By a metric-compatible font.
    SameMetrics,
    /// By the most similar open design.
    Nearest,
}

/// A family that clients may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family {
    /// Its name.
    pub name: &'static str,
    /// Families that substitute it: the first installed one is used.
    pub drawn_by: &'static [&'static str],
    /// How the first substitute is related to it.
    pub kinship: Kinship,
    /// The package that contains the first substitute, of Debian unless stated otherwise.
    pub package: &'static str,
}

const fn family(
    name: &'static str,
    drawn_by: &'static [&'static str],
    kinship: Kinship,
    package: &'static str,
) -> Family {
    Family { name, drawn_by, kinship, package }
}

const LIBERATION: &str = "fonts-liberation";
const DEJAVU: &str = "fonts-dejavu";
const URW: &str = "fonts-urw-base35";
/// It is bundled, since no package contains it.
const BUNDLED: &str = "vendor-scripts/fonts";

/// Every family of the API's font list.
pub const FAMILIES: &[Family] = &[
    family("Andale Mono", &["DejaVu Sans Mono"], Kinship::Nearest, DEJAVU),
    family(
        "Arial Black",
        &["Archivo Black", "Open Sans Extrabold"],
        Kinship::Nearest,
        "fontpkg-archivo-black (PyPI)",
    ),
    family("Arial", &["Liberation Sans"], Kinship::SameMetrics, LIBERATION),
    family("Bitstream Charter", &["Charis SIL", "DejaVu Serif"], Kinship::Renamed, "fonts-sil-charis"),
    family("Century Schoolbook L", &["C059", "DejaVu Serif"], Kinship::Renamed, URW),
    family("Comic Sans MS", &["Comic Relief", "Comic Neue"], Kinship::SameMetrics, BUNDLED),
    family(
        "Costar Brown",
        &["League Spartan", "Open Sans"],
        Kinship::Nearest,
        "fontpkg-league-spartan (PyPI)",
    ),
    family("Courier 10 Pitch", &["Courier Prime", "Nimbus Mono PS"], Kinship::Nearest, BUNDLED),
    family("Courier New", &["Liberation Mono"], Kinship::SameMetrics, LIBERATION),
    family("DejaVu Sans", &["DejaVu Sans"], Kinship::Itself, DEJAVU),
    family("Georgia", &["Gelasio", "Charis SIL"], Kinship::SameMetrics, BUNDLED),
    family(
        "Impact",
        &["Anton", "Open Sans Extrabold", "DejaVu Sans"],
        Kinship::Nearest,
        "fontpkg-anton (PyPI)",
    ),
    family("Liberation Mono", &["Liberation Mono"], Kinship::Itself, LIBERATION),
    family("Liberation Sans", &["Liberation Sans"], Kinship::Itself, LIBERATION),
    family(
        "Liberation Sans Narrow",
        &["Liberation Sans Narrow", "Nimbus Sans Narrow"],
        Kinship::Itself,
        LIBERATION,
    ),
    family("Liberation Serif", &["Liberation Serif"], Kinship::Itself, LIBERATION),
    family("Nimbus Mono L", &["Nimbus Mono PS", "Liberation Mono"], Kinship::Renamed, URW),
    family("Nimbus Roman No9 L", &["Nimbus Roman", "Liberation Serif"], Kinship::Renamed, URW),
    family("Nimbus Sans L", &["Nimbus Sans", "Liberation Sans"], Kinship::Renamed, URW),
    family("Open Sans", &["Open Sans"], Kinship::Itself, "fonts-open-sans"),
    family(
        "Playfair Display",
        &["Playfair Display", "C059", "DejaVu Serif"],
        Kinship::Itself,
        "fontpkg-playfair-display (PyPI)",
    ),
    family(
        "RedHat Display",
        &["Red Hat Display", "Open Sans"],
        Kinship::Itself,
        "fontpkg-red-hat-display (PyPI)",
    ),
    family("Spartan", &["League Spartan", "URW Gothic"], Kinship::Renamed, "fontpkg-league-spartan (PyPI)"),
    family("Standard Symbols L", &["Standard Symbols PS"], Kinship::Renamed, URW),
    family("Times New Roman", &["Liberation Serif"], Kinship::SameMetrics, LIBERATION),
    family("Trebuchet MS", &["Fira Sans", "Open Sans"], Kinship::Nearest, "fontpkg-fira-sans (PyPI)"),
    family("URW Bookman L", &["URW Bookman", "DejaVu Serif"], Kinship::Renamed, URW),
    family("URW Chancery L", &["Z003", "Comic Neue"], Kinship::Renamed, URW),
    family("URW Gothic L", &["URW Gothic", "League Spartan"], Kinship::Renamed, URW),
    family("URW Palladio L", &["P052", "Liberation Serif"], Kinship::Renamed, URW),
    family("Utopia", &["Charis SIL", "DejaVu Serif"], Kinship::Nearest, "fonts-sil-charis"),
    family("Verdana", &["DejaVu Sans"], Kinship::Nearest, DEJAVU),
    family("Webdings", &["D050000L", "DejaVu Sans"], Kinship::Nearest, URW),
];

/// Aliases of listed families.
const ALIASES: &[(&str, &str)] = &[
    ("Times", "Times New Roman"),
    ("Courier", "Courier New"),
    ("Helvetica", "Arial"),
    ("Comic Sans", "Comic Sans MS"),
    ("Trebuchet", "Trebuchet MS"),
    ("Red Hat Display", "RedHat Display"),
    ("Charter", "Bitstream Charter"),
    ("Arial Narrow", "Liberation Sans Narrow"),
];

/// Families whose condensed styles are a separate family.
const CONDENSED: [(&str, &str); 3] = [
    ("Nimbus Sans L", "Nimbus Sans Narrow"),
    ("Arial", "Liberation Sans Narrow"),
    ("Liberation Sans", "Liberation Sans Narrow"),
];

/// Families whose medium weight is the bold one, since they have no other.
const MEDIUM_IS_BOLD: [&str; 1] = ["Nimbus Roman No9 L"];

/// Fallback for text whose family is not given or unknown.
pub const FALLBACK: &str = "Liberation Sans";

/// Fallbacks for scripts that a family lacks (Arabic, Hebrew and symbols; Chinese, Japanese and Korean; Thai;
/// Devanagari), and for emoji.
pub const LAST_RESORT: [&str; 5] =
    ["DejaVu Sans", "WenQuanYi Micro Hei", "Noto Sans Thai", "Noto Sans Devanagari", "Noto Color Emoji"];

/// The family with this name, ignoring case and spaces.
pub fn find(name: &str) -> Option<&'static Family> {
    let is_called = |known: &str| {
        let letters = |text: &str| -> Vec<u8> {
            text.bytes().filter(|byte| *byte != b' ').map(|byte| byte.to_ascii_lowercase()).collect()
        };
        letters(known) == letters(name)
    };
    let alias = ALIASES.iter().find(|(alias, _)| is_called(alias));
    match alias {
        Some((_, meant)) => FAMILIES.iter().find(|family| family.name == *meant),
        None => FAMILIES.iter().find(|family| is_called(family.name)),
    }
}

impl Family {
    /// The family of its condensed styles, if it is a separate one.
    pub fn condensed(&self) -> Option<&'static str> {
        CONDENSED.iter().find(|(name, _)| *name == self.name).map(|(_, narrow)| *narrow)
    }

    /// Whether its medium weight is the bold one.
    pub fn medium_is_bold(&self) -> bool {
        MEDIUM_IS_BOLD.contains(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_ignoring_case_and_by_alias() {
        assert_eq!(find("arial").map(|family| family.name), Some("Arial"));
        assert_eq!(find("TIMES").map(|family| family.name), Some("Times New Roman"));
        assert_eq!(find("timesnewroman").map(|family| family.name), Some("Times New Roman"));
        assert_eq!(find("Arial Narrow").map(|family| family.name), Some("Liberation Sans Narrow"));
        assert_eq!(find("No Such Font"), None);
        for (_, meant) in ALIASES {
            assert!(find(meant).is_some(), "{meant}");
        }
    }

    #[test]
    fn open_fonts_are_not_substituted() {
        for family in FAMILIES.iter().filter(|family| family.kinship == Kinship::Itself) {
            let first = family.drawn_by[0].replace(' ', "");
            assert_eq!(first, family.name.replace(' ', ""));
        }
    }
}
