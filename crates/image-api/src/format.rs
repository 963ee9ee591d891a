//! Image formats: one record per input format, and one per output format.

use serde::{Deserialize, Serialize};

/// An input format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SourceFormat {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    Webp,
    /// GIF.
    Gif,
    /// AVIF: AV1 in a HEIF container.
    Heif,
    /// TIFF.
    Tiff,
    /// SVG.
    Svg,
    /// BMP.
    Bmp,
    /// ICO: icons of several sizes, of which the best is decoded.
    Ico,
}

/// The properties of an input format, except for its loader.
#[derive(Debug, Clone, Copy)]
struct SourceRecord {
    /// The common name.
    title: &'static str,
    /// The name in `format=`, if it is an output format, and the usual file extension.
    name: &'static str,
    media_type: &'static str,
    /// Whether images of this format can be animated.
    animation: bool,
    /// Whether it is a raster format.
    raster: bool,
    /// The corresponding output format, if any.
    written: Option<OutputFormat>,
}

impl SourceFormat {
    /// All input formats, the most common first.
    pub const ALL: [Self; 9] = [
        Self::Jpeg,
        Self::Png,
        Self::Webp,
        Self::Heif,
        Self::Gif,
        Self::Tiff,
        Self::Svg,
        Self::Bmp,
        Self::Ico,
    ];

    #[expect(clippy::too_many_lines, reason = "one record per format")]
    fn record(self) -> &'static SourceRecord {
        match self {
            Self::Jpeg => &SourceRecord {
                title: "JPEG",
                name: "jpeg",
                media_type: "image/jpeg",
                animation: false,
                raster: true,
                written: Some(OutputFormat::Jpeg),
            },
            Self::Png => &SourceRecord {
                title: "PNG",
                name: "png",
                media_type: "image/png",
                animation: false,
                raster: true,
                written: Some(OutputFormat::Png),
            },
            Self::Webp => &SourceRecord {
                title: "WebP",
                name: "webp",
                media_type: "image/webp",
                animation: true,
                raster: true,
                written: Some(OutputFormat::Webp),
            },
            Self::Gif => &SourceRecord {
                title: "GIF",
                name: "gif",
                media_type: "image/gif",
                animation: true,
                raster: true,
                written: Some(OutputFormat::Gif),
            },
            Self::Heif => &SourceRecord {
                title: "AVIF",
                name: "avif",
                media_type: "image/avif",
                animation: false,
                raster: true,
                written: Some(OutputFormat::Avif),
            },
            Self::Tiff => &SourceRecord {
                title: "TIFF",
                name: "tiff",
                media_type: "image/tiff",
                animation: false,
                raster: true,
                written: None,
            },
            Self::Svg => &SourceRecord {
                title: "SVG",
                name: "svg",
                media_type: "image/svg+xml",
                animation: false,
                raster: false,
                written: None,
            },
            Self::Bmp => &SourceRecord {
                title: "BMP",
                name: "bmp",
                media_type: "image/bmp",
                animation: false,
                raster: true,
                written: None,
            },
            Self::Ico => &SourceRecord {
                title: "ICO",
                name: "ico",
                media_type: "image/vnd.microsoft.icon",
                animation: false,
                raster: true,
                written: None,
            },
        }
    }

    /// The common name.
    pub fn title(self) -> &'static str {
        self.record().title
    }

    /// The short name, as in `format=` for output formats.
    pub fn name(self) -> &'static str {
        self.record().name
    }

    /// The media type.
    pub fn media_type(self) -> &'static str {
        self.record().media_type
    }

    /// Whether images of this format can be animated.
    pub fn animates(self) -> bool {
        self.record().animation
    }

    /// Whether it is a raster format.
    pub fn is_raster(self) -> bool {
        self.record().raster
    }

    /// The corresponding output format, if any.
    pub fn written(self) -> Option<OutputFormat> {
        self.record().written
    }
}

/// An output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OutputFormat {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    Webp,
    /// AVIF.
    Avif,
    /// GIF.
    Gif,
    /// A video: H.264 in MP4.
    Mp4,
}

/// The properties of an output format, except for its saver.
#[derive(Debug, Clone, Copy)]
struct OutputRecord {
    /// The name in `format=`, and the usual file extension.
    name: &'static str,
    media_type: &'static str,
    /// Whether it supports alpha.
    alpha: bool,
    animation: bool,
    /// Whether the quality of a still image can be searched for: the format is lossy.
    lossy: bool,
    /// Largest side in pixels that the format, or its encoder, can store.
    max_side: u32,
    /// The source of `max_side` in error texts, with a verb.
    side_bound: &'static str,
    /// Qualities on the scale of JPEG and visually equivalent values of the encoder; empty if the scales are the same.
    quality: &'static [(u8, u8)],
}

/// Largest sides that the H.264 encoder supports: those of its highest level.
const H264_MAX_LONG_SIDE: u32 = 3840;

/// JPEG qualities and visually equivalent AVIF qualities (libaom by libvips, effort 0): equal mean SSIMULACRA2 over
/// the project's sample photographs, measured by `cargo xtask calibrate-avif`.
const AVIF_QUALITY: [(u8, u8); 10] =
    [(1, 1), (10, 9), (20, 29), (30, 39), (50, 49), (70, 58), (80, 66), (90, 86), (95, 93), (100, 99)];

