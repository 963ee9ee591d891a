//! Whether pixels are sRGB as they stand.

use vips::{Image, Interpretation};

/// What the embedded colour profile asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// None is embedded, or it is sRGB itself: nothing to convert.
    Srgb,
    /// Pixels must be converted by the embedded profile.
    Foreign,
}

impl Profile {
    pub(super) fn of(image: &Image) -> Self {
        let grey = matches!(image.interpretation(), Interpretation::Grey | Interpretation::Grey16);
        match image.block(c"icc-profile-data") {
            Some(profile) if grey || !is_srgb(profile) => Self::Foreign,
            _ => Self::Srgb,
        }
    }
}

/// Bytes before the tag table of an ICC profile, and of one entry of it (ICC.1:2022, 7.2 and 7.3).
const HEADER: usize = 128;
const TAG_ENTRY: usize = 12;

/// Whether an ICC profile describes itself as sRGB.
fn is_srgb(profile: &[u8]) -> bool {
    description(profile).is_some_and(|text| text.starts_with("sRGB"))
}

/// The text of the profile's `desc` tag: ASCII in version 2, UTF-16 in version 4.
fn description(profile: &[u8]) -> Option<String> {
    let number = |at: usize| {
        let bytes = profile.get(at..at + 4)?;
        Some(u32::from_be_bytes(bytes.try_into().ok()?) as usize)
    };
    let entries = (0..number(HEADER)?.min(100)).map(|index| HEADER + 4 + index * TAG_ENTRY);
    let entry = entries.into_iter().find(|at| profile.get(*at..at + 4) == Some(b"desc"))?;
    let start = number(entry + 4)?;
    match profile.get(start..start.checked_add(4)?)? {
        b"desc" => {
            let length = number(start + 8)?;
            let text = profile.get(start + 12..(start + 12).checked_add(length)?)?;
            Some(String::from_utf8_lossy(text).trim_end_matches('\0').to_owned())
        }
        b"mluc" => {
            let (length, offset) = (number(start + 20)?, number(start + 24)?);
            let begin = start.checked_add(offset)?;
            let text = profile.get(begin..begin.checked_add(length)?)?;
            let units = text.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            Some(char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn profile(tag: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; HEADER];
        bytes.extend(1u32.to_be_bytes());
        bytes.extend(b"desc");
        bytes.extend(((HEADER + 4 + TAG_ENTRY) as u32).to_be_bytes());
        bytes.extend((tag.len() as u32).to_be_bytes());
        bytes.extend(tag);
        bytes
    }

    #[test]
    fn both_versions_of_the_description() {
        let old = [b"desc\0\0\0\0\0\0\0\x12".as_slice(), b"sRGB IEC61966-2.1\0"].concat();
        assert!(is_srgb(&profile(&old)));
        let name: Vec<u8> = "sRGB".encode_utf16().flat_map(u16::to_be_bytes).collect();
        let new = [b"mluc\0\0\0\0\0\0\0\x01\0\0\0\x0cenUS\0\0\0\x08\0\0\0\x1c".as_slice(), &name].concat();
        assert!(is_srgb(&profile(&new)));
        let other = [b"desc\0\0\0\0\0\0\0\x0b".as_slice(), b"Display P3\0"].concat();
        assert!(!is_srgb(&profile(&other)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(tag: Vec<u8>, noise: Vec<u8>) {
            let _ = (is_srgb(&profile(&tag)), is_srgb(&noise));
        }
    }
}
