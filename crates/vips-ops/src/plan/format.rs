//! Which format the answer has, and with which settings it is encoded.

use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Result},
    params::{Params, output::format::Format, value::colour::Colour},
    plan::{
        Accept, film,
        quality::{self, Search},
        within,
    },
    settings::{Limits, Settings},
    size::Size,
    source::{SourceFormat, SourceInfo, Storage},
};

/// A format that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OutputFormat {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    Webp,
    /// AVIF.
    Avif,
    /// GIF.
    Gif,
    /// A film: H.264 in MP4.
    Mp4,
}

impl OutputFormat {
    /// The media type.
    pub fn mime(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Avif => "image/avif",
            Self::Gif => "image/gif",
            Self::Mp4 => "video/mp4",
        }
    }

    /// The name as in `format=`, and the usual file ending.
    pub fn name(self) -> &'static str {
        self.mime().trim_start_matches("image/").trim_start_matches("video/")
    }

    /// Whether pixels can be transparent.
    pub fn has_alpha(self) -> bool {
        !matches!(self, Self::Jpeg | Self::Mp4)
    }

    /// Whether pictures can move.
    pub fn animates(self) -> bool {
        matches!(self, Self::Gif | Self::Webp | Self::Mp4)
    }

    /// Largest side that the format can store.
    pub fn max_side(self) -> u32 {
        match self {
            Self::Webp => 16_383,
            Self::Avif => 16_384,
            Self::Jpeg | Self::Gif => 65_535,
            Self::Png => i32::MAX as u32,
            Self::Mp4 => film::MAX_LONG_SIDE,
        }
    }

    /// What sets [`Self::max_side`].
    fn side_bound(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG allows",
            Self::Png => "PNG allows",
            Self::Webp => "WebP allows",
            Self::Avif => "AVIF allows",
            Self::Gif => "GIF allows",
            Self::Mp4 => "H.264 allows",
        }
    }

    /// Most pixels of all frames that this format is encoded with, if it has a bound of its own; with the bound's name.
    fn most_pixels(self, limits: &Limits) -> Option<(&'static str, u64)> {
        match self {
            Self::Avif => Some(("limits.max_avif_pixels allows", limits.max_avif_pixels)),
            Self::Gif => Some(("limits.max_gif_pixels allows", limits.max_gif_pixels)),
            Self::Jpeg | Self::Png | Self::Webp | Self::Mp4 => None,
        }
    }

    /// Whether detail is given up for bytes.
    pub fn is_lossy(self) -> bool {
        matches!(self, Self::Jpeg | Self::Webp | Self::Avif)
    }

    /// The encoder's own number for a quality on JPEG's scale.
    pub fn quality(self, jpeg: u8) -> u8 {
        match self {
            Self::Avif => avif_quality(jpeg),
            Self::Mp4 => film::quantiser(jpeg),
            _ => jpeg,
        }
    }
}

/// The encoding of the answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Output {
    /// The format.
    pub format: OutputFormat,
    /// Quality on the encoder's own scale, 1 to 100; for MP4 the quantiser, 51 to 12.
    pub quality: u8,
    /// How another quality is found when the pixels are there.
    pub search: Option<Search>,
    /// Effort or compression on the encoder's own scale.
    pub effort: u8,
    /// Whether it is stored in passes of growing detail.
    pub interlace: bool,
    /// PNG: whether a palette is written when it holds the picture exactly.
    pub palette: bool,
    /// Which metadata is kept.
    pub metadata: Metadata,
    /// At which resolution colour is stored, of JPEG and AVIF.
    pub chroma: Chroma,
}

impl Output {
    /// The same encoding with another quality, on JPEG's scale.
    pub fn at(self, quality: u8) -> Self {
        Self { quality: self.format.quality(quality), search: None, ..self }
    }
}

