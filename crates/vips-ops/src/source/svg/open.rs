//! Drawings: how large they are, in real numbers, and how many pixels that makes.

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

/// Largest side that a drawing is opened at to find out its size; libvips' own limit for a picture is 100 million.
const MEASURED_SIDE: f64 = 8e6;

/// Length of a text that libxml2 reads without being told that it may be long: 10 million bytes. A little less, so that
/// nobody depends on how it counts.
const ORDINARY_LENGTH: usize = 9_000_000;

/// A drawing that was opened.
pub(in crate::source) struct OpenedSvg {
    pub image: Image,
    /// The size that it states, which libvips rounds.
    pub stated: Extent,
    /// What is drawn: a drawing that fills the picture that it is rasterised into, where that is the same to the pixel.
    pub text: Bytes,
    /// The factor on its size that `text` states.
    pub factor: f64,
}

/// Opens a drawing for its header, and finds out the size that it states in real numbers.
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
    // it states no size, or in a way that we do not read: it is measured on a large picture, which is never drawn
    let larger = scale * MEASURED_SIDE / f64::from(found.width.max(found.height));
    let stated = if larger > scale {
        let large = at(text, larger).map_err(Error::of_pixels)?;
        Extent::from(rounded(&large)).scaled(1.0 / larger)
    } else {
        Extent::from(found).scaled(1.0 / scale)
    };
    Ok(OpenedSvg { image, stated, text: text.clone(), factor: 1.0 })
}

/// Whether the XML reader must be told that a text may be long. That lifts all its bounds at once, those on depth and on
/// entities too, so such a text must keep to them by what we read ourselves.
pub(in crate::source) fn needs_unlimited_parser(text: &[u8]) -> bool {
    text.len() > ORDINARY_LENGTH && keeps_parser_limits(text)
}
