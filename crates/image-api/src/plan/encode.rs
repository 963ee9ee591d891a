//! Selects the output format and the encoder settings.

use crate::{
    error::{OverLimit, Result, within},
    format::OutputFormat,
    params::{Params, output::format::Format, value::colour::Colour},
    plan::{
        accept::Accept,
        quality::{self, Search},
        video,
    },
    settings::{Limits, Refine, Settings},
    size::Size,
    source::{Codec, SourceInfo, Storage},
};

/// The limit on the pixels of all frames that is specific to this format, if any, with its name.
fn most_pixels(format: OutputFormat, limits: &Limits) -> Option<(&'static str, u64)> {
    match format {
        OutputFormat::Avif => Some(("limits.max_avif_pixels allows", limits.max_avif_pixels)),
        OutputFormat::Gif => Some(("limits.max_gif_pixels allows", limits.max_gif_pixels)),
        OutputFormat::Jpeg | OutputFormat::Png | OutputFormat::Webp | OutputFormat::Mp4 => None,
    }
}

/// The encoding of the output.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Encoding {
    /// The format.
    pub format: OutputFormat,
    /// The encoder beside libvips that writes it; libvips itself if absent.
    pub codec: Option<Codec>,
    /// Quality on the encoder's own scale, 1 to 100; for MP4 the quantiser, 51 to 12.
    pub quality: u8,
    /// The search for a quality, once the pixels are available.
    pub search: Option<Search>,
    /// Effort or compression on the encoder's own scale; of JPEG 0.
    pub effort: u8,
    /// Whether the encoder does what takes long and saves bytes, beside its effort: the second pass.
    pub is_slow: bool,
    /// Whether it is progressive (JPEG) or interlaced (PNG).
    pub interlace: bool,
    /// PNG: whether a palette is used if it is lossless.
    pub palette: bool,
    /// Which metadata is kept.
    pub metadata: Metadata,
    /// Chroma subsampling of JPEG and AVIF.
    pub chroma: Chroma,
}

/// The AVIF quality, on the encoder's own scale, from which 4:4:4 takes fewer bytes than 4:2:0 at an equal SSIMULACRA2: measured at
/// effort 3 on six photographs of 512 px, of which all gain at 50, and not all at 40.
const AVIF_FULL_CHROMA: u8 = 50;

impl Encoding {
    /// The same encoding with another quality, on the scale of JPEG.
    pub fn at(self, quality: u8) -> Self {
        Self { quality: self.format.quality(quality), search: None, ..self }
    }

    /// The same encoding as slow and small as the settings of the second pass say.
    pub fn refined(self, refine: &Refine) -> Self {
        let effort = match self.format {
            OutputFormat::Png => refine.png_compression.max(self.effort),
            OutputFormat::Webp => refine.webp_effort.max(self.effort),
            OutputFormat::Avif => refine.avif_effort.max(self.effort),
            OutputFormat::Jpeg | OutputFormat::Gif | OutputFormat::Mp4 => self.effort,
        };
        let is_avif = self.format == OutputFormat::Avif;
        let chroma = if is_avif && self.quality >= AVIF_FULL_CHROMA { Chroma::Full } else { self.chroma };
        Self { effort, chroma, is_slow: true, palette: self.format == OutputFormat::Png, ..self }
    }
}

/// Chroma subsampling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chroma {
    /// 4:4:4 from a quality of 90 on, below that 4:2:0.
    ByQuality,
    /// 4:2:0, as in the original whose quality is adopted.
    Halved,
    /// 4:4:4, as in the original whose quality is adopted.
    Full,
}

/// Metadata of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metadata {
    /// That of the original.
    All,
    /// Only the colour profile.
    Profile,
}

/// The inputs of the selection.
pub struct Request<'a> {
    /// The request's parameters.
    pub params: &'a Params,
    /// The original.
    pub info: &'a SourceInfo,
    /// Size of the output.
    pub size: Size,
    /// Number of frames available for the output.
    pub frames: u32,
    /// The formats that the client accepts.
    pub accept: Accept,
    /// The colour that is painted or visible behind transparency.
    pub background: Colour,
    /// The operator's settings.
    pub settings: &'a Settings,
}

