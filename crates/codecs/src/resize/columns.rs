//! The two directions of a scaling: columns while the image is decoded, then rows.

use std::ops::Range;

use fast_image_resize::{PixelTrait, ResizeError, pixels};

use super::{Part, SUPPORT, Scaling, alpha, resize};
use crate::decoder::Shape;

type Result = std::result::Result<(), ResizeError>;

/// Rows of the result that are computed at a time: few enough for the rows that they need to stay in the processor's cache, and
/// many enough for the filter's weights, which are computed each time, to cost nothing beside.
const STRIP: u32 = 8;

/// An image whose columns are scaled while its rows arrive.
///
/// The canvas holds the image between margins of copied rows above and below, as far as the filter reaches. Each row has a byte
/// before it that belongs to the decoder. What is scaled has margins of copied pixels on the left and on the right.
pub struct Columns {
    shape: Shape,
    scaling: Scaling,
    /// Rows above and below.
    above: usize,
    /// Pixels on the left and on the right.
    beside: usize,
    /// Rows that have arrived.
    arrived: usize,
    /// Rows of the result whose columns are scaled.
    scaled: u32,
    /// Where they are computed, with the bytes before them.
    strip: Vec<u8>,
}

impl Columns {
    pub fn new(shape: Shape, scaling: Scaling) -> Self {
        let reach = |length: f64, to: u32| (SUPPORT * length / f64::from(to)).ceil() as usize + 1;
        let mut columns = Self {
            shape,
            scaling,
            above: reach(scaling.height, scaling.to.1),
            beside: reach(scaling.width, scaling.to.0),
            arrived: 0,
            scaled: 0,
            strip: Vec::new(),
        };
        columns.strip = vec![0; columns.stride() * STRIP.min(scaling.to.1) as usize];
        columns
    }

    /// Bytes of a row of the canvas.
    fn stride(&self) -> usize {
        self.shape.row_bytes() + 1
    }

    /// Bytes of a row with margins whose columns are scaled.
    fn wide(&self) -> usize {
        (self.shape.width as usize + 2 * self.beside) * self.shape.bands as usize
    }

    /// Bytes of the canvas.
    pub fn canvas_length(&self) -> usize {
        self.stride() * (self.shape.height as usize + 2 * self.above)
    }

    /// Where the image is in the canvas.
    pub fn image(&self) -> Range<usize> {
        let start = self.above * self.stride();
        start..start + self.shape.height as usize * self.stride()
    }

    /// Bytes of the image whose columns are scaled.
    pub fn length(&self) -> usize {
        self.wide() * self.scaling.to.1 as usize
    }

    /// Scales columns as far as the first `count` rows of the image suffice, which are complete.
    pub fn advance(&mut self, canvas: &mut [u8], count: usize, out: &mut [u8]) -> Result {
        let (stride, height) = (self.stride(), self.shape.height as usize);
        let row = |index: usize| index * stride..(index + 1) * stride;
        for index in self.arrived..count {
            alpha::multiply(self.shape.bands, &mut canvas[row(self.above + index)][1..]);
        }
        if self.arrived == 0 && count > 0 {
            (0..self.above).for_each(|index| canvas.copy_within(row(self.above), index * stride));
        }
        let end = self.above + height;
        if self.arrived < height && count == height {
            (end..end + self.above).for_each(|index| canvas.copy_within(row(end - 1), index * stride));
        }
        self.arrived = count;
        let available = if count == height { end + self.above } else { self.above + count };
        while self.scaled < self.scaling.to.1 {
            let next = self.scaled..self.scaling.to.1.min(self.scaled + STRIP);
            let rows = self.needed(&next);
            if rows.end > available {
                break;
            }
            self.scale_strip(&next, canvas, rows, out)?;
            self.scaled = next.end;
        }
        Ok(())
    }

    /// The canvas' rows that rows of the result depend on.
    fn needed(&self, rows: &Range<u32>) -> Range<usize> {
        let factor = self.factor();
        let centre = |row: u32| self.above as f64 + self.scaling.top + (f64::from(row) + 0.5) * factor;
        let first = (centre(rows.start) - SUPPORT * factor).floor().max(0.0) as usize;
        let end = (centre(rows.end - 1) + SUPPORT * factor).ceil() as usize;
        first..end.min(self.shape.height as usize + 2 * self.above)
    }

    fn factor(&self) -> f64 {
        self.scaling.height / f64::from(self.scaling.to.1)
    }

    /// Scales the columns of some rows. They are independent of each other, so that all bytes are, and the decoder's among them.
    fn scale_strip(
        &mut self,
        next: &Range<u32>,
        canvas: &[u8],
        rows: Range<usize>,
        out: &mut [u8],
    ) -> Result {
        let (stride, wide) = (self.stride(), self.wide());
        let count = next.end - next.start;
        let top = self.above as f64 + self.scaling.top + f64::from(next.start) * self.factor();
        let part = Part {
            left: 0.0,
            top: top - rows.start as f64,
            width: stride as f64,
            height: f64::from(count) * self.factor(),
        };
        let from = (&canvas[rows.start * stride..rows.end * stride], stride as u32, rows.len() as u32);
        let strip = &mut self.strip[..stride * count as usize];
        resize::<pixels::U8>(from, part, (strip, stride as u32, count))?;
        let (pixel, margin) = (self.shape.bands as usize, self.beside * self.shape.bands as usize);
        let places = out[next.start as usize * wide..].chunks_exact_mut(wide);
        for (row, out) in strip.chunks_exact(stride).zip(places) {
            let row = &row[1..];
            let (left, rest) = out.split_at_mut(margin);
            let (middle, right) = rest.split_at_mut(row.len());
            left.chunks_exact_mut(pixel).for_each(|out| out.copy_from_slice(&row[..pixel]));
            middle.copy_from_slice(row);
            right.chunks_exact_mut(pixel).for_each(|out| out.copy_from_slice(&row[row.len() - pixel..]));
        }
        Ok(())
    }

    /// Scales the rows of the image whose columns are scaled.
    pub fn scale_rows<P: PixelTrait>(&self, scaled: &[u8], to: &mut [u8]) -> Result {
        let (width, height) = self.scaling.to;
        let part = Part {
            left: self.scaling.left + self.beside as f64,
            top: 0.0,
            width: self.scaling.width,
            height: height.into(),
        };
        let wide = self.shape.width + 2 * self.beside as u32;
        resize::<P>((scaled, wide, height), part, (to, width, height))
    }
}
