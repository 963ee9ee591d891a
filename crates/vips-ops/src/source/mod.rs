//! The original image: its format, header and properties, before a pixel is decoded.

mod bitmap;
pub(crate) mod byte_reader;
mod cicp;
pub(crate) mod codec;
mod colour_encoding;
pub(crate) mod colour_signalling;
pub(crate) mod embedded_thumbnails;
pub(crate) mod heif;
pub(crate) mod icc;
pub(crate) mod ico;
pub(crate) mod ifd;
pub mod jpeg;
mod loader;
mod normalization;
pub(crate) mod png;
mod samples;
mod shared_pixels;
pub mod sniff;
pub mod svg;
mod tiff;

use std::ffi::CString;

use bytes::Bytes;
use vips::{Access, BandFormat, Image, Interpretation, Loader};

use self::normalization::Normalization;
use crate::{
    error::{Error, Result, within},
    orientation::Orientation,
    settings::Limits,
    size::{Rect, Size},
};
pub use image_api::source::{Codec, EmbeddedThumbnail, Profile, SourceFormat, SourceInfo, Storage, Vector};
pub(crate) use loader::full_size_loader;
pub use shared_pixels::{DecodeStep, DecodedPixels, PixelStore, Provider, Sharing};
use sniff::UnsupportedFormat;

/// An opened original: its header is read, its pixels are not decoded yet.
pub struct Source {
    /// The encoded bytes.
    pub bytes: Bytes,
    /// The properties stated by the header.
    pub info: SourceInfo,
    /// The opened image as stored, not decoded: usable for one sequential pass. For formats without a loader: the
    /// decoded pixels.
    pub(crate) image: Image,
    /// The loader of `image`; `None` for decoded pixels, and for SVG, which is opened again at the size to be rendered.
    pub(crate) loader: Option<Loader>,
    /// The document of an SVG.
    text: Option<SvgDocument>,
    /// Converts stored pixels to the types that the pipeline expects.
    normalization: Normalization,
    /// The limits that it was opened with.
    limits: Limits,
    /// Whether other renders share its decoded pixels.
    pub(crate) sharing: Sharing,
}

/// The document of an SVG, as it is rendered.
struct SvgDocument {
    bytes: Bytes,
    /// Whether it needs the XML parser's option for large documents.
    unlimited: bool,
}

/// An original as its loader opens it: fields as in [`Source`].
struct Opened {
    image: Image,
    loader: Option<Loader>,
    vector: Option<Vector>,
    text: Option<SvgDocument>,
}

impl Opened {
    fn new(format: SourceFormat, bytes: &Bytes, limits: &Limits) -> Result<Self> {
        match full_size_loader(format) {
            None => {
                let image = bitmap::decode(format, bytes, limits)?;
                Ok(Self { image, loader: None, vector: None, text: None })
            }
            Some(Loader::Svg { .. }) => Self::svg(bytes, limits),
            Some(loader) => {
                let opened = Image::load(bytes, &loader, Access::Sequential);
                let image = opened.map_err(|error| {
                    if samples::are_unsupported(format, bytes) {
                        Error::Unsupported(UnsupportedFormat::Samples)
                    } else {
                        Error::of_pixels(error)
                    }
                })?;
                Ok(Self { image, loader: Some(loader), vector: None, text: None })
            }
        }
    }

    fn svg(bytes: &Bytes, limits: &Limits) -> Result<Self> {
        let unlimited = svg::needs_unlimited_parser(bytes);
        let opened = svg::open(bytes, unlimited)?;
        let vector = Vector::of(opened.stated, limits).drawn_from(opened.factor);
        let text = SvgDocument { bytes: opened.text, unlimited };
        Ok(Self { image: opened.image, loader: None, vector: Some(vector), text: Some(text) })
    }
}

