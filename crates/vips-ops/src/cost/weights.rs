//! Weights of the kinds of work, measured on two cores of x86-64 by `cargo xtask calibrate-cost`, which prints these
//! tables.

use std::time::Duration;

use super::{work::Cost, work_kind::WorkKind};

/// CPU time in nanoseconds per unit of each kind of work.
///
/// Where the fit yields 0, a small number is used instead, so that more work always costs more; red-eye correction was
/// not measured. Morphology is set by the two samples dominated by it.
pub const NANOSECONDS: [(WorkKind, f64); WorkKind::COUNT] = [
    (WorkKind::Request, 1_151_538.0),
    (WorkKind::Frame, 1_363_915.0),
    (WorkKind::JpegOpen, 956_459.0),
    (WorkKind::JpegByte, 9_618_051.0),
    (WorkKind::JpegFull, 90_000.0),
    (WorkKind::JpegHalf, 82_883.0),
    (WorkKind::JpegQuarter, 113_360.0),
    (WorkKind::JpegEighth, 84_527.0),
    (WorkKind::JpegScan, 248_865.0),
    (WorkKind::PngOpen, 449_694.0),
    (WorkKind::PngByte, 8_084_213.0),
    (WorkKind::PngSample, 403_665.0),
    (WorkKind::WebpOpen, 2_086_163.0),
    (WorkKind::WebpByte, 23_088_892.0),
    (WorkKind::WebpLossy, 17_412_531.0),
    (WorkKind::WebpLossless, 6_711_311.0),
    (WorkKind::WebpFrame, 15_321_470.0),
    (WorkKind::GifOpen, 988_909.0),
    (WorkKind::GifByte, 11_114_218.0),
    (WorkKind::GifPixel, 176_423.0),
    (WorkKind::AvifOpen, 1_376_489.0),
    (WorkKind::AvifByte, 205_547_652.0),
    (WorkKind::AvifPixel, 18_940_195.0),
    (WorkKind::TiffOpen, 1_930_594.0),
    (WorkKind::TiffByte, 200_000.0),
    (WorkKind::TiffSample, 43_396.0),
    (WorkKind::BitmapPixel, 5_729_981.0),
    (WorkKind::SvgByte, 20_000_000.0),
    (WorkKind::SvgElement, 23_632_547.0),
    (WorkKind::SvgPixel, 5_241_435.0),
    (WorkKind::SvgPrimitive, 51_700_682.0),
    (WorkKind::SvgOctave, 61_550_784.0),
    (WorkKind::SvgNeighbour, 8_000_000_000.0),
    (WorkKind::ShrinkIn, 1_173_114.0),
    (WorkKind::ShrinkOut, 3_830_265.0),
    (WorkKind::Enlarge, 10_368_080.0),
    (WorkKind::Alpha, 4_205_390.0),
    (WorkKind::ProfileOpen, 327_679.0),
    (WorkKind::ProfileInks, 32_660_057.0),
    (WorkKind::Profile, 3_212_632.0),
    (WorkKind::Convert, 3_000_000.0),
    (WorkKind::QuarterTurn, 500_000.0),
    (WorkKind::Rotate, 9_059_464.0),
    (WorkKind::RotateAlpha, 74_146_855.0),
    (WorkKind::Interest, 87_069_465.0),
    (WorkKind::Canvas, 300_000.0),
    (WorkKind::Trim, 3_470_257.0),
    (WorkKind::Thumbnail, 100_000.0),
    (WorkKind::RedEye, 5_000_000.0),
    (WorkKind::ToneTable, 1_000_000.0),
    (WorkKind::ToneMeasure, 7_492_049.0),
    (WorkKind::ToneMatrix, 5_592_748.0),
    (WorkKind::TonePass, 51_710_951.0),
    (WorkKind::ToneOperation, 740_353.0),
    (WorkKind::ToneLight, 10_570_260.0),
    (WorkKind::Blur, 3_144_176.0),
    (WorkKind::BlurSigma, 384_128.0),
    (WorkKind::Sharpen, 2_305_889.0),
    (WorkKind::SharpenSigma, 300_000.0),
    (WorkKind::OverlayBase, 2_618_698.0),
    (WorkKind::Overlay, 2_000_000.0),
    (WorkKind::Text, 2_419_813.0),
    (WorkKind::TextPixel, 11_296_357.0),
    (WorkKind::EncodeJpeg, 624_024.0),
    (WorkKind::EncodeJpegHalf, 2_121_039.0),
    (WorkKind::EncodeJpegFull, 4_721_619.0),
    (WorkKind::EncodeJpegPasses, 1_988_658.0),
    (WorkKind::EncodePng, 1_945_321.0),
    (WorkKind::EncodePngSample, 5_444_205.0),
    (WorkKind::EncodePngPalette, 34_000_000.0),
    (WorkKind::EncodeWebp, 100_559.0),
    (WorkKind::EncodeWebpPixel, 63_107_180.0),
    (WorkKind::EncodeAvif, 5_905_188.0),
    (WorkKind::EncodeAvifHalf, 51_435_675.0),
    (WorkKind::EncodeAvifFull, 78_005_579.0),
    (WorkKind::EncodeGif, 500_000.0),
    (WorkKind::EncodeGifPixel, 295_500_984.0),
    (WorkKind::EncodeMp4, 3_000_000.0),
    (WorkKind::EncodeMp4Pixel, 55_077_242.0),
    (WorkKind::CompareSsim, 42_490_299.0),
    (WorkKind::CompareMpe, 23_545_041.0),
    (WorkKind::CompareSmallfry, 25_285_946.0),
    (WorkKind::CompareSsimulacra2, 103_446_446.0),
];

