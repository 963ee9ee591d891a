//! JPEG by the encoder beside libvips: rows stream from libvips into it, and libvips says which segments hold the metadata.

use bytes::Bytes;
use codecs::jpeg::{Coefficients, Encoder, Options, Scan, Subsampling};
use vips::{BandFormat, Image, Interpretation, JpegScan, Keep, Result, Subsample};

use super::{carrier, with_metadata};
use crate::{embedded_metadata::jpeg, format::OutputFormat, plan::encode::Encoding};

/// Encodes an image of 8-bit grey or sRGB without alpha; `None` for any other.
pub fn encode(image: &Image, output: Encoding, subsample: Subsample, keep: Keep) -> Option<Result<Bytes>> {
    let bands = bands(image)?;
    let options = Options {
        width: image.width(),
        height: image.height(),
        bands,
        quality: output.quality,
        subsampling: if subsample == Subsample::On { Subsampling::Halved } else { Subsampling::Full },
        scan: if output.interlace { Scan::Progressive } else { Scan::Baseline },
    };
    Some(filled(image, options, keep))
}

/// The number of bands of 8-bit grey or sRGB without alpha; `None` for any other image.
pub fn bands(image: &Image) -> Option<u32> {
    let bands = match image.interpretation() {
        Interpretation::Grey => 1,
        Interpretation::Srgb => 3,
        _ => return None,
    };
    (image.bands() == bands && image.format() == BandFormat::Uchar).then_some(bands)
}

/// Encodes the coefficients of an image slowly, with quantisation steps that are multiplied by `scale`, and with its metadata.
pub fn slow(image: &Image, coefficients: &Coefficients, scale: f32, output: Encoding) -> Result<Bytes> {
    with_metadata(image, output, |keep| {
        let file = coefficients.encode(scale).map_err(of_encoder)?;
        let carrier = image.carrier()?.save_jpeg(output.quality, JpegScan::Baseline, Subsample::Off, keep)?;
        Ok(jpeg::with_metadata_of(&file, &carrier))
    })
}

fn filled(image: &Image, options: Options, keep: Keep) -> Result<Bytes> {
    let mut encoder = Encoder::new(options).map_err(of_encoder)?;
    let mut written = Ok(());
    image.for_each_row(|row| {
        if written.is_ok() {
            written = encoder.write(row);
        }
    })?;
    let file = written.and_then(|()| encoder.finish()).map_err(of_encoder)?;
    let carrier = carrier::encoded(image, OutputFormat::Jpeg, keep, |pixel| {
        pixel.save_jpeg(options.quality, JpegScan::Baseline, Subsample::Off, keep)
    })?;
    Ok(jpeg::with_metadata_of(&file, &carrier))
}

/// The error of the encoder as one of libvips.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub fn of_encoder(error: codecs::Error) -> vips::Error {
    let (operation, detail) = ("encode jpeg".into(), error.to_string());
    if error.is_out_of_memory() {
        vips::Error::OutOfMemory { operation, detail }
    } else {
        vips::Error::Operation { operation, detail }
    }
}
