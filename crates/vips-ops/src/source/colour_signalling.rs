//! Colours that a file signals without an ICC profile, or over it.

use super::{
    SourceFormat, byte_reader,
    cicp::Cicp,
    colour_encoding::{Chromaticities, ColourEncoding, TransferFunction},
    heif,
    ifd::{self, Ifd},
    jpeg, png,
};
use crate::embedded_metadata::exif;

/// What a file says of its colours beside an embedded profile.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ColourSignalling {
    /// Nothing: an embedded profile counts.
    None,
    /// They are sRGB, whatever is embedded.
    Srgb,
    /// They are encoded so, whatever is embedded.
    Encoded(ColourEncoding),
    /// They are encoded so by `gAMA` and `cHRM` of a PNG, which only some programs read.
    Calibrated(ColourEncoding),
}

impl ColourSignalling {
    fn from_encoding(encoding: ColourEncoding) -> Self {
        if encoding.is_srgb() { Self::Srgb } else { Self::Encoded(encoding) }
    }
}

/// Looks for what a file signals.
pub fn detect(format: SourceFormat, bytes: &[u8]) -> ColourSignalling {
    match format {
        SourceFormat::Png => png(bytes),
        SourceFormat::Heif => avif(bytes),
        SourceFormat::Jpeg => from_exif(bytes),
        _ => ColourSignalling::None,
    }
}

/// An ICC profile counts before numbers (MIAF, 7.3.6.4).
fn avif(bytes: &[u8]) -> ColourSignalling {
    match heif::read(bytes) {
        Some(heif::Container { icc: false, cicp: Some(cicp), .. }) => {
            ColourSignalling::from_encoding(cicp.encoding())
        }
        _ => ColourSignalling::None,
    }
}

/// What the numbers of `gAMA` and `cHRM`, and of the light levels, are multiplied by (PNG, 11.3.2; 11.3.3).
const PNG_UNIT: f64 = 100_000.0;
const LIGHT_UNIT: f64 = 10_000.0;

/// Powers that count as sRGB's in PNG, where 1/0.45455 is what encoders write for it. The bounds are libpng's threshold of
/// 5 % (`PNG_GAMMA_THRESHOLD`).
const SRGB_GAMMA: f64 = 2.2;
const SAME_GAMMA: f64 = 0.05;

/// Powers that a `gAMA` may ask for; others are mistakes.
const SANE_GAMMA: std::ops::RangeInclusive<f64> = 0.3..=5.0;

/// Chunks in their order of precedence: `cICP`, `iCCP`, `sRGB`, `gAMA` with `cHRM` (PNG, 4.3).
fn png(bytes: &[u8]) -> ColourSignalling {
    let (mut cicp, mut peak, mut settled) = (None, None, false);
    let (mut gamma, mut primaries) = (None, None);
    for (name, body) in png::chunks(bytes) {
        match &name {
            b"cICP" => cicp = numbers(body),
            b"cLLI" => peak = light_level(body, 0).or(peak),
            b"mDCV" => peak = peak.or_else(|| light_level(body, 16)),
            b"iCCP" | b"sRGB" => settled = true,
            b"gAMA" => gamma = power(body),
            b"cHRM" => primaries = chromaticities(body),
            _ => {}
        }
    }
    match (cicp, gamma, primaries) {
        (Some(cicp), ..) => ColourSignalling::from_encoding(Cicp { peak, ..cicp }.encoding()),
        _ if settled => ColourSignalling::None,
        (None, None, None) => ColourSignalling::None,
        (None, gamma, primaries) => {
            let primaries = primaries.unwrap_or(Chromaticities::SRGB);
            let curve = gamma.unwrap_or(TransferFunction::Srgb);
            match ColourSignalling::from_encoding(ColourEncoding {
                primaries,
                transfer: curve,
                full_range: true,
            }) {
                ColourSignalling::Encoded(encoding) => ColourSignalling::Calibrated(encoding),
                signal => signal,
            }
        }
    }
}

/// Four bytes; the third is the matrix, which is none for red, green and blue.
fn numbers(body: &[u8]) -> Option<Cicp> {
    let [primaries, transfer, 0, range] = *body.first_chunk()? else { return None };
    let (primaries, transfer) = (primaries.into(), transfer.into());
    Some(Cicp { primaries, transfer, full_range: range != 0, peak: None }).filter(|cicp| cicp.is_known())
}

/// Candela a square metre; none for 0, which means that nobody knows.
fn light_level(body: &[u8], at: usize) -> Option<f64> {
    byte_reader::be32(body, at).filter(|level| *level > 0).map(|level| f64::from(level) / LIGHT_UNIT)
}

fn power(body: &[u8]) -> Option<TransferFunction> {
    let gamma = PNG_UNIT / f64::from(byte_reader::be32(body, 0)?);
    let curve = if (gamma / SRGB_GAMMA - 1.0).abs() <= SAME_GAMMA {
        TransferFunction::Srgb
    } else {
        TransferFunction::Gamma(gamma)
    };
    SANE_GAMMA.contains(&gamma).then_some(curve)
}

fn chromaticities(body: &[u8]) -> Option<Chromaticities> {
    let number = |index: usize| Some(f64::from(byte_reader::be32(body, 4 * index)?) / PNG_UNIT);
    let point = |index: usize| Some((number(2 * index)?, number(2 * index + 1)?));
    let found = Chromaticities { white: point(0)?, red: point(1)?, green: point(2)?, blue: point(3)? };
    found.to_profile_space().map(|_| found)
}

/// How EXIF says that colours are not sRGB (Exif 2.32, 4.6).
const UNCALIBRATED: u32 = 0xffff;

/// What ICC profiles begin with inside JPEG (ICC.1:2022, B.4), and the markers of the segments of both.
const ICC: &[u8] = b"ICC_PROFILE\0";
const EXIF_MARKER: u8 = 0xe1;
const ICC_MARKER: u8 = 0xe2;

/// Adobe RGB (1998).
const ADOBE_RGB: ColourEncoding = ColourEncoding {
    primaries: Chromaticities { green: (0.21, 0.71), ..Chromaticities::SRGB },
    transfer: TransferFunction::Gamma(563.0 / 256.0),
    full_range: true,
};

/// Cameras that are set to Adobe RGB say so in EXIF, and many embed no profile.
fn from_exif(bytes: &[u8]) -> ColourSignalling {
    let mut adobe = false;
    for (marker, body) in jpeg::segments(bytes) {
        match marker {
            ICC_MARKER if body.starts_with(ICC) => return ColourSignalling::None,
            EXIF_MARKER if ifd::is_exif(body) => {
                adobe |= ifd::parse_exif(body).and_then(|first| says_adobe(&first)).unwrap_or(false);
            }
            _ => {}
        }
    }
    if adobe { ColourSignalling::Encoded(ADOBE_RGB) } else { ColourSignalling::None }
}

fn says_adobe(first: &Ifd<'_>) -> Option<bool> {
    let camera = first.at(first.value(exif::EXIF_IFD)?.into())?;
    let other = camera.value(exif::COLOUR_SPACE)? == UNCALIBRATED;
    let index = camera.at(camera.value(exif::INTEROP_IFD)?.into())?.block(exif::INTEROP_INDEX)?;
    Some(other && index.starts_with(exif::INTEROP_ADOBE_RGB))
}
