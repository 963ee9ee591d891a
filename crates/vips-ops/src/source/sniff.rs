//! The format of bytes, by their signature: never by a name or a content type.

use crate::size::Size;

/// A format that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SourceFormat {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    Webp,
    /// GIF.
    Gif,
    /// AVIF, or what else is in a HEIF container.
    Heif,
    /// TIFF.
    Tiff,
    /// SVG.
    Svg,
    /// BMP.
    Bmp,
    /// ICO: icons of several sizes, of which the best is read.
    Ico,
}

impl SourceFormat {
    /// Whether pictures of this format can move.
    pub fn animates(self) -> bool {
        matches!(self, Self::Gif | Self::Webp)
    }

    /// Whether the format stores pixels.
    pub fn is_raster(self) -> bool {
        self != Self::Svg
    }

    /// The media type.
    pub fn mime(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
            Self::Heif => "image/avif",
            Self::Tiff => "image/tiff",
            Self::Svg => "image/svg+xml",
            Self::Bmp => "image/bmp",
            Self::Ico => "image/vnd.microsoft.icon",
        }
    }

    /// The short name, as in `format=` where the format can be asked for.
    pub fn name(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Ico => "ico",
            _ => self.mime().trim_start_matches("image/"),
        }
    }
}

/// HEIF brands of AV1 pictures, and the general ones that such files carry (ISO/IEC 23008-12, AVIF 1.1).
const HEIF_BRANDS: [&[u8; 4]; 4] = [b"avif", b"avis", b"mif1", b"miaf"];

/// Brands of pictures that need decoders which are not built in.
const FOREIGN_BRANDS: [&[u8; 4]; 4] = [b"heic", b"heix", b"hevc", b"hevx"];

/// Lengths of the information headers of BMP, of which each version has its own.
const BMP_HEADERS: [u32; 8] = [12, 16, 40, 52, 56, 64, 108, 124];

/// Bytes of an icon's directory with one entry.
const ICO_DIRECTORY: usize = 22;

/// How far into a text the `<svg` tag may be; comments and a document type may come first.
pub(super) const SVG_REACH: usize = 16 * 1024;

/// The format of `bytes`, if it is one that is read.
pub fn sniff(bytes: &[u8]) -> Option<SourceFormat> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some(SourceFormat::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(SourceFormat::Png),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(SourceFormat::Gif),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(SourceFormat::Webp),
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => Some(SourceFormat::Tiff),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => heif(bytes),
        [b'B', b'M', ..] => bmp(bytes),
        [0, 0, 1, 0, low, high, ..] if (*low, *high) != (0, 0) && bytes.len() >= ICO_DIRECTORY => {
            Some(SourceFormat::Ico)
        }
        _ => svg(&bytes[..bytes.len().min(SVG_REACH)]),
    }
}

fn heif(bytes: &[u8]) -> Option<SourceFormat> {
    let length = u32::from_be_bytes(bytes[..4].try_into().ok()?) as usize;
    let brands = bytes.get(8..length.min(bytes.len()))?;
    let (major, _) = brands.split_first_chunk::<4>()?;
    let named =
        |wanted: &[&[u8; 4]]| brands.chunks_exact(4).any(|brand| wanted.iter().any(|name| *name == brand));
    let foreign = FOREIGN_BRANDS.contains(&major) && !named(&[b"avif"]);
    (!foreign && named(&HEIF_BRANDS)).then_some(SourceFormat::Heif)
}

/// Two letters are no signature: a header of a known length must follow.
fn bmp(bytes: &[u8]) -> Option<SourceFormat> {
    let length = u32::from_le_bytes(bytes.get(14..18)?.try_into().ok()?);
    BMP_HEADERS.contains(&length).then_some(SourceFormat::Bmp)
}

/// An XML text whose first element is `svg`: a byte order mark, white space, processing instructions, comments and a
/// document type may come before it.
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

/// A document type ends at `>`, or at `]>` when it has an internal subset.
fn doctype_end(text: &[u8]) -> &'static [u8] {
    let subset = text.iter().position(|byte| *byte == b'[');
    let close = text.iter().position(|byte| *byte == b'>');
    if subset.is_some() && subset < close { b"]>" } else { b">" }
}

/// The size that the first bytes state, for the formats whose readers would allocate by it before we could look.
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
    fn signatures() {
        let cases: [(&[u8], Option<SourceFormat>); 24] = [
            (b"\xff\xd8\xff\xe0", Some(SourceFormat::Jpeg)),
            (b"\x89PNG\r\n\x1a\n....", Some(SourceFormat::Png)),
            (b"GIF89a", Some(SourceFormat::Gif)),
            (b"RIFF....WEBPVP8 ", Some(SourceFormat::Webp)),
            (b"II*\0", Some(SourceFormat::Tiff)),
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

    proptest! {
        #[test]
        fn any_bytes_are_sniffed(bytes: Vec<u8>) {
            if let Some(format) = sniff(&bytes) {
                let _ = stated_size(format, &bytes);
            }
        }
    }
}
