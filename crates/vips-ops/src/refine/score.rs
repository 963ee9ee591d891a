//! The score of an encoding: how similar it is to the pixels that were rendered for it.

use image_api::params::output::quality_method::QualityMethod;
use vips::Deadline;

use super::{First, LEAST_SIDE};
use crate::{
    encode::auto_quality::{Metric, decode},
    error::{Error, Result, timely},
    plan::{Passthrough, Plan},
    render::{Prepared, pixels, prepare},
    settings::Settings,
};

/// SSIMULACRA2 of an encoding against the rendered pixels, before they were encoded: 100 is identical, 90 visually lossless.
///
/// None for what is not compared: an original that was passed through, a description, an animation, more pixels than
/// `refine.max_pixels`, or sides of less than 8 pixels.
///
/// # Errors
///
/// Those of a render, and [`Error::Deadline`].
pub fn score(first: &First<'_>, settings: &Settings, deadline: &Deadline) -> Result<Option<f64>> {
    let First { params, original, assets, accept, encoded } = *first;
    let wanted = params.of_picture();
    if params.meta.is_some() || wanted.is_empty() {
        return Ok(None);
    }
    let prepared = prepare(&wanted, original, assets, accept, settings, deadline, &mut |_| ())?;
    let Prepared { source, plan, overlays } = &prepared;
    if !is_comparable(plan, settings) {
        return Ok(None);
    }
    let score = pixels(plan, source, &overlays.drawn, deadline).and_then(|image| {
        let image = image.copy_memory().map_err(Error::of_pixels)?;
        image.watch(deadline);
        let decoded = decode(encoded, plan.encode.format).map_err(Error::of_encoder)?;
        if (decoded.width(), decoded.height()) != (image.width(), image.height()) {
            return Ok(None);
        }
        let metric = Metric::new(QualityMethod::Ssimulacra2, &image).map_err(Error::of_encoder)?;
        metric.compare(&decoded).map(Some).map_err(Error::of_encoder)
    });
    score.map_err(|error| timely(error, deadline))
}

fn is_comparable(plan: &Plan, settings: &Settings) -> bool {
    let is_rendered = matches!(plan.passthrough, Passthrough::Never | Passthrough::IfSmaller);
    is_rendered
        && plan.load.frames <= 1
        && plan.size.pixels() <= settings.refine.max_pixels
        && plan.size.width.min(plan.size.height) >= LEAST_SIDE
}

#[cfg(test)]
mod tests {
    use image_api::{Accept, Params};
    use testkit::sample;
    use vips::Vips;

    use super::*;
    use crate::{overlay::Assets, render::process};

    fn scored(original: &str, query: &str) -> Option<f64> {
        Vips::start(vips::Settings::default()).unwrap();
        let (settings, deadline) = (Settings::default(), Deadline::never());
        let params = Params::parse(query).unwrap().params;
        let (original, assets, accept) = (sample(original), Assets::default(), Accept::default());
        let made = process(&params, &original, &assets, accept, &settings, &deadline, &mut |_| ()).unwrap();
        let first =
            First { params: &params, original: &original, assets: &assets, accept, encoded: &made.bytes };
        score(&first, &settings, &deadline).unwrap()
    }

    #[test]
    fn scores_rise_with_quality() {
        for format in ["jpeg", "webp", "avif"] {
            let of = |quality| {
                scored("flower.jpg", &format!("width=120&format={format}&quality={quality}")).unwrap()
            };
            let [low, high] = [30, 90].map(of);
            assert!(low + 10.0 < high && high < 100.0, "{format}: {low} {high}");
        }
    }

    #[test]
    fn a_lossless_format_scores_100() {
        let score = scored("flower.jpg", "width=120&format=png").unwrap();
        assert!((score - 100.0).abs() < 1e-6, "{score}");
    }

    #[test]
    fn what_is_not_compared_has_no_score() {
        assert_eq!(scored("mill.gif", "width=60"), None, "an animation");
        assert_eq!(scored("flower.jpg", "width=7"), None, "too small");
    }
}
