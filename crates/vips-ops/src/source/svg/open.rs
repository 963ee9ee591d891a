//! Opens an SVG and determines its exact size.

use bytes::Bytes;
use vips::{Access, Image, Loader};

use super::{
    keeps_parser_limits,
    root::{self, StretchedRoot},
};
use crate::{
    cost::header::svg,
    error::{Error, Result},
    size::{Extent, Size},
};

/// Largest side in pixels at which a document is opened to determine its size; libvips' own limit is 100 million.
const MEASURED_SIDE: f64 = 8e6;

/// Length in bytes up to which libxml2 parses a document without an option for large ones: slightly less than its limit
/// of 10 million.
const ORDINARY_LENGTH: usize = 9_000_000;

/// An opened SVG.
pub(in crate::source) struct OpenedSvg {
    pub image: Image,
    /// The size stated by the document, which libvips rounds.
    pub stated: Extent,
    /// The document to render: stretched to fill the image that it is rendered to, if that makes no visible difference.
    pub text: Bytes,
    /// The factor on the stated size that `text` states.
    pub factor: f64,
}

/// Opens a document for its header, and determines the exact size that it states.
///
/// # Errors
///
/// [`Error::Undecodable`] if librsvg cannot parse it.
pub(in crate::source) fn open(text: &Bytes, unlimited: bool) -> Result<OpenedSvg> {
    let at = |text: &Bytes, scale| Image::load(text, &Loader::Svg { scale, unlimited }, Access::Sequential);
    let read = svg::size(text);
    if let Some(stated) = read.filter(|read| root::factor(*read) > 1.0)
        && let Some(StretchedRoot { text, factor }) = root::stretched(text, stated)
    {
        let image = at(&text, 1.0).map_err(Error::of_pixels)?;
        return Ok(OpenedSvg { image, stated, text, factor });
    }
    let scale = read.map_or(1.0, |read| (MEASURED_SIDE / read.width.max(read.height)).min(1.0));
    let image = at(text, scale).map_err(Error::of_pixels)?;
    let rounded = |image: &Image| Size { width: image.width(), height: image.height() };
    let found = rounded(&image);
    if let Some(stated) = read.filter(|read| read.scaled(scale).rounded() == found) {
        let stretched = root::stretched(text, stated);
        let StretchedRoot { text, factor } =
            stretched.unwrap_or_else(|| StretchedRoot { text: text.clone(), factor: 1.0 });
        return Ok(OpenedSvg { image, stated, text, factor });
    }
    // it states no size, or in a syntax that is not supported here: it is measured at a large scale, without being
    // rendered
    let larger = scale * MEASURED_SIDE / f64::from(found.width.max(found.height));
    let stated = if larger > scale {
        let large = at(text, larger).map_err(Error::of_pixels)?;
        Extent::from(rounded(&large)).scaled(1.0 / larger)
    } else {
        Extent::from(found).scaled(1.0 / scale)
    };
    Ok(OpenedSvg { image, stated, text: text.clone(), factor: 1.0 })
}

/// Whether the XML parser needs its option for large documents. That option lifts all of its limits at once, also those
/// on depth and entities, so such a document must keep to these by our own analysis.
pub(in crate::source) fn needs_unlimited_parser(text: &[u8]) -> bool {
    text.len() > ORDINARY_LENGTH && keeps_parser_limits(text)
}
