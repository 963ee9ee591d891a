//! ICC profiles (ICC.1): reading their tags, and writing profiles for colours that a file signals otherwise.

mod srgb;
mod write;

pub(in crate::source) use srgb::of_image;
pub use write::profile_for;

/// Offset of the tag table, and bytes per entry (ICC.1:2022, 7.2 and 7.3).
const HEADER: usize = 128;
const TAG_ENTRY: usize = 12;

/// Most tag table entries that are searched; profiles have one or two dozen.
const MAX_TAGS: usize = 100;

/// The data of a tag, truncated at the end of the profile; it begins with its type.
fn data(profile: &[u8], tag: [u8; 4]) -> Option<&[u8]> {
    let entries = (0..number(profile, HEADER)?.min(MAX_TAGS)).map(|index| HEADER + 4 + index * TAG_ENTRY);
    let entry = entries.into_iter().find(|at| profile.get(*at..at + 4) == Some(&tag))?;
    let (start, length) = (number(profile, entry + 4)?, number(profile, entry + 8)?);
    let end = start.checked_add(length)?.min(profile.len());
    profile.get(start..end)
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let number = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(number.try_into().ok()?) as usize)
}

/// The text of a tag: ASCII in version 2 (`desc` and `text`), the first translation in version 4 (`mluc`).
pub fn text(profile: &[u8], tag: [u8; 4]) -> Option<String> {
    let data = data(profile, tag)?;
    let part = |from: usize, length: usize| data.get(from..from.checked_add(length)?);
    match part(0, 4)? {
        b"desc" => Some(ascii(part(12, number(data, 8)?)?)),
        b"text" => Some(ascii(data.get(8..)?)),
        b"mluc" => {
            let units = part(number(data, 24)?, number(data, 20)?)?.chunks_exact(2);
            let units = units.map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            Some(char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
        }
        _ => None,
    }
}

fn ascii(text: &[u8]) -> String {
    String::from_utf8_lossy(text).trim_end_matches('\0').to_owned()
}

/// A version 2 profile that contains only these texts, for tests.
#[cfg(test)]
pub(crate) fn profile_with_texts(texts: &[([u8; 4], &str)]) -> Vec<u8> {
    let data = texts.iter().map(|(tag, text)| {
        let length = (text.len() as u32 + 1).to_be_bytes();
        (*tag, [b"desc\0\0\0\0".as_slice(), &length, text.as_bytes(), b"\0"].concat())
    });
    with_tags(&data.collect::<Vec<_>>())
}

#[cfg(test)]
fn with_tags(tags: &[([u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut bytes = vec![0; HEADER];
    bytes.extend((tags.len() as u32).to_be_bytes());
    let mut start = HEADER + 4 + tags.len() * TAG_ENTRY;
    for (tag, data) in tags {
        bytes.extend(tag);
        bytes.extend((start as u32).to_be_bytes());
        bytes.extend((data.len() as u32).to_be_bytes());
        start += data.len();
    }
    bytes.extend(tags.iter().flat_map(|(_, data)| data));
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_of_every_type() {
        let name: Vec<u8> = "Grün".encode_utf16().flat_map(u16::to_be_bytes).collect();
        let profile = with_tags(&[
            (*b"desc", b"desc\0\0\0\0\0\0\0\x12sRGB IEC61966-2.1\0".to_vec()),
            (*b"cprt", b"text\0\0\0\0Nobody\0".to_vec()),
            (
                *b"dmnd",
                [b"mluc\0\0\0\0\0\0\0\x01\0\0\0\x0cdeDE\0\0\0\x08\0\0\0\x1c".as_slice(), &name].concat(),
            ),
            (*b"dmdd", b"para".to_vec()),
        ]);
        let found = [*b"desc", *b"cprt", *b"dmnd", *b"dmdd", *b"gone"].map(|tag| text(&profile, tag));
        let expected = [Some("sRGB IEC61966-2.1"), Some("Nobody"), Some("Grün"), None, None];
        assert_eq!(found.each_ref().map(Option::as_deref), expected);
        assert_eq!(text(&profile_with_texts(&[(*b"dmdd", "Model 1")]), *b"dmdd").as_deref(), Some("Model 1"));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_not_panic(data: Vec<u8>, noise: Vec<u8>) {
            let _ = (text(&with_tags(&[(*b"desc", data)]), *b"desc"), text(&noise, *b"desc"));
        }
    }
}
