//! Colours that a file signals without an ICC profile, or over it.

use super::{
    SourceFormat,
    cicp::Cicp,
    directory::{self, Directory},
    encoding::{Chromaticities, Curve, Encoding},
    heif, jpeg, png, read,
};
use crate::carried::exif;

/// What a file says of its colours beside an embedded profile.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Signal {
    /// Nothing: an embedded profile counts.
    Silent,
    /// They are sRGB, whatever is embedded.
    Plain,
    /// They are encoded so, whatever is embedded.
    Encoded(Encoding),
    /// They are encoded so by `gAMA` and `cHRM` of a PNG, which only some programs read.
    Calibrated(Encoding),
}

impl Signal {
    fn of_encoding(encoding: Encoding) -> Self {
        if encoding.is_srgb() { Self::Plain } else { Self::Encoded(encoding) }
    }
}

/// Looks for what a file signals.
pub fn of(format: SourceFormat, bytes: &[u8]) -> Signal {
    match format {
        SourceFormat::Png => png(bytes),
        SourceFormat::Heif => avif(bytes),
        SourceFormat::Jpeg => from_exif(bytes),
        _ => Signal::Silent,
    }
}

/// An ICC profile counts before numbers (MIAF, 7.3.6.4).
fn avif(bytes: &[u8]) -> Signal {
    match heif::read(bytes) {
        Some(heif::Container { icc: false, cicp: Some(cicp), .. }) => Signal::of_encoding(cicp.encoding()),
        _ => Signal::Silent,
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
fn png(bytes: &[u8]) -> Signal {
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
        (Some(cicp), ..) => Signal::of_encoding(Cicp { peak, ..cicp }.encoding()),
        _ if settled => Signal::Silent,
        (None, None, None) => Signal::Silent,
        (None, gamma, primaries) => {
            let primaries = primaries.unwrap_or(Chromaticities::SRGB);
            let curve = gamma.unwrap_or(Curve::Srgb);
            match Signal::of_encoding(Encoding { primaries, curve, full_range: true }) {
                Signal::Encoded(encoding) => Signal::Calibrated(encoding),
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
    read::be32(body, at).filter(|level| *level > 0).map(|level| f64::from(level) / LIGHT_UNIT)
}

fn power(body: &[u8]) -> Option<Curve> {
    let gamma = PNG_UNIT / f64::from(read::be32(body, 0)?);
    let curve =
        if (gamma / SRGB_GAMMA - 1.0).abs() <= SAME_GAMMA { Curve::Srgb } else { Curve::Gamma(gamma) };
    SANE_GAMMA.contains(&gamma).then_some(curve)
}

fn chromaticities(body: &[u8]) -> Option<Chromaticities> {
    let number = |index: usize| Some(f64::from(read::be32(body, 4 * index)?) / PNG_UNIT);
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
const ADOBE_RGB: Encoding = Encoding {
    primaries: Chromaticities { green: (0.21, 0.71), ..Chromaticities::SRGB },
    curve: Curve::Gamma(563.0 / 256.0),
    full_range: true,
};

/// Cameras that are set to Adobe RGB say so in EXIF, and many embed no profile.
fn from_exif(bytes: &[u8]) -> Signal {
    let mut adobe = false;
    for (marker, body) in jpeg::segments(bytes) {
        match marker {
            ICC_MARKER if body.starts_with(ICC) => return Signal::Silent,
            EXIF_MARKER if directory::is_exif(body) => {
                adobe |= directory::of_exif(body).and_then(|first| says_adobe(&first)).unwrap_or(false);
            }
            _ => {}
        }
    }
    if adobe { Signal::Encoded(ADOBE_RGB) } else { Signal::Silent }
}

fn says_adobe(first: &Directory<'_>) -> Option<bool> {
    let camera = first.at(first.value(exif::CAMERA)?.into())?;
    let other = camera.value(exif::COLOUR_SPACE)? == UNCALIBRATED;
    let index = camera.at(camera.value(exif::INTEROPERABILITY)?.into())?.block(exif::RULES)?;
    Some(other && index.starts_with(exif::ADOBE_RULES))
}
