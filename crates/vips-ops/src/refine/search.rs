//! Searches a scale of qualities for the lowest one whose score is high enough, in few attempts.

use bytes::Bytes;

use crate::error::Result;

/// A score above the least one by up to this is close enough: a step further down would hardly save a percent.
const CLOSE: f64 = 0.1;

/// What is aimed at above the least score: half of what is close enough.
const AIM: f64 = CLOSE / 2.0;

/// The least gain in score per step that is believed when two attempts are compared, as a part of what is expected.
const LEAST_SLOPE: f64 = 0.3;

/// Scores so far below the least one count as this far below it, infinity included.
const FARTHEST: f64 = 100.0;

/// A scale of qualities, from coarse to fine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// The coarsest step to try.
    pub low: u8,
    /// The finest step to try.
    pub high: u8,
    /// The first step to try.
    pub start: u8,
    /// About how much the score rises per step.
    pub slope: f64,
    /// Most attempts.
    pub attempts: u8,
}

/// An encoding that was tried.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// The encoded file.
    pub bytes: Bytes,
    /// Its score.
    pub score: f64,
}

/// The result of a search.
#[derive(Debug, Clone)]
pub enum Found {
    /// The smallest encoding that was tried whose score is high enough.
    Best {
        /// The encoded file.
        bytes: Bytes,
        /// Its score.
        score: f64,
    },
    /// Encodings of a lower score do not save enough.
    TooLarge,
    /// No encoding that was tried has a score that is high enough.
    Worse,
}

/// Tries steps of a scale. The score is expected to rise with the step, and so are the bytes; where it does not, the result still
/// has a score of at least `least`.
///
/// `saves` tells whether so many bytes are few enough to go on. `attempt` encodes at a step.
pub fn search(
    scale: Scale,
    least: f64,
    saves: impl Fn(usize) -> bool,
    mut attempt: impl FnMut(u8) -> Result<Attempt>,
) -> Result<Found> {
    let Scale { mut low, mut high, start, slope, attempts } = scale;
    let (mut best, mut previous): (Option<Attempt>, Option<(u8, f64)>) = (None, None);
    let (mut step, mut slope_now) = (start.clamp(low, high), slope);
    for _ in 0..attempts {
        let tried = attempt(step)?;
        let score = tried.score.max(least - FARTHEST);
        if let Some((other, before)) = previous {
            let measured = (score - before) / (f64::from(step) - f64::from(other));
            slope_now = measured.max(slope * LEAST_SLOPE);
        }
        previous = Some((step, score));
        if score >= least {
            if best.as_ref().is_none_or(|best| tried.bytes.len() < best.bytes.len()) {
                best = Some(tried);
            }
            if score - least <= CLOSE || step == low {
                break;
            }
            high = step - 1;
        } else {
            if best.is_none() && !saves(tried.bytes.len()) {
                // finer steps take even more bytes
                return Ok(Found::TooLarge);
            }
            if step == high {
                break;
            }
            low = step + 1;
        }
        step = next(step, (least + AIM - score) / slope_now, low, high);
    }
    Ok(best.map_or(Found::Worse, |Attempt { bytes, score }| Found::Best { bytes, score }))
}

/// The step so far away, within the remaining ones.
fn next(step: u8, away: f64, low: u8, high: u8) -> u8 {
    (f64::from(step) + away).ceil().clamp(low.into(), high.into()) as u8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SCALE: Scale = Scale { low: 1, high: 100, start: 80, slope: 0.5, attempts: 6 };

    /// Searches where a step has this score, and as many bytes as its number; also returns the steps that were tried.
    fn found(scale: Scale, least: f64, first: usize, score: impl Fn(u8) -> f64) -> (Found, Vec<u8>) {
        let mut steps = Vec::new();
        let found = search(
            scale,
            least,
            |bytes| bytes < first,
            |step| {
                steps.push(step);
                Ok(Attempt { bytes: vec![0; step.into()].into(), score: score(step) })
            },
        );
        (found.unwrap(), steps)
    }

    fn best(found: &Found) -> Option<usize> {
        if let Found::Best { bytes, .. } = found { Some(bytes.len()) } else { None }
    }

    #[test]
    fn the_lowest_step_of_a_high_enough_score_is_found() {
        for lowest in 50..=100u8 {
            let (result, steps) =
                found(SCALE, 70.0, 1000, |step| 70.0 + 0.7 * (f64::from(step) - f64::from(lowest)));
            assert_eq!(best(&result), Some(usize::from(lowest)), "{steps:?}");
            assert!(steps.len() <= 4, "{steps:?}");
        }
    }

    #[test]
    fn the_search_ends_at_the_ends_of_its_scale() {
        for step in [1, 100] {
            let scale = Scale { low: step, high: step, start: step, ..SCALE };
            assert_eq!(best(&found(scale, 70.0, 1000, |_| 80.0).0), Some(step.into()));
            assert!(matches!(found(scale, 70.0, 1000, |_| 60.0).0, Found::Worse));
        }
        let (result, steps) = found(Scale { attempts: 20, ..SCALE }, 70.0, 1000, |_| 80.0);
        assert_eq!((best(&result), steps.last()), (Some(1), Some(&1)));
        let (result, steps) = found(Scale { attempts: 20, ..SCALE }, 70.0, 1000, |_| 60.0);
        assert!(matches!(result, Found::Worse) && steps.last() == Some(&100));
        let (_, steps) = found(Scale { start: 200, ..SCALE }, 70.0, 1000, |_| 70.0);
        assert_eq!(steps, [100]);
    }

    #[test]
    fn finer_steps_of_too_many_bytes_are_not_tried() {
        let (result, steps) = found(SCALE, 70.0, 60, |_| 69.0);
        assert!(matches!(result, Found::TooLarge));
        assert_eq!(steps, [80]);
    }

    #[test]
    fn an_error_ends_the_search() {
        let result = search(SCALE, 70.0, |_| true, |_| Err(crate::error::Error::Deadline));
        assert!(matches!(result, Err(crate::error::Error::Deadline)));
    }

    proptest! {
        #[test]
        fn a_result_never_scores_less_whatever_the_scores(
            scores in prop::collection::vec(prop_oneof![60.0..80.0, Just(f64::NEG_INFINITY)], 256),
            (low, range, start) in (1..=100u8, 0..=100u8, any::<u8>()),
            (first, attempts) in (0..250usize, 1..=10u8),
        ) {
            let scale = Scale { low, high: low + range, start, slope: 0.5, attempts };
            let (result, steps) = found(scale, 70.0, first, |step| scores[usize::from(step)]);
            prop_assert!(steps.len() <= usize::from(attempts));
            prop_assert!(steps.iter().all(|step| (low..=low + range).contains(step)));
            if let Found::Best { bytes, score } = result {
                prop_assert!(score >= 70.0 && score.total_cmp(&scores[bytes.len()]).is_eq());
                let good = steps.iter().filter(|step| scores[usize::from(**step)] >= 70.0);
                prop_assert_eq!(Some(bytes.len()), good.map(|step| usize::from(*step)).min());
            }
        }
    }
}
