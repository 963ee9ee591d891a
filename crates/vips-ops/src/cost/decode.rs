//! The cost of decoding, by format.

use super::{
    header::Header,
    memory,
    quantities::DecodeSpec,
    weights::CODEC_DECODERS,
    work::{Work, megapixels},
    work_kind::WorkKind,
};
use crate::source::SourceFormat;

/// Side in pixels of the tiles in which libvips renders an SVG; each tile traverses the whole document.
pub const SVG_TILE: u32 = 2000;

/// Adds the cost of opening a file, independent of what is decoded.
pub fn open(work: &mut Work, header: &Header, length: usize) {
    let term = match header.info.format {
        SourceFormat::Jpeg => WorkKind::JpegOpen,
        SourceFormat::Png => WorkKind::PngOpen,
        SourceFormat::Webp => WorkKind::WebpOpen,
        SourceFormat::Gif => WorkKind::GifOpen,
        SourceFormat::Heif => WorkKind::AvifOpen,
        SourceFormat::Tiff => WorkKind::TiffOpen,
        SourceFormat::Svg | SourceFormat::Bmp | SourceFormat::Ico => {
            return bitmap_or_text(work, header, length);
        }
    };
    work.add(term, 1.0);
}

/// BMP and ICO are decoded, and SVG is parsed, when they are opened.
fn bitmap_or_text(work: &mut Work, header: &Header, length: usize) {
    if header.info.format == SourceFormat::Svg {
        work.add(WorkKind::SvgByte, length as f64 / 1e6);
        work.hold(memory::SVG_TEXT * length as f64);
    } else {
        work.add(WorkKind::BitmapPixel, megapixels(header.info.stored));
        work.hold(memory::BITMAP * header.info.stored.pixels() as f64);
    }
}

/// Adds the cost of decoding once from top to bottom.
pub fn decode(work: &mut Work, header: &Header, length: usize, load: &DecodeSpec) {
    let stored = megapixels(header.info.stored);
    let frames = f64::from(load.frames);
    let file = length as f64 / 1e6;
    let samples = stored * f64::from(header.pixel_bytes);
    memory::decoder(work, header, length, load);
    let before = work.amounts;
    match header.info.format {
        SourceFormat::Jpeg => jpeg(work, header, file, samples, load),
        SourceFormat::Png => {
            let is_whole = header.passes > 1 || load.by_codec;
            let rows = if is_whole { 1.0 } else { load.rows };
            work.add(WorkKind::PngByte, file * rows);
            work.add(WorkKind::PngSample, samples * rows);
        }
        SourceFormat::Webp => {
            let term = if header.lossless { WorkKind::WebpLossless } else { WorkKind::WebpLossy };
            let share = (frames / f64::from(header.info.frames)).min(1.0);
            work.add(WorkKind::WebpByte, file * share);
            work.add(term, stored * frames);
            work.add(WorkKind::WebpFrame, if header.info.frames > 1 { stored * frames } else { 0.0 });
        }
        SourceFormat::Gif => {
            work.add(WorkKind::GifByte, file * (frames / f64::from(header.info.frames)).min(1.0));
            work.add(WorkKind::GifPixel, stored * frames);
        }
        SourceFormat::Heif => {
            work.add(WorkKind::AvifByte, file);
            work.add(WorkKind::AvifPixel, stored);
        }
        SourceFormat::Tiff => {
            work.add(WorkKind::TiffByte, file * load.rows);
            work.add(WorkKind::TiffSample, samples * load.rows);
        }
        SourceFormat::Svg => svg(work, header, load),
        SourceFormat::Bmp | SourceFormat::Ico => {}
    }
    if load.by_codec {
        work.reweigh(&before, &CODEC_DECODERS);
    }
}

fn jpeg(work: &mut Work, header: &Header, file: f64, samples: f64, load: &DecodeSpec) {
    let term = match load.shrink {
        8.. => WorkKind::JpegEighth,
        4.. => WorkKind::JpegQuarter,
        2.. => WorkKind::JpegHalf,
        _ => WorkKind::JpegFull,
    };
    // a progressive JPEG is entropy-decoded completely before its first row
    let entropy = if header.passes > 1 { 1.0 } else { load.rows };
    work.add(WorkKind::JpegByte, file * entropy);
    work.add(term, samples * load.rows);
    work.add(WorkKind::JpegScan, samples * f64::from(header.passes - 1));
}

fn svg(work: &mut Work, header: &Header, load: &DecodeSpec) {
    let drawn = megapixels(load.size);
    let svg = header.svg;
    let tiles =
        f64::from(load.size.width.div_ceil(SVG_TILE)) * f64::from(load.size.height.div_ceil(SVG_TILE));
    work.add(WorkKind::SvgElement, tiles * svg.elements / 1e3);
    work.add(WorkKind::SvgPixel, drawn);
    work.add(WorkKind::SvgPrimitive, drawn * svg.primitives);
    work.add(WorkKind::SvgOctave, drawn * svg.octaves);
    // radii scale with the document
    work.add(WorkKind::SvgNeighbour, drawn * svg.neighbours * load.scale * load.scale / 1e3);
}
