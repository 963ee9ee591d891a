//! Colour spaces signalled by a file without an ICC profile, or overriding it.

use super::{
    SourceFormat, byte_reader,
    cicp::Cicp,
    colour_encoding::{Chromaticities, ColourEncoding, TransferFunction},
    heif,
    ifd::{self, Ifd},
    jpeg, png,
};
use crate::embedded_metadata::exif;

/// What a file signals of its colours beside an embedded profile.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ColourSignalling {
    /// Nothing: an embedded profile applies, else sRGB.
    None,
    /// sRGB, overriding an embedded profile.
    Srgb,
    /// This encoding, overriding an embedded profile.
    Encoded(ColourEncoding),
    /// This encoding, by `gAMA` and `cHRM` of a PNG, which only some programs support.
    Calibrated(ColourEncoding),
}

impl ColourSignalling {
    fn from_encoding(encoding: ColourEncoding) -> Self {
        if encoding.is_srgb() { Self::Srgb } else { Self::Encoded(encoding) }
    }
}

/// Detects the signalled colour space of a file.
pub fn detect(format: SourceFormat, bytes: &[u8]) -> ColourSignalling {
    match format {
        SourceFormat::Png => png(bytes),
        SourceFormat::Heif => avif(bytes),
        SourceFormat::Jpeg => from_exif(bytes),
        _ => ColourSignalling::None,
    }
}

/// An ICC profile takes precedence over CICP (MIAF, 7.3.6.4).
fn avif(bytes: &[u8]) -> ColourSignalling {
    match heif::read(bytes) {
        Some(heif::Container { icc: false, cicp: Some(cicp), .. }) => {
            ColourSignalling::from_encoding(cicp.encoding())
        }
        _ => ColourSignalling::None,
    }
}

/// Denominators of `gAMA` and `cHRM`, and of light levels (PNG, 11.3.2; 11.3.3).
const PNG_UNIT: f64 = 100_000.0;
const LIGHT_UNIT: f64 = 10_000.0;

/// Gamma values treated as sRGB in PNG, where encoders write 1/0.45455 for it. The tolerance is libpng's threshold of 5
/// % (`PNG_GAMMA_THRESHOLD`).
const SRGB_GAMMA: f64 = 2.2;
const SAME_GAMMA: f64 = 0.05;

/// Plausible gamma values; others are errors.
const SANE_GAMMA: std::ops::RangeInclusive<f64> = 0.3..=5.0;

/// Chunks in order of precedence: `cICP`, `iCCP`, `sRGB`, `gAMA` with `cHRM` (PNG, 4.3).
fn png(bytes: &[u8]) -> ColourSignalling {
    let (mut cicp, mut peak, mut settled) = (None, None, false);
    let (mut gamma, mut primaries) = (None, None);
    for (name, body) in png::chunks(bytes) {
        match &name {
            b"cICP" => cicp = cicp_chunk(body),
            b"cLLI" => peak = light_level(body, 0).or(peak),
            b"mDCV" => peak = peak.or_else(|| light_level(body, 16)),
            b"iCCP" | b"sRGB" => settled = true,
            b"gAMA" => gamma = gamma_chunk(body),
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

/// The four bytes of `cICP`; the third is the matrix, which must be 0 for RGB.
fn cicp_chunk(body: &[u8]) -> Option<Cicp> {
    let [primaries, transfer, 0, range] = *body.first_chunk()? else { return None };
    let (primaries, transfer) = (primaries.into(), transfer.into());
    Some(Cicp { primaries, transfer, full_range: range != 0, peak: None }).filter(|cicp| cicp.is_known())
}

/// A luminance in cd/m²; `None` for 0, which means unknown.
fn light_level(body: &[u8], at: usize) -> Option<f64> {
    byte_reader::be32(body, at).filter(|level| *level > 0).map(|level| f64::from(level) / LIGHT_UNIT)
}

fn gamma_chunk(body: &[u8]) -> Option<TransferFunction> {
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

/// EXIF colour space value of "uncalibrated" (Exif 2.32, 4.6).
const UNCALIBRATED: u32 = 0xffff;

/// Signature of an ICC segment in a JPEG (ICC.1:2022, B.4), and the markers of EXIF and ICC segments.
const ICC: &[u8] = b"ICC_PROFILE\0";
const EXIF_MARKER: u8 = 0xe1;
const ICC_MARKER: u8 = 0xe2;

/// Adobe RGB (1998).
const ADOBE_RGB: ColourEncoding = ColourEncoding {
    primaries: Chromaticities { green: (0.21, 0.71), ..Chromaticities::SRGB },
    transfer: TransferFunction::Gamma(563.0 / 256.0),
    full_range: true,
};

/// Cameras set to Adobe RGB state it in EXIF, and many embed no profile.
fn from_exif(bytes: &[u8]) -> ColourSignalling {
    let mut adobe = false;
    for (marker, body) in jpeg::segments(bytes) {
        match marker {
            ICC_MARKER if body.starts_with(ICC) => return ColourSignalling::None,
            EXIF_MARKER if ifd::is_exif(body) => {
                adobe |= ifd::parse_exif(body).and_then(|first| is_adobe_rgb(&first)).unwrap_or(false);
            }
            _ => {}
        }
    }
    if adobe { ColourSignalling::Encoded(ADOBE_RGB) } else { ColourSignalling::None }
}

fn is_adobe_rgb(first: &Ifd<'_>) -> Option<bool> {
    let camera = first.at(first.value(exif::EXIF_IFD)?.into())?;
    let other = camera.value(exif::COLOUR_SPACE)? == UNCALIBRATED;
    let index = camera.at(camera.value(exif::INTEROP_IFD)?.into())?.block(exif::INTEROP_INDEX)?;
    Some(other && index.starts_with(exif::INTEROP_ADOBE_RGB))
}
