//! Drawings: how large they are, in real numbers, and how many pixels that makes.

use bytes::Bytes;
use vips::{Access, Image, Loader};

use super::{
    drawing,
    root::{self, Filling},
};
use crate::{
    cost::header::svg,
    error::{Error, Result},
    settings::Limits,
    size::{Extent, Size},
};

/// Largest side that a drawing is opened at to find out its size; libvips' own limit for a picture is 100 million.
const MEASURED_SIDE: f64 = 8e6;

/// Pixels that are drawn for one of a drawing that is distorted, at most.
const OVERDRAWN: f64 = 16.0;

/// Smallest side that is rounded to a pixel, with room for what is lost in computing it.
const LEAST_SIDE: f64 = 0.500_001;

/// Longest side of a drawing of which a part is drawn; what is larger is drawn at this size and enlarged.
const LONGEST_SIDE: f64 = 4e6;

/// Length of a text that libxml2 reads without being told that it may be long: 10 million bytes. A little less, so that
/// nobody depends on how it counts.
const ORDINARY_LENGTH: usize = 9_000_000;

/// The size of a drawing.
///
/// Its units are not pixels: a page of 21,000 units is no large picture until somebody asks for many pixels. A drawing
/// that states more than an answer may have counts as the largest of its shape that an answer may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Vector {
    /// Its size in pixels, of which [`SourceInfo::stored`](super::SourceInfo::stored) is the nearest in whole ones.
    pub natural: Extent,
    /// What the size that is drawn at a scale of 1 is multiplied by to be `natural`; 1 unless it states more than may be
    /// answered, or less than half a pixel.
    pub unit: f64,
}

impl Vector {
    /// A drawing that states this size.
    pub(crate) fn of(stated: Extent, limits: &Limits) -> Self {
        let most = most_pixels(limits);
        let fits = |factor: f64| {
            let size = stated.scaled(factor).rounded();
            size.width.max(size.height) <= limits.max_side && size.pixels() <= most
        };
        let area = (most as f64 / (stated.width * stated.height)).sqrt();
        let side = f64::from(limits.max_side) / stated.width.max(stated.height);
        // rounding may still add a row or a column
        let largest = area.min(side);
        let unit = [1.0, largest, largest * 0.999, largest * 0.99].into_iter().find(|factor| fits(*factor));
        let unit = unit.unwrap_or(largest * 0.9);
        Self { natural: stated.scaled(unit), unit }
    }

    /// The same, where the text that is drawn states `factor` times the size.
    pub(super) fn drawn_from(self, factor: f64) -> Self {
        Self { unit: self.unit / factor, ..self }
    }

    /// The largest factor on the stated size at which it has no more pixels than an answer may have.
    pub(crate) fn largest(&self, limits: &Limits) -> f64 {
        let stated = self.stated();
        (most_pixels(limits) as f64 / (stated.width * stated.height)).sqrt()
    }

    /// The size that it states.
    pub(crate) fn stated(&self) -> Extent {
        self.natural.scaled(1.0 / self.unit)
    }

    /// Its size when it is drawn at a factor on the stated size.
    pub(crate) fn drawn(&self, scale: f64) -> Size {
        self.natural.scaled(scale / self.unit).rounded()
    }

    /// The factor on the stated size at which the drawing has `target`, or covers it when its shape is another one. Sides
    /// are rounded to whole pixels, so that a range of factors gives the same size.
    pub(crate) fn scale(&self, part: Extent, target: Size) -> f64 {
        let (wide, high) = (f64::from(target.width), f64::from(target.height));
        let (horizontal, vertical) = (wide / part.width, high / part.height);
        let low = ((wide - 0.5) / part.width).max((high - 0.5) / part.height);
        let top = ((wide + 0.5) / part.width).min((high + 0.5) / part.height);
        let factor = if low >= top {
            // as sharp as the side that grows more, unless most of the pixels would be thrown away again
            let sharp = horizontal.max(vertical).min((horizontal * vertical * OVERDRAWN).sqrt());
            sharp.max(LEAST_SIDE / part.width.min(part.height))
        } else {
            let within = |factor: &f64| (low..top).contains(factor);
            [horizontal, vertical].into_iter().find(within).unwrap_or(f64::midpoint(low, top))
        };
        let longest = LONGEST_SIDE / self.natural.width.max(self.natural.height);
        factor.min(longest) * self.unit
    }
}