impl Source {
    /// Reads the header and checks it against the limits.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] for an unsupported format, [`Error::Undecodable`] for a broken header,
    /// [`Error::OverLimit`] for too many pixels.
    pub fn open(bytes: &Bytes, limits: &Limits) -> Result<Self> {
        let format = sniff::sniff(bytes).ok_or_else(|| Error::unsupported(bytes))?;
        if let Some(stated) = sniff::stated_size(format, bytes) {
            check_pixels(stated, limits)?;
        }
        let Opened { image, loader, vector, text } = Opened::new(format, bytes, limits)?;
        let pixels = Size { width: image.width(), height: image.height() };
        let stored = vector.map_or(pixels, |vector| vector.natural.rounded());
        check_pixels(stored, limits)?;
        let (normalization, profile) = Normalization::detect(format, bytes, &image)?;
        let prepared = normalization.apply(image.clone())?;
        let is_jpeg = format == SourceFormat::Jpeg;
        let info = SourceInfo {
            format,
            stored,
            frames: image.int(c"n-pages").filter(|_| format.animates()).unwrap_or(1).max(1) as u32,
            orientation: Orientation::from_exif(image.int(c"orientation").unwrap_or(1)),
            alpha: prepared.has_alpha(),
            storage: storage(format, &image),
            jpeg_quality: is_jpeg.then(|| jpeg::quality(bytes)).flatten(),
            jpeg_halved: is_jpeg.then(|| jpeg::is_chroma_halved(bytes)).flatten(),
            codec: codec::find(format, bytes, &image),
            profile,
            plain: is_plain(&image) && normalization.is_identity(),
            calibrated: normalization.converts_png_calibration(),
            metadata: has_metadata(&image),
            thumbnails: embedded_thumbnails::find(format, bytes, &image),
            vector,
        };
        let (bytes, limits, sharing) = (bytes.clone(), limits.clone(), Sharing::Alone);
        Ok(Self { bytes, info, image, loader, text, normalization, limits, sharing })
    }

    /// Converts pixels from a loader of this original to the types that the pipeline expects.
    pub(crate) fn normalized(&self, image: Image) -> Result<Image> {
        self.normalization.apply(image)
    }

    /// Refuses an SVG that would take too long or too much memory to render at `scale` times its stated size, as
    /// estimated from its document. `part` is the rendered part in pixels at that scale, or `None` for all of it.
    /// Raster images pass.
    pub(crate) fn check_svg_work(&self, scale: f64, part: Option<Rect>) -> Result<()> {
        match (self.info.vector, &self.text) {
            (Some(vector), Some(text)) => svg::check(&text.bytes, vector.stated(), scale, part, &self.limits),
            _ => Ok(()),
        }
    }

    /// The loader of an SVG at a scale.
    pub(crate) fn svg_loader(&self, scale: f64) -> Loader {
        Loader::Svg { scale, unlimited: self.text.as_ref().is_some_and(|text| text.unlimited) }
    }

    /// The input of decoders: the encoded bytes, or the document of an SVG as it is rendered.
    pub(crate) fn decoder_input(&self) -> &Bytes {
        self.text.as_ref().map_or(&self.bytes, |text| &text.bytes)
    }

    /// Frames that may be analysed: 1 for an animation over its limits.
    pub(crate) fn frames_within_limits(&self) -> u32 {
        let SourceInfo { frames, stored, .. } = self.info;
        let pixels = u64::from(frames).saturating_mul(stored.pixels());
        let within = frames <= self.limits.max_frames && pixels <= self.limits.max_animation_pixels;
        if within { frames } else { 1 }
    }

    /// Pixels already decoded, for a format that cannot be decoded in a stream.
    pub(crate) fn pixels_in_memory(&self) -> u64 {
        if full_size_loader(self.info.format).is_some() { 0 } else { self.info.stored.pixels() }
    }
}

/// Checks the size that an original states against the limits.
///
/// # Errors
///
/// [`Error::OverLimit`] for too many pixels.
pub fn check_pixels(size: Size, limits: &Limits) -> Result<()> {
    within("the pixels of the original", size.pixels(), "limits.max_pixels allows", limits.max_pixels)?;
    Ok(())
}

fn is_plain(image: &Image) -> bool {
    let known = matches!(image.interpretation(), Interpretation::Srgb | Interpretation::Grey);
    known && image.format() == BandFormat::Uchar
}

fn has_metadata(image: &Image) -> bool {
    let blocks = [c"exif-data", c"xmp-data", c"iptc-data", c"photoshop-data"];
    let is_comment = |name: CString| name.to_bytes().windows(7).any(|part| part == b"comment");
    blocks.iter().any(|name| image.has(name)) || image.fields().into_iter().any(is_comment)
}

fn storage(format: SourceFormat, image: &Image) -> Storage {
    let palette = image.int(c"palette").is_some_and(|on| on != 0);
    let few_bits = image.int(c"bits-per-sample").is_some_and(|bits| bits < 8);
    if format == SourceFormat::Png && (palette || few_bits) { Storage::Indexed } else { Storage::Direct }
}