/// At which resolution colour is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chroma {
    /// Full from a quality of 90 on, below that half.
    ByQuality,
    /// At half the resolution, 4:2:0, as in the original whose quality is taken over.
    Halved,
    /// At full resolution, 4:4:4, as in the original whose quality is taken over.
    Full,
}

/// Which metadata the answer carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metadata {
    /// What the original carried.
    All,
    /// Its colour profile alone.
    Profile,
}

/// What the choice depends on.
pub struct Request<'a> {
    /// The request's parameters.
    pub params: &'a Params,
    /// The original.
    pub info: &'a SourceInfo,
    /// Size of the answer.
    pub size: Size,
    /// Frames that could be answered.
    pub frames: u32,
    /// What the client can show.
    pub accept: Accept,
    /// The colour that is painted or shines through.
    pub background: Colour,
    /// The operator's settings.
    pub settings: &'a Settings,
}

/// Chooses.
pub fn choose(request: &Request<'_>) -> Result<Output> {
    let Request { params, info, settings, size, .. } = request;
    let format = format(request);
    let side = size.width.max(size.height);
    if side > format.max_side() {
        let (actual, limit) = (side.into(), format.max_side().into());
        let what = "the longer side of the answer in pixels";
        return Err(Error::OverLimit { what, actual, bound: format.side_bound(), limit });
    }
    if format == OutputFormat::Mp4 {
        film::check(*size)?;
    }
    let still = !(format.animates() && request.frames > 1);
    let strips = params.strip_exif.is_some_and(|strip| strip.0);
    Ok(Output {
        format,
        quality: format.quality(quality::fixed(params, info)),
        search: if format.is_lossy() && still { quality::search(params, settings)? } else { None },
        effort: match format {
            OutputFormat::Jpeg | OutputFormat::Mp4 => 0,
            OutputFormat::Png => settings.output.png_compression,
            OutputFormat::Webp => settings.output.webp_effort,
            OutputFormat::Avif => settings.output.avif_effort,
            OutputFormat::Gif => gif_effort(request),
        },
        interlace: params.interlace.is_some_and(|on| on.0)
            && matches!(format, OutputFormat::Jpeg | OutputFormat::Png),
        palette: info.storage == Storage::Indexed && format == OutputFormat::Png,
        metadata: if strips { Metadata::Profile } else { Metadata::All },
        chroma: chroma(params, info),
    })
}

/// Colour is stored as the original stores it where the original's quality is taken over.
fn chroma(params: &Params, info: &SourceInfo) -> Chroma {
    match info.jpeg_halved {
        Some(true) if params.quality.is_none() => Chroma::Halved,
        Some(false) if params.quality.is_none() => Chroma::Full,
        _ => Chroma::ByQuality,
    }
}

/// Refuses what would take a slow encoder too long.
pub(super) fn check_pixels(format: OutputFormat, size: Size, frames: u32, limits: &Limits) -> Result<()> {
    let Some((bound, limit)) = format.most_pixels(limits) else { return Ok(()) };
    within("the pixels of the answer, all frames together", pixels(size, frames), bound, limit)
}

/// Whether [`check_pixels`] would let it be.
fn fits(format: OutputFormat, request: &Request<'_>) -> bool {
    let Request { size, frames, settings, .. } = request;
    let frames = if format.animates() { *frames } else { 1 };
    size.width.max(size.height) <= format.max_side()
        && check_pixels(format, *size, frames, &settings.limits).is_ok()
}

fn pixels(size: Size, frames: u32) -> u64 {
    size.pixels().saturating_mul(frames.into())
}

/// Pixels of all frames beyond which the GIF encoder's palette search has effort 1. Measured on photographs on one
/// core: 1.7 s a megapixel at the default of 3, 0.5 s at 1.
const LARGE_GIF: u64 = 4_000_000;

fn gif_effort(request: &Request<'_>) -> u8 {
    let is_large = pixels(request.size, request.frames) > LARGE_GIF;
    if is_large { 1 } else { request.settings.output.gif_effort }
}

