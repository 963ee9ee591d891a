//! The `icc` object: texts of the colour profile.

use serde::Serialize;

use crate::source::icc::text;

/// The texts of a profile; absent ones are omitted.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Icc {
    #[serde(skip_serializing_if = "Option::is_none")]
    copyright: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    manufacturer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
}

/// Parses a profile.
pub fn parse(profile: &[u8]) -> Icc {
    let told = |tag| text(profile, tag).filter(|text| !text.is_empty());
    Icc {
        copyright: told(*b"cprt"),
        description: told(*b"desc"),
        manufacturer: told(*b"dmnd"),
        model: told(*b"dmdd"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::icc::profile_with_texts;

    #[test]
    fn absent_texts_are_omitted() {
        let profile = profile_with_texts(&[(*b"desc", "sRGB"), (*b"cprt", "Nobody"), (*b"dmnd", "")]);
        let json = serde_json::to_string(&parse(&profile)).unwrap();
        assert_eq!(json, r#"{"copyright":"Nobody","description":"sRGB"}"#);
        assert_eq!(serde_json::to_string(&parse(b"")).unwrap(), "{}");
    }
}
