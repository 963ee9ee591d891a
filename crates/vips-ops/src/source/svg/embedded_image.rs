//! Images embedded in a document as `data:` URLs.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::tally::Stop;
use crate::{
    size::Size,
    source::{
        SourceFormat,
        sniff::{sniff, stated_size},
    },
};

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Signature of gzip.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// An embedded image.
#[derive(Debug, Clone)]
pub enum EmbeddedImage {
    /// A raster image of this size.
    Pixels(Size),
    /// Another SVG document.
    Svg(Vec<u8>),
    /// Nothing that is rendered.
    Nothing,
}

/// The image that a URL embeds.
pub fn embedded(url: &str) -> Result<EmbeddedImage, Stop> {
    let Some(bytes) = decoded(url) else { return Ok(EmbeddedImage::Nothing) };
    if bytes.starts_with(&GZIP) {
        return Err(Stop::Unsupported);
    }
    Ok(match sniff(&bytes) {
        Some(SourceFormat::Svg) => EmbeddedImage::Svg(bytes),
        Some(format) => size(format, &bytes).map_or(EmbeddedImage::Nothing, EmbeddedImage::Pixels),
        // what has no known signature may still be treated as SVG because of its media type
        None if url.contains("xml") => return Err(Stop::Unsupported),
        None => EmbeddedImage::Nothing,
    })
}

/// Decodes a `data:` URL.
fn decoded(url: &str) -> Option<Vec<u8>> {
    let url = url.trim_start();
    let is_data = url.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"));
    let (head, data) = url.split_once(',').filter(|_| is_data)?;
    let bytes = unescaped(data);
    if !head.to_ascii_lowercase().contains(";base64") {
        return Some(bytes);
    }
    let code: Vec<u8> = bytes.into_iter().filter(|byte| !byte.is_ascii_whitespace()).collect();
    LENIENT.decode(code).ok()
}

fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        let code = (*byte == b'%').then(|| tail.get(..2)).flatten();
        let code = code.and_then(|code| std::str::from_utf8(code).ok());
        if let Some(code) = code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            bytes.push(code);
            rest = &tail[2..];
        } else {
            bytes.push(*byte);
            rest = tail;
        }
    }
    bytes
}

/// The size stated in the first bytes of an image.
fn size(format: SourceFormat, bytes: &[u8]) -> Option<Size> {
    match format {
        SourceFormat::Jpeg => jpeg(bytes),
        SourceFormat::Webp => webp(bytes),
        _ => stated_size(format, bytes),
    }
}

/// The size in the frame header of a JPEG.
fn jpeg(bytes: &[u8]) -> Option<Size> {
    let mut rest = bytes.get(2..)?;
    loop {
        let (marker, tail) = rest.split_first_chunk::<2>()?;
        if marker[0] != 0xff {
            rest = &rest[1..];
            continue;
        }
        match marker[1] {
            0xff => rest = &rest[1..],
            0x01 | 0xd0..=0xd8 => rest = tail,
            // frame headers: all except DHT, JPG and DAC
            0xc0..=0xcf if !matches!(marker[1], 0xc4 | 0xc8 | 0xcc) => {
                let [high, low, wide, narrow] = *tail.get(3..7)?.first_chunk()?;
                let side = |one, two| u32::from(u16::from_be_bytes([one, two]));
                return Some(Size { width: side(wide, narrow), height: side(high, low) });
            }
            _ => rest = tail.get(usize::from(u16::from_be_bytes(*tail.first_chunk()?)).max(2)..)?,
        }
    }
}

/// The size in the first chunk of a WebP.
fn webp(bytes: &[u8]) -> Option<Size> {
    let data = bytes.get(20..30)?;
    let low14 = |one: u8, two: u8| u32::from(u16::from_le_bytes([one, two]) & 0x3fff);
    match bytes.get(12..16)? {
        b"VP8X" => {
            let side = |at: usize| u32::from_le_bytes([data[at], data[at + 1], data[at + 2], 0]) + 1;
            Some(Size { width: side(4), height: side(7) })
        }
        b"VP8L" => {
            let bits = u32::from_le_bytes([data[1], data[2], data[3], data[4]]);
            Some(Size { width: (bits & 0x3fff) + 1, height: (bits >> 14 & 0x3fff) + 1 })
        }
        _ => Some(Size { width: low14(data[6], data[7]), height: low14(data[8], data[9]) }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use testkit::sample;

    use super::*;

    #[test]
    fn sizes_are_read_from_headers() {
        for (name, expected) in [
            ("china.jpg", Some((640, 427))),
            ("astronaut-progressive.jpg", Some((512, 512))),
            ("mill.gif", Some((120, 120))),
            ("mill.webp", Some((120, 120))),
            ("coffee.png", Some((600, 400))),
        ] {
            let bytes = sample(name);
            let found = size(sniff(&bytes).unwrap(), &bytes).map(|size| (size.width, size.height));
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn data_urls_are_read() {
        assert!(matches!(embedded("data:image/svg+xml,%3Csvg/%3E"), Ok(EmbeddedImage::Svg(_))));
        assert!(matches!(embedded("data:image/svg+xml;base64,PHN2\n Zy8+"), Ok(EmbeddedImage::Svg(_))));
        assert!(matches!(embedded("data:;base64,H4sIAAAA"), Err(Stop::Unsupported)));
        assert!(matches!(embedded("http://a/b.png"), Ok(EmbeddedImage::Nothing)));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_not_panic(bytes: Vec<u8>) {
            let _ = (jpeg(&bytes), webp(&bytes), embedded(&format!("data:,{}", String::from_utf8_lossy(&bytes))));
        }
    }
}