fn format(request: &Request<'_>) -> OutputFormat {
    let Request { params, frames, .. } = request;
    if params.force_jpg.is_some_and(|force| force.0) {
        return OutputFormat::Jpeg;
    }
    match params.format {
        Some(Format::Jpeg) => OutputFormat::Jpeg,
        Some(Format::Png) => OutputFormat::Png,
        Some(Format::Webp) => OutputFormat::Webp,
        Some(Format::Avif) => OutputFormat::Avif,
        Some(Format::Gif) => OutputFormat::Gif,
        Some(Format::Mp4) if *frames > 1 => OutputFormat::Mp4,
        Some(Format::Auto) => best(request, *frames > 1),
        Some(Format::Mp4) | None => of_source(request),
    }
}

/// The format of the original, or of what comes nearest.
pub fn of_source(request: &Request<'_>) -> OutputFormat {
    match request.info.format {
        SourceFormat::Jpeg => OutputFormat::Jpeg,
        SourceFormat::Png => OutputFormat::Png,
        SourceFormat::Webp => OutputFormat::Webp,
        SourceFormat::Heif => OutputFormat::Avif,
        SourceFormat::Gif => OutputFormat::Gif,
        SourceFormat::Tiff | SourceFormat::Svg | SourceFormat::Bmp | SourceFormat::Ico => plain(request),
    }
}

/// The best that the client accepts.
fn best(request: &Request<'_>, animated: bool) -> OutputFormat {
    let Request { accept, settings, size, .. } = request;
    let avif =
        accept.avif && settings.output.avif && !animated && size.pixels() <= settings.output.avif_max_pixels;
    if avif && fits(OutputFormat::Avif, request) {
        OutputFormat::Avif
    } else if accept.webp && fits(OutputFormat::Webp, request) {
        OutputFormat::Webp
    } else if animated {
        OutputFormat::Gif
    } else {
        plain(request)
    }
}

/// What every client can show: PNG when something is transparent, else JPEG.
fn plain(request: &Request<'_>) -> OutputFormat {
    let flattened = request.params.flatten.is_some_and(|flatten| flatten.0);
    let transparent = request.info.alpha || !request.background.is_opaque();
    if transparent && !flattened { OutputFormat::Png } else { OutputFormat::Jpeg }
}

/// JPEG qualities and the AVIF qualities (libaom by libvips, effort 0) that look alike: equal mean SSIMULACRA2 over
/// the project's sample photographs, measured by `cargo xtask calibrate-avif`.
const AVIF_QUALITY: [(u8, u8); 10] =
    [(1, 1), (10, 9), (20, 29), (30, 39), (50, 49), (70, 58), (80, 66), (90, 86), (95, 93), (100, 99)];

/// The AVIF quality that looks like a JPEG quality.
fn avif_quality(jpeg: u8) -> u8 {
    mapped(&AVIF_QUALITY, jpeg)
}

/// What looks like a JPEG quality by a table that begins at 1 and ends at 100: between two entries by straight lines.
pub(super) fn mapped(table: &[(u8, u8)], jpeg: u8) -> u8 {
    let after = table.iter().position(|(quality, _)| *quality >= jpeg).unwrap_or(table.len() - 1);
    let (low, high) = (table[after.saturating_sub(1)], table[after]);
    if low.0 == high.0 {
        return high.1;
    }
    let part = f64::from(jpeg - low.0) / f64::from(high.0 - low.0);
    (f64::from(low.1) + part * (f64::from(high.1) - f64::from(low.1))).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn avif_quality_grows_with_jpeg_quality() {
        let all: Vec<_> = (1..=100).map(avif_quality).collect();
        assert!(all.is_sorted() && all[0] >= 1 && all[99] <= 100);
        for (jpeg, avif) in AVIF_QUALITY {
            assert_eq!(avif_quality(jpeg), avif);
        }
    }
}
