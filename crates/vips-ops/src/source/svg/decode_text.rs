//! Decodes SVG documents that are compressed (`.svgz`) or in UTF-16 to plain UTF-8, so that the analysis and the
//! renderer see the same bytes.
//!
//! Decoding takes small steps, for callers that must not block, and the output is bounded, whatever the compressed
//! bytes state.

use std::io::Read;

use bytes::{Buf, Bytes, buf::Reader};
use flate2::bufread::MultiGzDecoder;
use image_api::error::OverLimit;

use crate::{
    error::{Error, Result},
    source::{
        SourceFormat,
        sniff::{SVG_REACH, sniff},
    },
};

/// Bytes decoded per step.
const STEP_BYTES: usize = 64 * 1024;

/// Signature of a gzip member with the deflate method (RFC 1952, 2.3.1).
const GZIP: [u8; 3] = [0x1f, 0x8b, 8];

/// Bytes that are searched for the XML declaration.
const DECLARATION: usize = 256;

/// The decoded document exceeds the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge;

/// The result of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// There is more to decode.
    More,
    /// The whole document, in UTF-8.
    Done(Bytes),
}

/// Decodes a document step by step.
pub struct TextDecoder {
    packed: EncodedText,
    text: Vec<u8>,
    limit: u64,
}

enum EncodedText {
    Gzip(Box<MultiGzDecoder<Reader<Bytes>>>),
    Utf16Text(Utf16Text),
    /// UTF-8 that is declared to be UTF-16.
    Misnamed(Bytes),
}

/// UTF-16 from an offset on.
struct Utf16Text {
    bytes: Bytes,
    at: usize,
    order: Order,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Little,
    Big,
}

impl TextDecoder {
    /// A decoder for a document that has to be decoded; `None` if `bytes` are plain already, or not an SVG. The output
    /// may have at most `limit` bytes.
    pub fn new(bytes: &Bytes, limit: u64) -> Option<Self> {
        let packed = EncodedText::of(bytes).or_else(|| EncodedText::gzip(bytes))?;
        Some(Self { packed, text: Vec::new(), limit })
    }

    /// Decodes the next piece. Broken input ends where it breaks; the XML parser then reports what is wrong.
    ///
    /// # Errors
    ///
    /// [`TooLarge`] if the output exceeds the limit.
    pub fn step(&mut self) -> std::result::Result<Progress, TooLarge> {
        let goes_on = match &mut self.packed {
            EncodedText::Gzip(decoder) => inflate(decoder, &mut self.text),
            EncodedText::Utf16Text(wide) => wide.decode(&mut self.text),
            EncodedText::Misnamed(bytes) => {
                self.text = without_declared_encoding(bytes.to_vec());
                false
            }
        };
        if self.text.len() as u64 > self.limit {
            return Err(TooLarge);
        }
        if goes_on {
            return Ok(Progress::More);
        }
        let text = Bytes::from(std::mem::take(&mut self.text));
        let inner = if matches!(self.packed, EncodedText::Gzip(_)) { EncodedText::of(&text) } else { None };
        let Some(inner) = inner else { return Ok(Progress::Done(text)) };
        self.packed = inner;
        Ok(Progress::More)
    }

    /// Decodes all of it.
    ///
    /// # Errors
    ///
    /// [`TooLarge`] if the output exceeds the limit.
    pub fn finish(mut self) -> std::result::Result<Bytes, TooLarge> {
        loop {
            if let Progress::Done(text) = self.step()? {
                return Ok(text);
            }
        }
    }
}

/// Decodes a document that has to be decoded; returns other bytes unchanged.
///
/// # Errors
///
/// [`Error::OverLimit`] if the output exceeds `limit` bytes.
pub fn decode(bytes: Bytes, limit: u64) -> Result<Bytes> {
    let Some(unpacking) = TextDecoder::new(&bytes, limit) else { return Ok(bytes) };
    let (what, bound) = ("the bytes of the original, decompressed, at least", "limits.max_bytes allows");
    let actual = limit.saturating_add(1);
    unpacking.finish().map_err(|TooLarge| Error::OverLimit(OverLimit { what, actual, bound, limit }))
}

impl EncodedText {
    /// An uncompressed document that has to be decoded.
    fn of(bytes: &Bytes) -> Option<Self> {
        if let Some(wide) = Utf16Text::of(bytes) {
            return wide.is_svg().then_some(Self::Utf16Text(wide));
        }
        let head = &bytes[..bytes.len().min(DECLARATION)];
        let misnamed = declared_encoding(head).is_some_and(|(name, _)| name.is_utf16)
            && sniff(bytes) == Some(SourceFormat::Svg);
        misnamed.then(|| Self::Misnamed(bytes.clone()))
    }

