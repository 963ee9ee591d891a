//! Detects the format of an image by its signature, never by a name or a content type.

use serde::{Deserialize, Serialize};

use super::heif;
use crate::{size::Size, source::SourceFormat};

/// HEIF brands of AV1 images, and the general ones that such files carry (ISO/IEC 23008-12, AVIF 1.1).
const HEIF_BRANDS: [&[u8; 4]; 4] = [b"avif", b"avis", b"mif1", b"miaf"];

/// Brands of images that need decoders which are not built in (HEVC).
const FOREIGN_BRANDS: [&[u8; 4]; 4] = [b"heic", b"heix", b"hevc", b"hevx"];

/// Bytes of the first box that are searched for brands.
const MAX_BRANDS: usize = 1024;

/// Lengths of the BMP info headers, one per version.
const BMP_HEADERS: [u32; 8] = [12, 16, 40, 52, 56, 64, 108, 124];

/// Bytes of an icon header with one directory entry.
const ICO_DIRECTORY: usize = 22;

/// How many bytes of a document may precede the `<svg` tag; comments and a document type may come first.
pub(super) const SVG_REACH: usize = 16 * 1024;

/// The format of `bytes`; `None` if it is not supported.
pub fn sniff(bytes: &[u8]) -> Option<SourceFormat> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some(SourceFormat::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', rest @ ..] => {
            (!is_optimised(rest)).then_some(SourceFormat::Png)
        }
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(SourceFormat::Gif),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(SourceFormat::Webp),
        // 43 is BigTIFF
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Some(SourceFormat::Tiff),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => heif(bytes),
        [b'B', b'M', ..] => bmp(bytes),
        [0, 0, 1, 0, low, high, ..] if (*low, *high) != (0, 0) && bytes.len() >= ICO_DIRECTORY => {
            Some(SourceFormat::Ico)
        }
        _ => svg(&bytes[..bytes.len().min(SVG_REACH)]),
    }
}

/// The codec of the primary image decides; brands count only if it is not stated.
fn heif(bytes: &[u8]) -> Option<SourceFormat> {
    let brands = brands(bytes)?;
    let by_brand = || {
        let foreign = FOREIGN_BRANDS.contains(&&brands[0]) && !brands.contains(b"avif");
        !foreign && HEIF_BRANDS.iter().any(|brand| brands.contains(brand))
    };
    let codec = heif::read(bytes).and_then(|container| container.codec);
    codec.map_or_else(by_brand, |codec| &codec == b"av01").then_some(SourceFormat::Heif)
}

/// The major brand, its version, and the compatible brands.
fn brands(bytes: &[u8]) -> Option<Vec<[u8; 4]>> {
    let length = u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
    let brands = bytes.get(8..length.min(bytes.len()).min(MAX_BRANDS))?;
    brands.first_chunk::<4>()?;
    Some(brands.chunks_exact(4).filter_map(|brand| brand.try_into().ok()).collect())
}

/// Whether a PNG begins with the chunk of Apple's proprietary variant, whose pixels no PNG decoder can read.
fn is_optimised(chunks: &[u8]) -> bool {
    chunks.get(4..8) == Some(b"CgBI")
}

/// Why bytes are not supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum UnsupportedFormat {
    /// An image coded in HEVC, as phones store it.
    Heic,
    /// A PNG in Apple's proprietary `CgBI` variant.
    OptimisedPng,
    /// Samples that cannot be displayed: 64-bit, complex, infinite, or not numbers.
    Samples,
    /// Anything else.
    Other,
}

impl UnsupportedFormat {
    /// Classifies bytes for which [`sniff`] returned `None`.
    pub fn of(bytes: &[u8]) -> Self {
        let hevc = [*b"hvc1", *b"hev1"];
        let container = || heif::read(bytes).and_then(|container| container.codec);
        match bytes {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', rest @ ..] if is_optimised(rest) => {
                Self::OptimisedPng
            }
            [_, _, _, _, b'f', b't', b'y', b'p', ..] => match (container(), brands(bytes)) {
                (Some(codec), _) if hevc.contains(&codec) => Self::Heic,
                (None, Some(brands)) if FOREIGN_BRANDS.contains(&&brands[0]) => Self::Heic,
                _ => Self::Other,
            },
            _ => Self::Other,
        }
    }
}