/// Selects the encoding.
pub fn choose(request: &Request<'_>) -> Result<Encoding> {
    let Request { params, info, settings, size, .. } = request;
    let format = format(request);
    let side = size.width.max(size.height);
    if side > format.max_side() {
        let (actual, limit) = (side.into(), format.max_side().into());
        let what = "the longer side of the output in pixels";
        return Err(OverLimit { what, actual, bound: format.side_bound(), limit }.into());
    }
    if format == OutputFormat::Mp4 {
        video::check(*size)?;
    }
    let still = !(format.animates() && request.frames > 1);
    let interlace =
        params.interlace.is_some_and(|on| on.0) && matches!(format, OutputFormat::Jpeg | OutputFormat::Png);
    let palette = info.storage == Storage::Indexed && format == OutputFormat::Png;
    let strips = params.strip_exif.is_some_and(|strip| strip.0);
    Ok(Encoding {
        format,
        codec: codec(format, interlace, *size, settings),
        quality: format.quality(quality::fixed(params, info)),
        search: if format.is_lossy() && still { quality::search(params, settings)? } else { None },
        effort: match format {
            OutputFormat::Jpeg | OutputFormat::Mp4 => 0,
            OutputFormat::Png => settings.output.png_compression,
            OutputFormat::Webp => settings.output.webp_effort,
            OutputFormat::Avif => settings.output.avif_effort,
            OutputFormat::Gif => gif_effort(request),
        },
        is_slow: false,
        interlace,
        palette,
        metadata: if strips { Metadata::Profile } else { Metadata::All },
        chroma: chroma(params, info),
    })
}

/// Most pixels of a PNG that is encoded beside libvips: the encoder holds all of them in memory, 16 MiB with alpha, and their
/// compressed form.
const MOST_PNG_PIXELS: u64 = 4 << 20;

/// The encoder beside libvips that takes an answer.
fn codec(format: OutputFormat, interlace: bool, size: Size, settings: &Settings) -> Option<Codec> {
    let codec = match format {
        OutputFormat::Jpeg => Some(Codec::LibjpegTurbo),
        OutputFormat::Png if !interlace && size.pixels() <= MOST_PNG_PIXELS => Some(Codec::Png),
        _ => None,
    };
    codec.filter(|codec| settings.codecs.allows(*codec))
}

/// Adopts the chroma subsampling of the original where its quality is adopted.
fn chroma(params: &Params, info: &SourceInfo) -> Chroma {
    match info.jpeg_halved {
        Some(true) if params.quality.is_none() => Chroma::Halved,
        Some(false) if params.quality.is_none() => Chroma::Full,
        _ => Chroma::ByQuality,
    }
}

/// Refuses outputs that would take a slow encoder too long.
pub(super) fn check_pixels(format: OutputFormat, size: Size, frames: u32, limits: &Limits) -> Result<()> {
    let Some((bound, limit)) = most_pixels(format, limits) else { return Ok(()) };
    within("the pixels of the output, all frames together", pixels(size, frames), bound, limit)
}

/// Whether [`check_pixels`] would accept it.
fn fits(format: OutputFormat, request: &Request<'_>) -> bool {
    let Request { size, frames, settings, .. } = request;
    let frames = if format.animates() { *frames } else { 1 };
    size.width.max(size.height) <= format.max_side()
        && check_pixels(format, *size, frames, &settings.limits).is_ok()
}

fn pixels(size: Size, frames: u32) -> u64 {
    size.pixels().saturating_mul(frames.into())
}

/// Pixels of all frames above which the GIF encoder's palette search has effort 1. Measured on photographs on one
/// core: 1.7 s per megapixel at the default effort of 3, 0.5 s at 1.
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

/// The format of the original, or the closest supported one.
pub fn of_source(request: &Request<'_>) -> OutputFormat {
    request.info.format.written().unwrap_or_else(|| plain(request))
}

/// The best format that the client accepts.
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

/// The fallback that every client supports: PNG if there is transparency, else JPEG.
fn plain(request: &Request<'_>) -> OutputFormat {
    let flattened = request.params.flatten.is_some_and(|flatten| flatten.0);
    let transparent = request.info.alpha || !request.background.is_opaque();
    if transparent && !flattened { OutputFormat::Png } else { OutputFormat::Jpeg }
}