/// Factors on the work of decoders beside libvips, relative to its loaders. Measured by a server with codecs on and off in turns,
/// on photographs of 900 and 2040 px scaled to 64 px, with the share that decoding has there by the table above. JPEG is not among
/// them: decoding it costs 0.8 to 0.95 of libvips' part, which is within the error of the model.
pub const CODEC_DECODERS: [(WorkKind, f64); 7] = [
    (WorkKind::PngByte, 0.6),
    (WorkKind::PngSample, 0.6),
    (WorkKind::WebpByte, 0.5),
    (WorkKind::WebpLossy, 0.5),
    (WorkKind::WebpLossless, 0.5),
    (WorkKind::AvifByte, 0.33),
    (WorkKind::AvifPixel, 0.33),
];

/// Factors on the work of encoders beside libvips, relative to its savers, by encoding alone (512 px).
pub const CODEC_ENCODERS: [(WorkKind, f64); 3] =
    [(WorkKind::EncodePngSample, 0.5), (WorkKind::EncodeJpegHalf, 0.5), (WorkKind::EncodeJpegFull, 0.5)];

/// Factors on scaling by `fast_image_resize`, relative to libvips; for JPEG, whose images are small when they are scaled, the
/// difference is within the error of the model.
pub const FAST_IMAGE_RESIZE: [(WorkKind, f64); 1] = [(WorkKind::ShrinkIn, 0.65)];

/// Factor of a WebP effort relative to the default, 2.
pub const WEBP_EFFORT: [f64; 7] = [0.65, 0.85, 1.0, 2.0, 2.0, 2.4, 5.5];

/// Factor of an AVIF effort relative to the default, 0.
pub const AVIF_EFFORT: [f64; 10] = [1.0, 3.6, 5.0, 9.1, 50.0, 65.0, 104.0, 154.0, 187.0, 536.0];

/// Factor of a PNG compression level relative to the default, 2.
pub const PNG_COMPRESSION: [f64; 10] = [0.14, 0.6, 1.0, 1.15, 1.25, 1.35, 1.7, 2.5, 5.6, 5.7];

/// Factor of a GIF effort relative to the default, 3.
pub const GIF_EFFORT: [f64; 11] = [1.0, 1.0, 1.0, 1.0, 1.3, 1.9, 3.2, 3.9, 5.2, 6.0, 7.3];

/// Cost of one inference for faces, nudity and labels, without preparing the copy of the image. The memory is what the
/// first inference adds, the model included; it is kept.
pub const ANALYSIS: [Cost; 3] = [
    Cost { cpu: Duration::from_millis(75), bytes: 96_000_000 },
    Cost { cpu: Duration::from_millis(25), bytes: 56_000_000 },
    Cost { cpu: Duration::from_millis(25), bytes: 28_000_000 },
];