impl std::fmt::Display for UnsupportedFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Heic => "expected AVIF, got HEIC: images coded in HEVC are not supported",
            Self::OptimisedPng => {
                "expected PNG, got Apple's CgBI variant: convert it with `pngcrush -revert-iphone-optimizations`"
            }
            Self::Samples => "expected samples of at most 32 bits, real and finite, got others",
            Self::Other => {
                let [others @ .., last] = SourceFormat::ALL.map(SourceFormat::title);
                return write!(f, "expected {} or {last}, got something else", others.join(", "));
            }
        })
    }
}

/// Two letters are too short a signature: an info header of a known length must follow.
fn bmp(bytes: &[u8]) -> Option<SourceFormat> {
    let length = u32::from_le_bytes(bytes.get(14..18)?.try_into().ok()?);
    BMP_HEADERS.contains(&length).then_some(SourceFormat::Bmp)
}

/// An XML document whose root element is `svg`: a byte order mark, white space, processing instructions, comments and a
/// document type may precede it.
fn svg(bytes: &[u8]) -> Option<SourceFormat> {
    let mut rest = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    loop {
        let end: &[u8] = match rest {
            [b'<', b'?', ..] => b"?>",
            [b'<', b'!', b'-', b'-', ..] => b"-->",
            [b'<', b'!', ..] => doctype_end(rest),
            _ => break,
        };
        let at = rest.windows(end.len()).position(|window| window == end)?;
        rest = rest[at + end.len()..].trim_ascii_start();
    }
    let name = rest.strip_prefix(b"<")?;
    let name = name.split(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'>' | b'/')).next()?;
    (name == b"svg" || name.ends_with(b":svg")).then_some(SourceFormat::Svg)
}

/// A document type declaration ends at `>`, or at `]>` if it has an internal subset.
fn doctype_end(text: &[u8]) -> &'static [u8] {
    let subset = text.iter().position(|byte| *byte == b'[');
    let close = text.iter().position(|byte| *byte == b'>');
    if subset.is_some() && subset < close { b"]>" } else { b">" }
}

