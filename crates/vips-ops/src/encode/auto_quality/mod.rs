//! `quality=auto`: searches for the lowest quality at which the encoded image is similar enough to the original.

mod metric;
mod mpe;
mod plane;
mod sample;
mod smallfry;
mod ssim;
mod ssimulacra2;
mod targets;

use bytes::Bytes;
use vips::{Access, Deadline, Image, Loader};

pub(crate) use self::sample::pixel_count as tried_pixels;
pub use self::{
    metric::Metric,
    sample::{mirror_extended, select as sample},
    targets::{SIDES, target},
};
use super::encode as encode_once;
use crate::{
    error::{Error, Result},
    format::OutputFormat,
    plan::{
        encode::Encoding,
        quality::{Search, Target},
    },
};

/// An encoded image and the quality that was found.
#[derive(Debug, Clone)]
pub struct SearchResult {
    /// The encoded file.
    pub bytes: Bytes,
    /// Its quality on the scale of JPEG, 1 to 100.
    pub quality: u8,
}

/// Encodes with the lowest quality that meets the target, as far as the attempts show it; with the highest allowed
/// quality if none does.
///
/// The image must be in memory: it is read once per attempt. Of a large image a sample is tried. The deadline is
/// checked before each attempt and while encoding.
///
/// # Errors
///
/// [`Error::Encoder`] or [`Error::OutOfMemory`] if encoding or comparing fails, [`Error::Deadline`] after the deadline.
pub fn encode(image: &Image, output: Encoding, search: Search, deadline: &Deadline) -> Result<SearchResult> {
    image.watch(deadline);
    let sample = sample::select(image).map_err(Error::of_encoder)?;
    let tried = sample.as_ref().unwrap_or(image);
    let metric = Metric::new(search.method, tried).map_err(Error::of_encoder)?;
    // progressive or not, the pixels are the same, and baseline encodes faster
    let probe = Encoding { interlace: false, ..output };
    let target = match search.target {
        Target::Number(number) => number,
        Target::Preset(preset) => target(search.method, preset, image.width().max(image.height())),
    };
    let attempt = |quality| {
        if deadline.passed() {
            return Err(Error::Deadline);
        }
        let bytes = encode_once(tried, probe.at(quality)).map_err(Error::of_encoder)?;
        let number = decode(&bytes, output.format).and_then(|decoded| metric.compare(&decoded));
        Ok((search.method.is_met(number.map_err(Error::of_encoder)?, target), bytes))
    };
    let (quality, bytes) = bisect(&search, attempt)?.unzip();
    let quality = quality.unwrap_or(search.max);
    let bytes = match bytes.filter(|_| sample.is_none() && probe == output) {
        Some(bytes) => bytes,
        None if deadline.passed() => return Err(Error::Deadline),
        None => encode_once(image, output.at(quality)).map_err(Error::of_encoder)?,
    };
    Ok(SearchResult { bytes, quality })
}

/// Bisects the range of qualities. Returns the lowest quality that an attempt showed to meet the target, with the
/// result of that attempt; or the highest quality, if an attempt showed that only it is left; or `None` if no quality
/// is known to be good enough.
///
/// `attempt` returns whether a quality meets the target, and its result.
fn bisect<T>(search: &Search, mut attempt: impl FnMut(u8) -> Result<(bool, T)>) -> Result<Option<(u8, T)>> {
    let (mut low, mut high) = (search.min, search.max);
    let mut best = None;
    for _ in 0..search.attempts {
        if low > high {
            break;
        }
        let quality = low + (high - low) / 2;
        let (is_met, made) = attempt(quality)?;
        if is_met || quality == search.max {
            best = Some((quality, made));
        }
        if is_met {
            high = quality - 1;
        } else {
            low = quality + 1;
        }
    }
    Ok(best)
}

/// Decodes what was encoded here.
pub(crate) fn decode(bytes: &Bytes, format: OutputFormat) -> vips::Result<Image> {
    let loader = match format {
        OutputFormat::Jpeg => Loader::Jpeg { shrink: 1 },
        OutputFormat::Webp => Loader::Webp { scale: 1.0, frames: 1 },
        OutputFormat::Avif => Loader::Heif { thumbnail: false },
        OutputFormat::Png => Loader::Png,
        OutputFormat::Gif => Loader::Gif { frames: 1 },
        OutputFormat::Mp4 => unreachable!("invariant: the quality of a video is not searched for"),
    };
    Image::load(bytes, &loader, Access::Sequential)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::params::output::quality_method::QualityMethod;

    fn search(min: u8, max: u8, attempts: u8) -> Search {
        Search { method: QualityMethod::Ssim, target: Target::Number(0.5), min, max, attempts }
    }

    /// The quality found, and the number of attempts, when qualities from `good` on meet the target.
    fn found(search: &Search, good: u8) -> (Option<u8>, u8) {
        let mut attempts = 0;
        let best = bisect(search, |quality| {
            attempts += 1;
            assert!((search.min..=search.max).contains(&quality));
            Ok((quality >= good, ()))
        });
        (best.unwrap().map(|(quality, ())| quality), attempts)
    }

    #[test]
    fn six_attempts_find_the_best_of_the_default_range() {
        for good in 1..=101 {
            assert_eq!(found(&search(40, 90, 6), good).0, Some(good.clamp(40, 90)), "{good}");
        }
    }

    #[test]
    fn few_attempts_never_return_a_quality_that_was_not_tried_and_good() {
        assert_eq!(found(&search(40, 90, 1), 50), (Some(65), 1));
        assert_eq!(found(&search(40, 90, 2), 50), (Some(52), 2));
        assert_eq!(found(&search(40, 90, 1), 70), (None, 1));
    }

    #[test]
    fn the_search_ends_with_its_range_and_with_an_error() {
        assert_eq!(found(&search(70, 70, 6), 1), (Some(70), 1));
        assert_eq!(found(&search(1, 2, 6), 1), (Some(1), 1));
        assert!(bisect(&search(1, 9, 3), |_| Err::<(bool, ()), _>(Error::Deadline)).is_err());
    }

    proptest! {
        #[test]
        fn the_result_meets_the_target_or_is_the_highest_quality(
            min in 1..=100u8, range in 0..=99u8, attempts in 1..=10u8, good in 1..=101u8,
        ) {
            let max = min.saturating_add(range).min(100);
            let (quality, taken) = found(&search(min, max, attempts), good);
            prop_assert!(taken <= attempts);
            if let Some(quality) = quality {
                prop_assert!((min..=max).contains(&quality) && (quality >= good || quality == max));
            }
        }
    }
}
