//! The cost of encoding, and of the search for a quality.

use super::{
    decode,
    header::{self, Header},
    memory,
    quantities::{DecodeSpec, Pixels},
    weights::{AVIF_EFFORT, CODEC_ENCODERS, GIF_EFFORT, PNG_COMPRESSION, WEBP_EFFORT},
    work::{Work, megapixels},
    work_kind::WorkKind,
};
use crate::{
    encode::{FULL_COLOUR_QUALITY, auto_quality::tried_pixels},
    format::OutputFormat,
    params::output::quality_method::QualityMethod,
    plan::{Plan, encode::Encoding, quality::Search},
    source::SourceFormat,
};

/// The predicted output file.
pub struct PredictedOutput {
    /// Its header.
    pub header: Header,
    /// Its approximate size in bytes.
    pub bytes: usize,
}

/// Adds the cost of encoding the finished pixels.
pub fn encode(work: &mut Work, plan: &Plan, pixels: Pixels) -> PredictedOutput {
    let output = plan.encode;
    let frames = f64::from(plan.load.frames.max(1));
    let area = megapixels(plan.size) * frames;
    let answer = predicted_output(plan, pixels);
    work.hold(2.0 * answer.bytes as f64);
    let Some(search) = output.search else {
        encode_times(work, output, pixels, area, 1.0);
        // each frame of a GIF has its own palette
        work.add(WorkKind::EncodeGif, if output.format == OutputFormat::Gif { frames - 1.0 } else { 0.0 });
        return answer;
    };
    work.hold(plan.size.pixels() as f64 * pixels.bands);
    let tried = tried_pixels(plan.size.width, plan.size.height);
    let is_whole = tried == plan.size.pixels();
    let tried = tried as f64 / 1e6;
    let attempts = attempts(&search);
    let probe = Encoding { interlace: false, ..output };
    encode_times(work, probe, pixels, tried, attempts);
    compare(work, &search, &answer, tried, attempts);
    // the final encoding, unless one of the attempts is the output
    if !is_whole || probe != output {
        encode_times(work, output, pixels, area, 1.0);
    }
    answer
}

/// The most attempts of a bisection: each one halves the range.
fn attempts(search: &Search) -> f64 {
    let range = u32::from(search.max.saturating_sub(search.min)) + 1;
    f64::from(u32::from(search.attempts).min(u32::BITS - range.leading_zeros()).max(1))
}

/// Adds `times` encodings of `area` megapixels each.
fn encode_times(work: &mut Work, output: Encoding, pixels: Pixels, area: f64, times: f64) {
    let samples = area * pixels.bands;
    let full = output.quality >= FULL_COLOUR_QUALITY;
    let factor = |table: &[f64]| table[usize::from(output.effort).min(table.len() - 1)];
    memory::encoder(work, output, pixels, area);
    let before = work.amounts;
    let mut add = |term, amount: f64| work.add(term, amount * times);
    match output.format {
        OutputFormat::Jpeg => {
            add(WorkKind::EncodeJpeg, 1.0);
            add(if full { WorkKind::EncodeJpegFull } else { WorkKind::EncodeJpegHalf }, samples);
            add(WorkKind::EncodeJpegPasses, if output.interlace { samples } else { 0.0 });
        }
        OutputFormat::Png => {
            add(WorkKind::EncodePng, 1.0);
            add(WorkKind::EncodePngSample, samples * factor(&PNG_COMPRESSION));
            // the image may have too many colours for a palette: it is counted as if it were encoded without one as
            // well
            add(WorkKind::EncodePngPalette, if output.palette { area } else { 0.0 });
        }
        OutputFormat::Webp => {
            add(WorkKind::EncodeWebp, 1.0);
            add(WorkKind::EncodeWebpPixel, area * factor(&WEBP_EFFORT));
        }
        OutputFormat::Avif => {
            add(WorkKind::EncodeAvif, 1.0);
            let term = if full { WorkKind::EncodeAvifFull } else { WorkKind::EncodeAvifHalf };
            add(term, area * factor(&AVIF_EFFORT));
        }
        OutputFormat::Gif => {
            add(WorkKind::EncodeGif, 1.0);
            add(WorkKind::EncodeGifPixel, area * factor(&GIF_EFFORT));
        }
        OutputFormat::Mp4 => {
            add(WorkKind::EncodeMp4, 1.0);
            add(WorkKind::EncodeMp4Pixel, area);
        }
    }
    if output.codec.is_some() {
        work.reweigh(&before, &CODEC_ENCODERS);
    }
}

/// Adds decoding and comparing the attempts.
fn compare(work: &mut Work, search: &Search, answer: &PredictedOutput, area: f64, attempts: f64) {
    let (before, held) = (work.amounts, work.bytes);
    let mut header = answer.header.clone();
    // the sampled pixels, as one row
    header.info.stored.width = (area * 1e6) as u32;
    header.info.stored.height = 1;
    let load = DecodeSpec::whole(&header);
    let share = header.info.stored.pixels() as f64 / answer.header.info.stored.pixels().max(1) as f64;
    let length = (answer.bytes as f64 * share) as usize;
    decode::open(work, &header, length);
    decode::decode(work, &header, length, &load);
    for (amount, before) in work.amounts.iter_mut().zip(before) {
        *amount += (*amount - before) * (attempts - 1.0);
    }
    let held_by_pixel = match search.method {
        QualityMethod::Ssimulacra2 => memory::COMPARE_SSIMULACRA2,
        QualityMethod::Ssim | QualityMethod::Mpe | QualityMethod::Smallfry => memory::COMPARE,
    };
    work.bytes = held + held_by_pixel * area * 1e6;
    let term = match search.method {
        QualityMethod::Ssim => WorkKind::CompareSsim,
        QualityMethod::Mpe => WorkKind::CompareMpe,
        QualityMethod::Smallfry => WorkKind::CompareSmallfry,
        QualityMethod::Ssimulacra2 => WorkKind::CompareSsimulacra2,
    };
    work.add(term, area * attempts);
}

/// The output file as an original, for a description of it.
fn predicted_output(plan: &Plan, pixels: Pixels) -> PredictedOutput {
    let format = match plan.encode.format {
        OutputFormat::Jpeg => SourceFormat::Jpeg,
        OutputFormat::Png => SourceFormat::Png,
        OutputFormat::Webp => SourceFormat::Webp,
        OutputFormat::Avif => SourceFormat::Heif,
        // a video is not decoded
        OutputFormat::Gif | OutputFormat::Mp4 => SourceFormat::Gif,
    };
    let header = header::of_output(format, plan.size, plan.load.frames, pixels.alpha);
    let frames = f64::from(plan.load.frames.max(1));
    let bytes = memory::output_bytes(plan.encode, plan.size, header.bands()) * frames;
    PredictedOutput { header, bytes: bytes as usize }
}
