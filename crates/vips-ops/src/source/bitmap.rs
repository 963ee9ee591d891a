//! Decodes BMP and ICO, which libvips does not support, into memory by the crate `image`.

use std::io::Cursor;

use bytes::Bytes;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader};
use vips::{Access, Image, Interpretation, Loader};

use super::{SourceFormat, check_pixels, ico::IcoImage, sniff::stated_size};
use crate::{
    error::{Error, Result},
    settings::Limits,
    size::Size,
};

/// Most bytes per decoded pixel: RGBA.
const PIXEL_BYTES: u64 = 4;

/// Decodes a BMP, or the best image of an icon. The size stated in the header is checked before anything is allocated
/// for it.
///
/// # Errors
///
/// [`Error::OverLimit`] for too many pixels, [`Error::Undecodable`].
pub fn decode(format: SourceFormat, bytes: &Bytes, limits: &Limits) -> Result<Image> {
    if format != SourceFormat::Ico {
        return pixels(ImageFormat::Bmp, bytes, limits);
    }
    let best = IcoImage::best(bytes)
        .ok_or_else(|| Error::Undecodable(undecodable("an icon without images".into())))?;
    match best.png() {
        Some(data) => png(&bytes.slice_ref(data), limits),
        None => pixels(ImageFormat::Ico, &best.as_single_icon(), limits),
    }
}

fn pixels(format: ImageFormat, bytes: &[u8], limits: &Limits) -> Result<Image> {
    let mut decoder = ImageReader::with_format(Cursor::new(bytes), format)
        .into_decoder()
        .map_err(|error| broken(&error))?;
    let (width, height) = decoder.dimensions();
    check_pixels(Size { width, height }, limits)?;
    let mut allowed = image::Limits::default();
    allowed.max_alloc = Some(limits.max_pixels.saturating_mul(PIXEL_BYTES));
    let pixels = allowed
        .reserve(decoder.total_bytes())
        .and_then(|()| decoder.set_limits(allowed))
        .and_then(|()| DynamicImage::from_decoder(decoder))
        .map_err(|error| broken(&error))?;
    let image = if pixels.color().has_alpha() {
        Image::from_pixels(&pixels.into_rgba8(), width, height, 4)
    } else {
        Image::from_pixels(&pixels.into_rgb8(), width, height, 3)
    };
    image.and_then(|image| image.interpret(Interpretation::Srgb)).map_err(Error::of_pixels)
}

/// Decodes a PNG contained in an icon.
fn png(bytes: &Bytes, limits: &Limits) -> Result<Image> {
    if let Some(stated) = stated_size(SourceFormat::Png, bytes) {
        check_pixels(stated, limits)?;
    }
    let image = Image::load(bytes, &Loader::Png, Access::Sequential);
    image.and_then(|image| image.copy_memory()).map_err(Error::of_pixels)
}

fn broken(error: &ImageError) -> Error {
    Error::Undecodable(undecodable(error.to_string()))
}

fn undecodable(detail: String) -> vips::Error {
    vips::Error::Operation { operation: "bitmap".into(), detail }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use vips::{Settings, Vips};

    use super::*;

    /// A BMP header of this size with 24 bits per pixel, followed by `pixels`.
    fn bmp(width: i32, height: i32, pixels: &[u8]) -> Bytes {
        let mut file = b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec();
        file.extend(width.to_le_bytes());
        file.extend(height.to_le_bytes());
        file.extend(b"\x01\0\x18\0");
        file.extend([0; 24]);
        file.extend(pixels);
        file.into()
    }

    fn decoded(bytes: &Bytes) -> Result<Image> {
        Vips::start(Settings::default()).unwrap();
        decode(SourceFormat::Bmp, bytes, &Limits::default())
    }

    #[test]
    fn bottom_up_and_top_down_rows() {
        let rows = b"\x01\x02\x03\0\x04\x05\x06\0";
        for (height, expected) in [(2, [6, 5, 4, 3, 2, 1]), (-2, [3, 2, 1, 6, 5, 4])] {
            let image = decoded(&bmp(1, height, rows)).unwrap();
            assert_eq!((image.width(), image.height(), image.has_alpha()), (1, 2, false));
            assert_eq!(image.interpretation(), Interpretation::Srgb);
            assert_eq!(image.pixels().unwrap()[..], expected);
        }
    }

    #[test]
    fn the_size_is_checked_before_decoding() {
        assert!(matches!(decoded(&bmp(50_000, 50_000, b"")), Err(Error::OverLimit { .. })));
        assert!(matches!(decoded(&bmp(8_000, 8_000, b"")), Err(Error::Undecodable(_))));
        assert!(matches!(decoded(&bmp(0, 5, b"")), Err(Error::Undecodable(_))));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_not_panic(tail: Vec<u8>, width in 0..20i32, height in -20..20i32) {
            let _ = decoded(&bmp(width, height, &tail));
            let icon = [b"\0\0\x01\0\x01\0".as_slice(), &tail].concat();
            let _ = decode(SourceFormat::Ico, &icon.into(), &Limits::default());
        }
    }
}
