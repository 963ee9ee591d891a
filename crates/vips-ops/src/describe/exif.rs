//! The `exif` object: tags of IFD0, of the EXIF IFD and of the GPS IFD, by name.

use std::fmt::Display;

use exif::{Error, Field, In, Reader, Tag, Value};
use serde::{Serialize, Serializer};
use serde_json::{Number, Value as Json};

/// Prefix of an EXIF block in some containers.
const PREFIX: &[u8] = b"Exif\0\0";

/// Largest block that is parsed, in bytes: a JPEG has at most 64 KiB, other formats may contain a large thumbnail.
const MAX_BYTES: usize = 256 * 1024;

/// Most elements of a value that is output. Longer ones are tables and maker notes in proprietary formats.
const MAX_ELEMENTS: usize = 64;

/// Tags that the API names as in older editions of the standard.
const OLDER_NAMES: [(Tag, &str); 3] = [
    (Tag::PhotographicSensitivity, "ISOSpeedRatings"),
    (Tag::PixelXDimension, "ExifImageWidth"),
    (Tag::PixelYDimension, "ExifImageLength"),
];

/// The tag of IFD0 that points to the EXIF IFD.
const EXIF_OFFSET: (u16, &str) = (0x8769, "ExifOffset");

/// Names and values, sorted by name, ignoring case.
#[derive(Debug, Default)]
pub struct Exif(Vec<(String, Json)>);