    /// A compressed document.
    fn gzip(bytes: &Bytes) -> Option<Self> {
        let decoder = || MultiGzDecoder::new(bytes.clone().reader());
        let packed = bytes.starts_with(&GZIP);
        let mut head = Vec::new();
        // a document that breaks later still has an SVG signature
        let _ = decoder().take(if packed { SVG_REACH as u64 } else { 0 }).read_to_end(&mut head);
        let head = Bytes::from(head);
        let is_drawing = sniff(&head) == Some(SourceFormat::Svg) || Self::of(&head).is_some();
        (packed && is_drawing).then(|| Self::Gzip(Box::new(decoder())))
    }
}

/// Decompresses a piece; returns whether there may be more.
fn inflate(decoder: &mut impl Read, text: &mut Vec<u8>) -> bool {
    let before = text.len();
    text.resize(before + STEP_BYTES, 0);
    let read = decoder.read(&mut text[before..]).unwrap_or(0);
    text.truncate(before + read);
    read > 0
}

impl Utf16Text {
    /// Detects UTF-16 by its byte order mark, or by the first character of markup (XML 1.0, appendix F).
    fn of(bytes: &Bytes) -> Option<Self> {
        let (order, at) = match &bytes[..] {
            [0xff, 0xfe, 0, 0, ..] => return None, // UTF-32
            [0xff, 0xfe, ..] => (Order::Little, 2),
            [0xfe, 0xff, ..] => (Order::Big, 2),
            [b'<', 0, next, 0, ..] if *next != 0 => (Order::Little, 0),
            [0, b'<', 0, next, ..] if *next != 0 => (Order::Big, 0),
            _ => return None,
        };
        Some(Self { bytes: bytes.clone(), at, order })
    }

    fn is_svg(&self) -> bool {
        let reach = self.bytes.len().min(2 * SVG_REACH);
        let mut head = Self { bytes: self.bytes.slice(..reach), ..*self };
        let mut text = Vec::new();
        while head.decode(&mut text) {}
        sniff(&text) == Some(SourceFormat::Svg)
    }

    /// Decodes a piece; returns whether there is more. Invalid text becomes replacement characters.
    fn decode(&mut self, text: &mut Vec<u8>) -> bool {
        let is_first = text.is_empty();
        let unit = |pair: &[u8]| match self.order {
            Order::Little => u16::from_le_bytes([pair[0], pair[1]]),
            Order::Big => u16::from_be_bytes([pair[0], pair[1]]),
        };
        let rest = &self.bytes[self.at.min(self.bytes.len())..];
        let mut piece = &rest[..rest.len().min(STEP_BYTES)];
        let goes_on = piece.len() < rest.len();
        // surrogate pairs are not split
        let is_half = |last: &[u8]| (0xd800..0xdc00).contains(&unit(last));
        if goes_on && piece.chunks_exact(2).next_back().is_some_and(is_half) {
            piece = &piece[..piece.len() - 2];
        }
        let units = piece.chunks_exact(2).map(unit);
        let characters = char::decode_utf16(units).map(|found| found.unwrap_or(char::REPLACEMENT_CHARACTER));
        let decoded: String = characters.collect();
        self.at += piece.len();
        text.extend(if is_first {
            without_declared_encoding(decoded.into_bytes())
        } else {
            decoded.into_bytes()
        });
        goes_on
    }
}

/// The encoding stated by an XML declaration.
struct DeclaredEncoding {
    is_utf16: bool,
}

/// Finds the encoding in an XML declaration, and its range.
fn declared_encoding(head: &[u8]) -> Option<(DeclaredEncoding, std::ops::Range<usize>)> {
    let mark = if head.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let declaration = head.get(mark..)?.strip_prefix(b"<?xml")?;
    let end = declaration.windows(2).position(|pair| pair == b"?>")?;
    let declaration = &declaration[..end];
    let offset = mark + b"<?xml".len();
    let from = declaration.windows(8).position(|word| word == b"encoding")?;
    let quoted = declaration.get(from + 8..)?;
    let open = quoted.iter().position(|byte| matches!(byte, b'"' | b'\''))?;
    let length = quoted[open + 1..].iter().position(|byte| *byte == quoted[open])?;
    let name = quoted[open + 1..open + 1 + length].to_ascii_lowercase();
    let is_utf16 = [b"utf-16".as_slice(), b"utf16", b"ucs-2", b"iso-10646-ucs-2", b"unicode"]
        .iter()
        .any(|known| name.starts_with(known));
    Some((DeclaredEncoding { is_utf16 }, offset + from..offset + from + 8 + open + 1 + length + 1))
}