fn most_pixels(limits: &Limits) -> u64 {
    limits.max_output_pixels.min(limits.max_pixels)
}

/// A drawing that was opened.
pub(super) struct Opened {
    pub image: Image,
    /// The size that it states, which libvips rounds.
    pub stated: Extent,
    /// What is drawn: a drawing that fills the picture that it is rasterised into, where that is the same to the pixel.
    pub text: Bytes,
    /// The factor on its size that `text` states.
    pub factor: f64,
}

/// Opens a drawing for its header, and finds out the size that it states in real numbers.
pub(super) fn open(text: &Bytes, unlimited: bool) -> Result<Opened> {
    let at = |text: &Bytes, scale| Image::load(text, &Loader::Svg { scale, unlimited }, Access::Sequential);
    let read = svg::size(text);
    if let Some(stated) = read.filter(|read| root::factor(*read) > 1.0)
        && let Some(Filling { text, factor }) = root::filling(text, stated)
    {
        let image = at(&text, 1.0).map_err(Error::of_pixels)?;
        return Ok(Opened { image, stated, text, factor });
    }
    let scale = read.map_or(1.0, |read| (MEASURED_SIDE / read.width.max(read.height)).min(1.0));
    let image = at(text, scale).map_err(Error::of_pixels)?;
    let rounded = |image: &Image| Size { width: image.width(), height: image.height() };
    let found = rounded(&image);
    if let Some(stated) = read.filter(|read| read.scaled(scale).rounded() == found) {
        let filling = root::filling(text, stated);
        let Filling { text, factor } = filling.unwrap_or_else(|| Filling { text: text.clone(), factor: 1.0 });
        return Ok(Opened { image, stated, text, factor });
    }
    // it states no size, or in a way that we do not read: it is measured on a large picture, which is never drawn
    let larger = scale * MEASURED_SIDE / f64::from(found.width.max(found.height));
    let stated = if larger > scale {
        let large = at(text, larger).map_err(Error::of_pixels)?;
        Extent::from(rounded(&large)).scaled(1.0 / larger)
    } else {
        Extent::from(found).scaled(1.0 / scale)
    };
    Ok(Opened { image, stated, text: text.clone(), factor: 1.0 })
}

/// Whether the XML reader must be told that a text may be long. That lifts all its bounds at once, those on depth and on
/// entities too, so such a text must keep to them by what we read ourselves.
pub(super) fn unlimited(text: &[u8]) -> bool {
    text.len() > ORDINARY_LENGTH && drawing::is_tame(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn units_are_no_pixels() {
        let limits = Limits::default();
        for (width, height) in [(15.75, 18.0), (1.0, 0.5), (12_000.0, 3000.0), (3333.0, 12_000.0)] {
            let vector = Vector::of(Extent { width, height }, &limits);
            assert_eq!((vector.natural, vector.unit), (Extent { width, height }, 1.0));
        }
        for (width, height) in [(21_000.0, 29_700.0), (1e9, 0.7), (3.0, 4e8), (20_000.0, 20_000.0)] {
            let stated = Extent { width, height };
            let vector = Vector::of(stated, &limits);
            let size = vector.natural.rounded();
            assert!(vector.unit < 1.0 && size.pixels() <= limits.max_output_pixels, "{size}");
            let long = size.width.max(size.height);
            assert!(long <= limits.max_side && (long > 11_000 || size.pixels() > 39_000_000), "{size}");
        }
    }

    proptest! {
        #[test]
        fn the_scale_gives_the_size_of_one_side(
            width in 0.5..3000.0f64, height in 0.5..3000.0f64, asked in 1..2000u32,
        ) {
            let stated = Extent { width, height };
            let vector = Vector { natural: stated, unit: 1.0 };
            let target = Size { width: asked, height: 0 };
            let target = Size { height: stated.scaled(f64::from(asked) / width).rounded().height, ..target };
            let drawn = stated.scaled(vector.scale(stated, target)).rounded();
            prop_assert!(drawn == target || (target.height == 1 && drawn.width >= target.width), "{drawn} {target}");
        }
    }
}