/// JPEG qualities and visually equivalent quantisers of H.264 (openh264, intra frames): equal mean
/// SSIMULACRA2 over the project's sample photographs, with 4:2:0 chroma subsampling in both, measured by
/// `cargo xtask calibrate-mp4`.
const H264_QUANTISER: [(u8, u8); 10] =
    [(1, 51), (10, 41), (20, 35), (30, 32), (50, 28), (70, 25), (80, 23), (90, 18), (95, 13), (100, 12)];

impl OutputFormat {
    /// All output formats.
    pub const ALL: [Self; 6] = [Self::Jpeg, Self::Png, Self::Webp, Self::Avif, Self::Gif, Self::Mp4];

    #[expect(clippy::too_many_lines, reason = "one record per format")]
    fn record(self) -> &'static OutputRecord {
        match self {
            Self::Jpeg => &OutputRecord {
                name: "jpeg",
                media_type: "image/jpeg",
                alpha: false,
                animation: false,
                lossy: true,
                max_side: 65_535,
                side_bound: "JPEG allows",
                quality: &[],
            },
            Self::Png => &OutputRecord {
                name: "png",
                media_type: "image/png",
                alpha: true,
                animation: false,
                lossy: false,
                max_side: i32::MAX as u32,
                side_bound: "PNG allows",
                quality: &[],
            },
            Self::Webp => &OutputRecord {
                name: "webp",
                media_type: "image/webp",
                alpha: true,
                animation: true,
                lossy: true,
                max_side: 16_383,
                side_bound: "WebP allows",
                quality: &[],
            },
            Self::Avif => &OutputRecord {
                name: "avif",
                media_type: "image/avif",
                alpha: true,
                animation: false,
                lossy: true,
                max_side: 16_384,
                side_bound: "AVIF allows",
                quality: &AVIF_QUALITY,
            },
            Self::Gif => &OutputRecord {
                name: "gif",
                media_type: "image/gif",
                alpha: true,
                animation: true,
                lossy: false,
                max_side: 65_535,
                side_bound: "GIF allows",
                quality: &[],
            },
            Self::Mp4 => &OutputRecord {
                name: "mp4",
                media_type: "video/mp4",
                alpha: false,
                animation: true,
                lossy: false,
                max_side: H264_MAX_LONG_SIDE,
                side_bound: "H.264 allows",
                quality: &H264_QUANTISER,
            },
        }
    }

    /// The name in `format=`, and the usual file extension.
    pub fn name(self) -> &'static str {
        self.record().name
    }

    /// The media type.
    pub fn media_type(self) -> &'static str {
        self.record().media_type
    }

    /// Whether it supports alpha.
    pub fn has_alpha(self) -> bool {
        self.record().alpha
    }

    /// Whether images can be animated.
    pub fn animates(self) -> bool {
        self.record().animation
    }

    /// Whether the quality of a still image can be searched for.
    pub fn is_lossy(self) -> bool {
        self.record().lossy
    }

    /// Largest side that the format can store, in pixels.
    pub fn max_side(self) -> u32 {
        self.record().max_side
    }

    /// The source of [`Self::max_side`] in error texts, with a verb: `WebP allows`.
    pub fn side_bound(self) -> &'static str {
        self.record().side_bound
    }

    /// The encoder's value for a quality on the scale of JPEG, 1 to 100. For MP4 a quantiser, 51 (coarse) to 12 (fine).
    pub fn quality(self, jpeg: u8) -> u8 {
        match self.record().quality {
            [] => jpeg,
            table => interpolated(table, jpeg),
        }
    }
}

/// The value of a table with entries from 1 to 100, linearly interpolated between two entries.
fn interpolated(table: &[(u8, u8)], jpeg: u8) -> u8 {
    let after = table.iter().position(|(quality, _)| *quality >= jpeg).unwrap_or(table.len() - 1);
    let (low, high) = (table[after.saturating_sub(1)], table[after]);
    if low.0 == high.0 {
        return high.1;
    }
    let part = f64::from(jpeg - low.0) / f64::from(high.0 - low.0);
    (f64::from(low.1) + part * (f64::from(high.1) - f64::from(low.1))).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn avif_quality_grows_with_jpeg_quality() {
        let all: Vec<_> = (1..=100).map(|quality| OutputFormat::Avif.quality(quality)).collect();
        assert!(all.is_sorted() && all[0] >= 1 && all[99] <= 100);
        for (jpeg, avif) in AVIF_QUALITY {
            assert_eq!(OutputFormat::Avif.quality(jpeg), avif);
        }
    }

    #[test]
    fn a_better_quality_never_has_a_coarser_quantiser() {
        let all: Vec<_> = (1..=100).map(|quality| OutputFormat::Mp4.quality(quality)).collect();
        assert!(all.iter().rev().is_sorted() && all[0] == 51 && all[99] == 12);
        assert_eq!([90, 85, 80].map(|quality| OutputFormat::Mp4.quality(quality)), [18, 21, 23]);
    }

    #[test]
    fn input_and_output_records_of_a_format_agree() {
        for read in SourceFormat::ALL {
            let Some(written) = read.written() else { continue };
            assert_eq!((read.name(), read.media_type()), (written.name(), written.media_type()));
            assert!(written.animates() || !read.animates());
        }
    }
}