/// Removes the encoding from the XML declaration.
fn without_declared_encoding(mut text: Vec<u8>) -> Vec<u8> {
    if let Some((_, place)) = declared_encoding(&text[..text.len().min(DECLARATION)]) {
        text.drain(place);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str =
        "<svg xmlns='http://www.w3.org/2000/svg' width='8' height='4'><text>Ωμέγα 🎈</text></svg>";

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn little(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn big(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_be_bytes).collect()
    }

    fn unpacked(bytes: &[u8]) -> Option<String> {
        let unpacking = TextDecoder::new(&Bytes::copy_from_slice(bytes), 10_000_000)?;
        Some(String::from_utf8(unpacking.finish().unwrap().to_vec()).unwrap())
    }

    #[test]
    fn gzip_members_are_concatenated() {
        let (one, other) = TEXT.as_bytes().split_at(70);
        let packed = [gzip(one), gzip(other), b"no member".to_vec()].concat();
        assert_eq!(decode(packed.into(), 1000).unwrap(), TEXT);
    }

    #[test]
    fn documents_are_decoded_to_utf8() {
        let declared = |name: &str| format!("<?xml version=\"1.0\" encoding='{name}' ?>{TEXT}");
        let undeclared = format!("<?xml version=\"1.0\"  ?>{TEXT}");
        for (packed, expected) in [
            (gzip(TEXT.as_bytes()), TEXT),
            ([b"\xff\xfe".as_slice(), &little(TEXT)].concat(), TEXT),
            ([b"\xfe\xff".as_slice(), &big(TEXT)].concat(), TEXT),
            (little(&declared("UTF-16LE")), &undeclared),
            (big(&declared("utf-16")), &undeclared),
            (gzip(&[b"\xff\xfe".as_slice(), &little(&declared("UTF-16"))].concat()), &undeclared),
            (declared("UTF-16").into_bytes(), &undeclared),
            (gzip(declared("UTF-16").as_bytes()), &undeclared),
        ] {
            assert_eq!(unpacked(&packed).as_deref(), Some(expected), "{packed:?}");
        }
    }

    #[test]
    fn other_bytes_are_not_decoded() {
        let latin = format!("<?xml version='1.0' encoding='ISO-8859-1'?>{TEXT}");
        for bytes in [
            TEXT.as_bytes().to_vec(),
            latin.into_bytes(),
            gzip(b"<html><svg/></html>"),
            gzip(b"\x89PNG\r\n\x1a\n"),
            gzip(&gzip(TEXT.as_bytes())),
            GZIP.to_vec(),
            little("<html>"),
            b"\xff\xfe\0\0<\0\0\0".to_vec(),
            b"\xff\xd8\xff\xe0".to_vec(),
            Vec::new(),
        ] {
            assert_eq!(unpacked(&bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn the_output_is_bounded() {
        let bomb = gzip(format!("<svg>{}</svg>", " ".repeat(50_000_000)).as_bytes());
        assert!(bomb.len() < 300_000);
        let unpacking = |limit| TextDecoder::new(&Bytes::from(bomb.clone()), limit).unwrap();
        assert_eq!(unpacking(1_000_000).finish(), Err(TooLarge));
        assert_eq!(unpacking(50_000_011).finish().map(|text| text.len()), Ok(50_000_011));
        assert_eq!(unpacking(50_000_010).finish(), Err(TooLarge));
        let wide = little(&format!("<svg>{}</svg>", "語".repeat(100_000)));
        let finish = |limit| TextDecoder::new(&Bytes::from(wide.clone()), limit).unwrap().finish();
        assert_eq!(finish(300_010), Err(TooLarge));
        assert_eq!(finish(300_011).map(|text| text.len()), Ok(300_011));
    }

    #[test]
    fn truncated_input_ends_where_it_breaks() {
        let whole = gzip(format!("<svg>{}</svg>", "<g/>".repeat(100_000)).as_bytes());
        let text = unpacked(&whole[..whole.len() / 2]).unwrap();
        assert!(text.starts_with("<svg><g/>") && !text.ends_with("</svg>"));
        let padded = [whole.as_slice(), &[0; 512]].concat();
        assert!(unpacked(&padded).unwrap().ends_with("</svg>"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn arbitrary_text_round_trips(text in "\\PC{0,400}", repeated in 1..400usize) {
            let text = format!("<svg>{}</svg>", text.repeat(repeated));
            prop_assert_eq!(unpacked(&little(&text)), Some(text.clone()));
            prop_assert_eq!(unpacked(&gzip(text.as_bytes())), Some(text));
        }

        #[test]
        fn arbitrary_bytes_do_not_panic(bytes: Vec<u8>, mark in prop::sample::select(vec![b"\x1f\x8b\x08".to_vec(), b"\xff\xfe<\0s\0v\0g\0>\0".to_vec(), Vec::new()])) {
            let _ = unpacked(&[mark, bytes].concat());
        }
    }
}