/// The size stated in the first bytes, for formats whose decoders allocate by it before it can be checked.
pub(crate) fn stated_size(format: SourceFormat, bytes: &[u8]) -> Option<Size> {
    match format {
        SourceFormat::Gif => {
            let [a, b, c, d] = *bytes.get(6..10)?.first_chunk()?;
            Some(Size { width: u16::from_le_bytes([a, b]).into(), height: u16::from_le_bytes([c, d]).into() })
        }
        SourceFormat::Png => {
            let (width, rest) = bytes.get(16..24)?.split_first_chunk::<4>()?;
            let height = rest.first_chunk::<4>()?;
            Some(Size { width: u32::from_be_bytes(*width), height: u32::from_be_bytes(*height) })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_format_is_listed_once() {
        // a new variant must be listed: the last one of the enumeration has the highest discriminant
        let mut listed = SourceFormat::ALL.map(|format| format as usize);
        listed.sort_unstable();
        assert_eq!(listed.to_vec(), (0..=SourceFormat::Ico as usize).collect::<Vec<_>>());
    }

    #[test]
    fn signatures() {
        let cases: [(&[u8], Option<SourceFormat>); 28] = [
            (b"\xff\xd8\xff\xe0", Some(SourceFormat::Jpeg)),
            (b"\x89PNG\r\n\x1a\n....", Some(SourceFormat::Png)),
            (b"GIF89a", Some(SourceFormat::Gif)),
            (b"RIFF....WEBPVP8 ", Some(SourceFormat::Webp)),
            (b"\x89PNG\r\n\x1a\n\0\0\0\x04CgBI", None),
            (b"II*\0", Some(SourceFormat::Tiff)),
            (b"II+\0", Some(SourceFormat::Tiff)),
            (b"MM\0+", Some(SourceFormat::Tiff)),
            (b"MM\0,", None),
            (b"\0\0\0\x18ftypavif\0\0\0\0mif1miaf", Some(SourceFormat::Heif)),
            (b"\0\0\0\x14ftypmif1\0\0\0\0avif", Some(SourceFormat::Heif)),
            (b"\0\0\0\x14ftypheic\0\0\0\0mif1", None),
            (b"\0\0\0\x14ftypisom\0\0\0\0mp41", None),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Some(SourceFormat::Svg)),
            (
                b"\xef\xbb\xbf <?xml version='1.0'?>\n<!-- <html> --><!DOCTYPE svg [<!ENTITY a 'b'>]><svg>",
                Some(SourceFormat::Svg),
            ),
            (b"<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'x'>\n<s:svg/>", Some(SourceFormat::Svg)),
            (b"<html><svg/></html>", None),
            (b"<!-- <svg> ", None),
            (b"<svgx>", None),
            (b"BM", None),
            (b"BM............\x28\0\0\0", Some(SourceFormat::Bmp)),
            (b"BM............\x29\0\0\0", None),
            (b"\0\0\x01\0\x01\0................", Some(SourceFormat::Ico)),
            (b"\0\0\x01\0\0\0................", None),
            (b"\0\0\x01\0\x01\0", None),
            (b"GIF", None),
            (b"not a picture", None),
            (b"", None),
        ];
        for (bytes, expected) in cases {
            assert_eq!(sniff(bytes), expected, "{}", String::from_utf8_lossy(bytes));
        }
    }

    /// A HEIF container with one item of this codec, and these brands.
    fn container(brands: &[u8], codec: [u8; 4]) -> Vec<u8> {
        let boxed = |name: &[u8; 4], body: &[u8]| {
            [&(body.len() as u32 + 8).to_be_bytes(), name.as_slice(), body].concat()
        };
        let primary = boxed(b"pitm", b"\0\0\0\0\0\x01");
        let item = boxed(b"infe", &[b"\x02\0\0\0\0\x01\0\0", codec.as_slice(), b"\0"].concat());
        let items = boxed(b"iinf", &[b"\0\0\0\0\0\x01", item.as_slice()].concat());
        let meta = boxed(b"meta", &[b"\0\0\0\0", primary.as_slice(), &items].concat());
        [boxed(b"ftyp", brands), meta].concat()
    }

    #[test]
    fn the_codec_takes_precedence_over_brands() {
        for brands in ["mif1\0\0\0\0mif1", "mif1\0\0\0\0avif", "avif\0\0\0\0mif1", "heic\0\0\0\0mif1"] {
            let of = |codec| container(brands.as_bytes(), codec);
            assert_eq!(sniff(&of(*b"av01")), Some(SourceFormat::Heif), "{brands}");
            for codec in [*b"hvc1", *b"hev1", *b"jpeg", *b"vvc1"] {
                assert_eq!(sniff(&of(codec)), None, "{brands}");
            }
            assert_eq!(UnsupportedFormat::of(&of(*b"hvc1")), UnsupportedFormat::Heic, "{brands}");
            assert_eq!(UnsupportedFormat::of(&of(*b"vvc1")), UnsupportedFormat::Other, "{brands}");
        }
        assert_eq!(UnsupportedFormat::of(b"\0\0\0\x14ftypheic\0\0\0\0mif1"), UnsupportedFormat::Heic);
        assert_eq!(
            UnsupportedFormat::of(b"\x89PNG\r\n\x1a\n\0\0\0\x04CgBI"),
            UnsupportedFormat::OptimisedPng
        );
        assert_eq!(UnsupportedFormat::of(b"\0\0\0\x14ftypisom\0\0\0\0mp41"), UnsupportedFormat::Other);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_not_panic(bytes: Vec<u8>) {
            let _ = UnsupportedFormat::of(&bytes);
            if let Some(format) = sniff(&bytes) {
                let _ = stated_size(format, &bytes);
            }
        }
    }
}
