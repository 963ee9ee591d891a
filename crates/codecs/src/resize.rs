//! Scaling down by Lanczos3, before an image reaches libvips: by the crate `fast_image_resize`, which costs less than half
//! of libvips' operation on images that fit into a moderate buffer.
//!
//! Down to a quarter, the results are those of libvips within rounding: both filter columns first, round to 8 bits between the
//! directions, and take pixels beyond the edges as copies of those at the edges. Below, libvips averages blocks of pixels
//! before it filters, which is less exact.

use std::cell::RefCell;

use bytes::Bytes;
use fast_image_resize::{
    FilterType, ResizeAlg, ResizeError, ResizeOptions, Resizer,
    images::{TypedImage, TypedImageRef},
    pixels::{self, InnerPixel},
};

use crate::{
    buffer::Buffer,
    decoder::{Decoder, Shape, Target},
    error::{Error, Result},
};

/// The name in errors.
const NAME: &str = "fast_image_resize";

/// Neighbours on each side that the filter weighs, in pixels of the result.
const SUPPORT: f64 = 3.0;

/// Larger intermediate images are given back to the allocator.
const LARGEST_KEPT: usize = 16 << 20;

thread_local! {
    static RESIZER: RefCell<Resizer> = RefCell::new(Resizer::new());
}

/// Gives back what this thread keeps for the next image.
pub(crate) fn release() {
    RESIZER.with_borrow_mut(Resizer::reset_internal_buffers);
}

/// A scaling of a part of an image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scaling {
    /// Left edge of the part, in pixels of the image.
    pub left: f64,
    /// Its top edge.
    pub top: f64,
    /// Its width, at least `to.0`.
    pub width: f64,
    /// Its height, at least `to.1`.
    pub height: f64,
    /// Width and height of the result.
    pub to: (u32, u32),
}

/// Decodes an image of 8-bit grey or RGB, which has `shape` after scaling by the divisor, and scales it down. Memory holds the
/// whole image with margins, and the result.
///
/// # Errors
///
/// As of [`Rows::read`](crate::Rows::read).
pub fn scale(
    decoder: &Decoder,
    bytes: &Bytes,
    divisor: u8,
    shape: Shape,
    scaling: Scaling,
) -> Result<Vec<u8>> {
    scaled(shape, scaling, bytes.len(), |target| (decoder.read_all)(bytes, divisor, target))
}

/// As [`scale`], of rows that are decoded: those of `shape` from the top, without gaps, and perhaps more bytes.
///
/// # Errors
///
/// [`Error::Broken`] for too few bytes.
pub fn scale_rows(rows: &[u8], shape: Shape, scaling: Scaling) -> Result<Vec<u8>> {
    let row = shape.row_bytes();
    if rows.len() < row * shape.height as usize {
        return Err(Error::broken(NAME, "too few rows"));
    }
    scaled(shape, scaling, 0, |Target { pixels, stride, .. }| {
        let places = pixels.chunks_mut(stride).zip(rows.chunks_exact(row)).take(shape.height as usize);
        places.for_each(|(out, row)| out[..row.len()].copy_from_slice(row));
        Ok(())
    })
}

