//! Scaling down by Lanczos3, before an image reaches libvips: by the crate `fast_image_resize`, which costs less than half
//! of libvips' operation on images that fit into a moderate buffer.
//!
//! Down to a quarter, the results are those of libvips within rounding: both filter columns first, round to 8 bits between the
//! directions, and take pixels beyond the edges as copies of those at the edges. Below, libvips averages blocks of pixels
//! before it filters, which is less exact. Colours are multiplied by alpha before, and divided by it afterwards, with the
//! rounding of libvips.
//!
//! Columns are filtered as soon as the decoder has delivered enough rows, a few rows of the result at a time, so that the rows
//! are still in the processor's cache.

mod alpha;
mod columns;
mod lanczos;

use std::cell::RefCell;

use bytes::Bytes;
use fast_image_resize::{
    Filter, FilterType, ImageError, PixelTrait, ResizeAlg, ResizeError, ResizeOptions, Resizer,
    images::{TypedImage, TypedImageRef},
    pixels,
};

use self::{
    columns::Columns,
    lanczos::{SUPPORT, lanczos3},
};
use crate::{
    buffer::Buffer,
    decoder::{Decoder, Shape, Target},
    error::{Error, Result},
};

/// The name in errors.
const NAME: &str = "fast_image_resize";

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

/// Decodes an image of 8 bits, which has `shape` after scaling by the divisor, and scales it down. Memory holds the whole
/// image, and the image whose columns are scaled.
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
    let mut rows = rows.chunks_exact(row);
    scaled(shape, scaling, 0, |target| {
        target.fill(|out| {
            rows.next().into_iter().for_each(|row| out.copy_from_slice(row));
            Ok(())
        })
    })
}

/// Scales what `fill` decodes with so many bytes of additional memory.
fn scaled(
    shape: Shape,
    scaling: Scaling,
    scratch: usize,
    fill: impl FnOnce(Target<'_>) -> Result<()>,
) -> Result<Vec<u8>> {
    if shape.depth != 1 || !(1..=4).contains(&shape.bands) {
        return Err(Error::broken(NAME, format!("{} bands of {} bytes", shape.bands, shape.depth)));
    }
    let mut columns = Columns::new(shape, scaling);
    // what the decoder does not use of the additional bytes is never touched
    let mut buffer = Buffer::with_length(columns.canvas_length() + columns.length() + scratch);
    let (canvas, rest) = buffer.split_at_mut(columns.canvas_length());
    let (scaled, scratch) = rest.split_at_mut(columns.length());
    let image = columns.image();
    let mut filtered = Ok(());
    let mut ready = |canvas: &mut [u8], count| {
        if filtered.is_ok() {
            filtered = columns.advance(canvas, count, scaled);
        }
    };
    fill(Target { canvas, image, shape, scratch, ready: &mut ready })?;
    filtered.map_err(failed)?;
    let to = Shape { width: scaling.to.0, height: scaling.to.1, ..shape };
    let mut result = vec![0; to.row_bytes() * to.height as usize];
    let made = match shape.bands {
        1 => columns.scale_rows::<pixels::U8>(scaled, &mut result),
        2 => columns.scale_rows::<pixels::U8x2>(scaled, &mut result),
        3 => columns.scale_rows::<pixels::U8x3>(scaled, &mut result),
        _ => columns.scale_rows::<pixels::U8x4>(scaled, &mut result),
    };
    made.map_err(failed)?;
    alpha::divide(shape.bands, &mut result);
    Ok(result)
}

fn failed(error: ResizeError) -> Error {
    Error::broken(NAME, error.to_string())
}

/// A part of an image that is scaled.
#[derive(Debug, Clone, Copy)]
struct Part {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

/// Scales a part of an image of these sides, by the resizer of this thread.
fn resize<P: PixelTrait>(
    (from, width, height): (&[u8], u32, u32),
    part: Part,
    (to, to_width, to_height): (&mut [u8], u32, u32),
) -> std::result::Result<(), ResizeError> {
    let invalid = |_| ResizeError::ImageError(ImageError::UnsupportedPixelType);
    let from = TypedImageRef::<P>::from_buffer(width, height, from).map_err(invalid)?;
    let mut to = TypedImage::<P>::from_buffer(to_width, to_height, to).map_err(invalid)?;
    let filter = Filter::new("Lanczos3", lanczos3, SUPPORT).expect("invariant: a finite radius");
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::Custom(filter)))
        .crop(part.left, part.top, part.width, part.height)
        .use_alpha(false);
    RESIZER.with_borrow_mut(|resizer| {
        let done = resizer.resize_typed(&from, &mut to, &options);
        if resizer.size_of_internal_buffers() > LARGEST_KEPT {
            resizer.reset_internal_buffers();
        }
        done
    })
}
