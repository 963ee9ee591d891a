//! What work costs: measured on two cores of x86-64 by `cargo xtask calibrate-cost`, which prints these tables.

use std::time::Duration;

use super::{Cost, terms::Term};

/// Nanoseconds of CPU for a unit of each kind of work.
///
/// Where the fit found nothing to distinguish, a small number stands in place of its 0, so that more work is never free;
/// red eyes were not measured. Morphology is set by the two drawings that are dear for it alone.
pub const NANOSECONDS: [(Term, f64); Term::COUNT] = [
    (Term::Request, 1_151_538.0),
    (Term::Frame, 1_363_915.0),
    (Term::JpegOpen, 956_459.0),
    (Term::JpegByte, 9_618_051.0),
    (Term::JpegFull, 90_000.0),
    (Term::JpegHalf, 82_883.0),
    (Term::JpegQuarter, 113_360.0),
    (Term::JpegEighth, 84_527.0),
    (Term::JpegScan, 248_865.0),
    (Term::PngOpen, 449_694.0),
    (Term::PngByte, 8_084_213.0),
    (Term::PngSample, 403_665.0),
    (Term::WebpOpen, 2_086_163.0),
    (Term::WebpByte, 23_088_892.0),
    (Term::WebpLossy, 17_412_531.0),
    (Term::WebpLossless, 6_711_311.0),
    (Term::WebpFrame, 15_321_470.0),
    (Term::GifOpen, 988_909.0),
    (Term::GifByte, 11_114_218.0),
    (Term::GifPixel, 176_423.0),
    (Term::AvifOpen, 1_376_489.0),
    (Term::AvifByte, 205_547_652.0),
    (Term::AvifPixel, 18_940_195.0),
    (Term::TiffOpen, 1_930_594.0),
    (Term::TiffByte, 200_000.0),
    (Term::TiffSample, 43_396.0),
    (Term::BitmapPixel, 5_729_981.0),
    (Term::SvgByte, 20_000_000.0),
    (Term::SvgElement, 23_632_547.0),
    (Term::SvgPixel, 5_241_435.0),
    (Term::SvgPrimitive, 51_700_682.0),
    (Term::SvgOctave, 61_550_784.0),
    (Term::SvgNeighbour, 8_000_000_000.0),
    (Term::ShrinkIn, 1_173_114.0),
    (Term::ShrinkOut, 3_830_265.0),
    (Term::Enlarge, 10_368_080.0),
    (Term::Alpha, 4_205_390.0),
    (Term::ProfileOpen, 327_679.0),
    (Term::ProfileInks, 32_660_057.0),
    (Term::Profile, 3_212_632.0),
    (Term::Convert, 3_000_000.0),
    (Term::QuarterTurn, 500_000.0),
    (Term::Rotate, 9_059_464.0),
    (Term::RotateAlpha, 74_146_855.0),
    (Term::Interest, 87_069_465.0),
    (Term::Canvas, 300_000.0),
    (Term::Trim, 3_470_257.0),
    (Term::Look, 100_000.0),
    (Term::RedEye, 5_000_000.0),
    (Term::ToneTable, 1_000_000.0),
    (Term::ToneMeasure, 7_492_049.0),
    (Term::ToneMatrix, 5_592_748.0),
    (Term::TonePass, 51_710_951.0),
    (Term::ToneOperation, 740_353.0),
    (Term::ToneLight, 10_570_260.0),
    (Term::Blur, 3_144_176.0),
    (Term::BlurSigma, 384_128.0),
    (Term::Sharpen, 2_305_889.0),
    (Term::SharpenSigma, 300_000.0),
    (Term::OverlayBase, 2_618_698.0),
    (Term::Overlay, 2_000_000.0),
    (Term::Text, 2_419_813.0),
    (Term::TextPixel, 11_296_357.0),
    (Term::EncodeJpeg, 624_024.0),
    (Term::EncodeJpegHalf, 2_121_039.0),
    (Term::EncodeJpegFull, 4_721_619.0),
    (Term::EncodeJpegPasses, 1_988_658.0),
    (Term::EncodePng, 1_945_321.0),
    (Term::EncodePngSample, 5_444_205.0),
    (Term::EncodePngPalette, 34_000_000.0),
    (Term::EncodeWebp, 100_559.0),
    (Term::EncodeWebpPixel, 63_107_180.0),
    (Term::EncodeAvif, 5_905_188.0),
    (Term::EncodeAvifHalf, 51_435_675.0),
    (Term::EncodeAvifFull, 78_005_579.0),
    (Term::EncodeGif, 500_000.0),
    (Term::EncodeGifPixel, 295_500_984.0),
    (Term::EncodeMp4, 3_000_000.0),
    (Term::EncodeMp4Pixel, 55_077_242.0),
    (Term::CompareSsim, 42_490_299.0),
    (Term::CompareMpe, 23_545_041.0),
    (Term::CompareSmallfry, 25_285_946.0),
    (Term::CompareSsimulacra2, 103_446_446.0),
];

/// How much more an effort of WebP costs than the usual one, 2.
pub const WEBP_EFFORT: [f64; 7] = [0.65, 0.85, 1.0, 2.0, 2.0, 2.4, 5.5];

/// How much more an effort of AVIF costs than the usual one, 0.
pub const AVIF_EFFORT: [f64; 10] = [1.0, 3.6, 5.0, 9.1, 50.0, 65.0, 104.0, 154.0, 187.0, 536.0];

/// How much more a compression of PNG costs than the usual one, 2.
pub const PNG_COMPRESSION: [f64; 10] = [0.14, 0.6, 1.0, 1.15, 1.25, 1.35, 1.7, 2.5, 5.6, 5.7];

/// How much more an effort of GIF costs than the usual one, 3.
pub const GIF_EFFORT: [f64; 11] = [1.0, 1.0, 1.0, 1.0, 1.3, 1.9, 3.2, 3.9, 5.2, 6.0, 7.3];

/// What one inference takes of faces, of nudity and of labels, the copy of the picture being there. Memory is what the
/// first inference adds, the model included; it stays.
pub const ANALYSIS: [Cost; 3] = [
    Cost { cpu: Duration::from_millis(75), bytes: 96_000_000 },
    Cost { cpu: Duration::from_millis(25), bytes: 56_000_000 },
    Cost { cpu: Duration::from_millis(25), bytes: 28_000_000 },
];