/// Scales what `fill` decodes with so many bytes of additional memory.
fn scaled(
    shape: Shape,
    scaling: Scaling,
    scratch: usize,
    fill: impl FnOnce(Target<'_>) -> Result<()>,
) -> Result<Vec<u8>> {
    let canvas = Canvas::new(shape, scaling);
    let to = Shape { width: scaling.to.0, height: scaling.to.1, ..shape };
    // what the decoder does not use of the additional bytes is never touched
    let mut buffer = Buffer::with_length(canvas.length() + scratch);
    let (pixels, scratch) = buffer.split_at_mut(canvas.length());
    let (row, stride, height) = (shape.row_bytes(), canvas.stride(), shape.height as usize);
    fill(Target { pixels: &mut pixels[canvas.start()..], row, stride, height, scratch })?;
    canvas.extend(pixels);
    let mut result = vec![0; to.row_bytes() * to.height as usize];
    let made = match shape.bands {
        1 => canvas.scale::<pixels::U8>(pixels, to, &mut result),
        3 => canvas.scale::<pixels::U8x3>(pixels, to, &mut result),
        bands => return Err(Error::broken(NAME, format!("{bands} bands instead of 1 or 3"))),
    };
    made.map_err(|error| Error::broken(NAME, error.to_string()))?;
    Ok(result)
}

/// The image with margins of copied edges, as wide as the filter reaches.
struct Canvas {
    shape: Shape,
    scaling: Scaling,
    /// Pixels on the left and on the right.
    beside: usize,
    /// Rows above and below.
    above: usize,
}

impl Canvas {
    fn new(shape: Shape, scaling: Scaling) -> Self {
        let reach = |length: f64, to: u32| (SUPPORT * length / f64::from(to)).ceil() as usize + 1;
        Self {
            shape,
            scaling,
            beside: reach(scaling.width, scaling.to.0),
            above: reach(scaling.height, scaling.to.1),
        }
    }

    fn width(&self) -> usize {
        self.shape.width as usize + 2 * self.beside
    }

    fn height(&self) -> usize {
        self.shape.height as usize + 2 * self.above
    }

    /// Bytes of a row.
    fn stride(&self) -> usize {
        self.width() * self.shape.bands as usize
    }

    fn length(&self) -> usize {
        self.stride() * self.height()
    }

    /// The offset of the image.
    fn start(&self) -> usize {
        self.above * self.stride() + self.beside * self.shape.bands as usize
    }

    /// Copies the edges of the image into the margins.
    fn extend(&self, pixels: &mut [u8]) {
        let stride = self.stride();
        let (pixel, margin) = (self.shape.bands as usize, self.beside * self.shape.bands as usize);
        let first = self.above * stride;
        let end = first + self.shape.height as usize * stride;
        for row in pixels[first..end].chunks_exact_mut(stride) {
            let (left, rest) = row.split_at_mut(margin);
            left.chunks_exact_mut(pixel).for_each(|out| out.copy_from_slice(&rest[..pixel]));
            let (middle, right) = rest.split_at_mut(rest.len() - margin);
            let last = &middle[middle.len() - pixel..];
            right.chunks_exact_mut(pixel).for_each(|out| out.copy_from_slice(last));
        }
        let (above, rest) = pixels.split_at_mut(first);
        above.chunks_exact_mut(stride).for_each(|out| out.copy_from_slice(&rest[..stride]));
        let (middle, below) = rest.split_at_mut(end - first);
        let last = &middle[middle.len() - stride..];
        below.chunks_exact_mut(stride).for_each(|out| out.copy_from_slice(last));
    }

    fn scale<P: InnerPixel + fast_image_resize::PixelTrait>(
        &self,
        pixels: &[u8],
        shape: Shape,
        to: &mut [u8],
    ) -> std::result::Result<(), ResizeError> {
        let invalid = |_| ResizeError::ImageError(fast_image_resize::ImageError::UnsupportedPixelType);
        let from = TypedImageRef::<P>::from_buffer(self.width() as u32, self.height() as u32, pixels)
            .map_err(invalid)?;
        let mut to = TypedImage::<P>::from_buffer(shape.width, shape.height, to).map_err(invalid)?;
        let Scaling { left, top, width, height, .. } = self.scaling;
        let (left, top) = (left + self.beside as f64, top + self.above as f64);
        let options = ResizeOptions::new()
            .resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3))
            .crop(left, top, width, height)
            .use_alpha(false);
        RESIZER.with_borrow_mut(|resizer| {
            let done = resizer.resize_typed(&from, &mut to, &options);
            if resizer.size_of_internal_buffers() > LARGEST_KEPT {
                resizer.reset_internal_buffers();
            }
            done
        })
    }
}