impl Serialize for Exif {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// Parses a block, as far as it is valid.
pub fn parse(block: &[u8]) -> Exif {
    let block = block.strip_prefix(PREFIX).unwrap_or(block);
    let read =
        (block.len() <= MAX_BYTES).then(|| Reader::new().continue_on_error(true).read_raw(block.to_vec()));
    let partial = |error: Error| error.distill_partial_result(|_| ());
    let Some(Ok(exif)) = read.map(|result| result.or_else(partial)) else { return Exif::default() };
    let mut told: Vec<(String, Json)> = Vec::new();
    // values of a valid block do not overlap: together they have at most as many elements as the block has bytes
    let mut room = block.len();
    for field in exif.fields() {
        let Some(left) = room.checked_sub(elements(&field.value)) else { break };
        room = left;
        told.extend(name(field).zip(value(&field.value)));
    }
    let offset = exif_offset(block, exif.little_endian());
    told.extend(offset.map(|offset| (EXIF_OFFSET.1.to_owned(), offset.into())));
    // the sort is stable, so the first of two values of one tag is kept
    told.sort_by_cached_key(|(name, _)| name.to_lowercase());
    told.dedup_by(|later, first| later.0 == first.0);
    Exif(told)
}

/// The name of a field of the image itself (not of its thumbnail), if the tag is known.
fn name(field: &Field) -> Option<String> {
    let known = field.ifd_num == In::PRIMARY && field.tag.description().is_some();
    let older = OLDER_NAMES.iter().find(|(tag, _)| *tag == field.tag);
    known.then(|| older.map_or_else(|| field.tag.to_string(), |(_, name)| (*name).to_owned()))
}

/// The number of elements of a value in memory.
fn elements(value: &Value) -> usize {
    match value {
        Value::Byte(list) | Value::Undefined(list, _) => list.len(),
        Value::Ascii(texts) => texts.iter().map(|text| text.len() + 1).sum(),
        Value::Short(list) => list.len(),
        Value::Long(list) => list.len(),
        Value::Rational(list) => list.len(),
        Value::SByte(list) => list.len(),
        Value::SShort(list) => list.len(),
        Value::SLong(list) => list.len(),
        Value::SRational(list) => list.len(),
        Value::Float(list) => list.len(),
        Value::Double(list) => list.len(),
        Value::Unknown(..) => 0,
    }
}

/// The JSON of a value; `None` if it is empty or too long.
fn value(value: &Value) -> Option<Json> {
    let text = match value {
        Value::Ascii(texts) => {
            let texts = texts.iter().map(|text| String::from_utf8_lossy(text).trim().to_owned());
            texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ")
        }
        Value::Byte(list) | Value::Undefined(list, _) => joined(list)?,
        Value::Short(list) => joined(list)?,
        Value::Long(list) => joined(list)?,
        Value::SByte(list) => joined(list)?,
        Value::SShort(list) => joined(list)?,
        Value::SLong(list) => joined(list)?,
        Value::Float(list) => joined(list)?,
        Value::Double(list) => joined(list)?,
        Value::Rational(list) => joined(list.iter().map(|part| format!("{}/{}", part.num, part.denom)))?,
        Value::SRational(list) => joined(list.iter().map(|part| format!("{}/{}", part.num, part.denom)))?,
        Value::Unknown(..) => return None,
    };
    (!text.is_empty()).then(|| plain(text))
}

fn joined(list: impl IntoIterator<Item: Display, IntoIter: ExactSizeIterator>) -> Option<String> {
    let list = list.into_iter();
    (list.len() <= MAX_ELEMENTS).then(|| list.map(|item| item.to_string()).collect::<Vec<_>>().join(", "))
}

/// A JSON number if the text is a number in its canonical form, so that nothing is lost: `10.3`, but not `10.30` or
/// `007`.
fn plain(text: String) -> Json {
    let whole = text.parse::<i64>().ok().map(Number::from);
    let number = whole.or_else(|| text.parse().ok().and_then(Number::from_f64));
    number.filter(|number| number.to_string() == text).map_or(Json::String(text), Json::Number)
}

/// The value of the tag that the parser follows and does not output.
fn exif_offset(block: &[u8], little_endian: bool) -> Option<u32> {
    let short = |at: usize| {
        let bytes = *block.get(at..)?.first_chunk()?;
        Some(if little_endian { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    };
    let long = |at: usize| {
        let bytes = *block.get(at..)?.first_chunk()?;
        Some(if little_endian { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    };
    let directory = long(4)? as usize;
    let entries = (0..usize::from(short(directory)?)).map(|index| directory + 2 + index * 12);
    entries.into_iter().find(|entry| short(*entry) == Some(EXIF_OFFSET.0)).and_then(|entry| long(entry + 8))
}

#[cfg(test)]
mod tests {
    use exif::experimental::Writer;
    use exif::{Context, Rational, SRational};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn block(fields: &[(Tag, Value)]) -> Vec<u8> {
        let fields: Vec<_> = fields
            .iter()
            .map(|(tag, value)| Field { tag: *tag, ifd_num: In::PRIMARY, value: value.clone() })
            .collect();
        let mut writer = Writer::new();
        for field in &fields {
            writer.push_field(field);
        }
        let mut bytes = std::io::Cursor::new(Vec::new());
        writer.write(&mut bytes, false).unwrap();
        bytes.into_inner()
    }

    fn parsed(block: &[u8]) -> Json {
        serde_json::to_value(parse(block)).unwrap()
    }

    fn ascii(text: &[u8]) -> Value {
        Value::Ascii(vec![text.to_vec()])
    }

    #[test]
    fn values_have_the_shapes_of_the_api() {
        let nine_fifths = Rational { num: 9, denom: 5 };
        for (tag, value, name, expected) in [
            (Tag::FNumber, Value::Rational(vec![nine_fifths]), "FNumber", json!("9/5")),
            (
                Tag::ExposureBiasValue,
                Value::SRational(vec![SRational { num: 0, denom: 1 }]),
                "ExposureBiasValue",
                json!("0/1"),
            ),
            (Tag::GPSLatitude, Value::Rational(vec![nine_fifths; 3]), "GPSLatitude", json!("9/5, 9/5, 9/5")),
            (Tag::Flash, Value::Short(vec![24]), "Flash", json!(24)),
            (Tag::PixelXDimension, Value::Long(vec![4032]), "ExifImageWidth", json!(4032)),
            (Tag::PixelYDimension, Value::Short(vec![3024]), "ExifImageLength", json!(3024)),
            (Tag::PhotographicSensitivity, Value::Short(vec![20]), "ISOSpeedRatings", json!(20)),
            (
                Tag::SubjectArea,
                Value::Short(vec![2015, 1511, 2217, 1330]),
                "SubjectArea",
                json!("2015, 1511, 2217, 1330"),
            ),
            (Tag::ExifVersion, Value::Undefined(b"0221".to_vec(), 0), "ExifVersion", json!("48, 50, 50, 49")),
            (Tag::SceneType, Value::Undefined(vec![1], 0), "SceneType", json!(1)),
            (Tag::Make, ascii(b"Apple"), "Make", json!("Apple")),
            (Tag::DateTime, ascii(b"2017:04:02 16:08:21"), "DateTime", json!("2017:04:02 16:08:21")),
            (Tag::Software, ascii(b"10.3"), "Software", json!(10.3)),
            (Tag::Software, ascii(b"10.30"), "Software", json!("10.30")),
            (Tag::Software, ascii(b"007"), "Software", json!("007")),
            (Tag::Software, ascii(b"1e3"), "Software", json!("1e3")),
            (Tag::Software, ascii(b"inf"), "Software", json!("inf")),
            (Tag::Model, ascii(b"  X-1 \n"), "Model", json!("X-1")),
            (Tag::Model, ascii(b"a\xffb\x01\"c"), "Model", json!("a\u{fffd}b\u{1}\"c")),
        ] {
            assert_eq!(parsed(&block(&[(tag, value)]))[name], expected, "{name}");
        }
    }

    #[test]
    fn empty_unknown_and_long_values_are_omitted() {
        let all = parsed(&block(&[
            (Tag::MakerNote, Value::Undefined(vec![7; 65], 0)),
            (Tag::Make, ascii(b" ")),
            (Tag(Context::Tiff, 65_000), Value::Short(vec![1])),
            (Tag::Orientation, Value::Short(vec![6])),
        ]));
        assert_eq!(all.as_object().unwrap().keys().collect::<Vec<_>>(), ["ExifOffset", "Orientation"]);
    }

    #[test]
    fn names_are_sorted_ignoring_case() {
        let written = serde_json::to_string(&parse(&block(&[
            (Tag::Flash, Value::Short(vec![1])),
            (Tag::FNumber, Value::Short(vec![2])),
            (Tag::FocalLength, Value::Short(vec![3])),
            (Tag::Make, ascii(b"m")),
        ])));
        let names = ["ExifOffset", "Flash", "FNumber", "FocalLength", "Make"];
        let written = written.unwrap();
        assert!(names.map(|name| written.find(&format!("\"{name}\""))).is_sorted(), "{written}");
    }

    #[test]
    fn a_prefixed_or_truncated_block_is_parsed() {
        let whole = block(&[(Tag::Make, ascii(b"Apple")), (Tag::Flash, Value::Short(vec![1]))]);
        let prefixed = [PREFIX, &whole].concat();
        assert_eq!(parsed(&prefixed), parsed(&whole));
        for length in 0..whole.len() {
            assert!(parsed(&whole[..length]).is_object());
        }
    }

    /// Entries of a block of 64 kB that all claim all of it, while the parser keeps each parsed value.
    #[test]
    fn overlapping_values_end_the_parsing() {
        let entries: u16 = 5_000;
        let mut bytes = [b"II*\0\x08\0\0\0".as_slice(), &entries.to_le_bytes()].concat();
        for tag in 0..entries {
            let claim = [60_000u32.to_le_bytes(), 4_000u32.to_le_bytes()].concat();
            bytes.extend([tag.to_le_bytes().as_slice(), b"\x02\0", &claim].concat());
        }
        bytes.resize(64_100, 0);
        assert!(parsed(&bytes).is_object());
    }

    #[test]
    fn cyclic_ifds_terminate() {
        let mut bytes = b"MM\0\x2a\0\0\0\x08\0\x01\x87\x69\0\x04\0\0\0\x01\0\0\0\x08\0\0\0\x08".to_vec();
        assert_eq!(parsed(&bytes), json!({ "ExifOffset": 8 }));
        bytes[25] = 0xff;
        assert!(parsed(&bytes).is_object());
    }

    proptest! {
        #[test]
        fn arbitrary_blocks_do_not_panic(mut noise: Vec<u8>, at: usize, flip: u8) {
            let _ = parsed(&noise);
            noise.splice(0..0, *b"II*\0\x08\0\0\0");
            let _ = parsed(&noise);
            let mut bent = block(&[
                (Tag::Make, ascii(b"Apple")),
                (Tag::FNumber, Value::Rational(vec![Rational { num: 9, denom: 5 }])),
                (Tag::GPSVersionID, Value::Byte(vec![2, 3, 0, 0])),
            ]);
            let at = at % bent.len();
            bent[at] = flip;
            prop_assert!(parsed(&bent).is_object());
        }
    }
}
