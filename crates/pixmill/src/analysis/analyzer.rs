//! Runs the models on pictures: encoded bytes in, faces, nudity and labels out. It computes, so it is called in render threads
//! and worker processes only.

use bytes::Bytes;
use image_api::{Settings, params::output::recognition::Recognition};
use serde_json::{Value, json};
use vips_ops::{
    Source,
    analysis::thumbnail,
    vips::{Deadline, Image},
};
use vision::{Face, Label, Vision, with_people};

use crate::{
    config,
    error::Error,
    model::analysis::{AnalysisKind, AnalysisResult},
};

/// The models, and the thresholds by which their outputs are judged.
pub struct Analyzer {
    vision: Vision,
    nsfw_threshold: f32,
    min_confidence: f32,
}

impl Analyzer {
    /// An analyzer with the models of this configuration. They are loaded on first use.
    pub fn open(config: &config::Vision) -> Self {
        let vision = Vision::open(&config.places());
        Self { vision, nsfw_threshold: config.nsfw_threshold, min_confidence: config.min_confidence }
    }

    /// Whether a model or ONNX Runtime is missing, so that some analysis fails.
    pub fn lacks_models(&self) -> bool {
        !self.vision.missing().is_empty()
    }

    /// Analyses a picture. Fails if it cannot be decoded, at the deadline, and with [`Error::ModelsMissing`].
    pub fn analyze(
        &self,
        kind: AnalysisKind,
        original: &Bytes,
        settings: &Settings,
        deadline: &Deadline,
    ) -> Result<AnalysisResult, Error> {
        let source = Source::open(original, &settings.limits)?;
        let image = thumbnail::upright(&source, vision::INPUT_SIDE, deadline)?;
        if deadline.passed() {
            return Err(vips_ops::Error::Deadline.into());
        }
        Ok(match kind {
            AnalysisKind::Faces => AnalysisResult::Faces(self.faces(&source, &image)?),
            AnalysisKind::Nsfw => AnalysisResult::Nsfw(self.vision.nsfw(&image)?),
            AnalysisKind::Labels => AnalysisResult::Labels(self.vision.labels(&image, self.min_confidence)?),
        })
    }

    fn faces(&self, source: &Source, image: &Image) -> Result<Vec<Face>, Error> {
        let upright = source.info.orientation.size(source.info.stored);
        let factor = |whole: u32, analyzed: u32| whole as f32 / analyzed as f32;
        let (horizontal, vertical) =
            (factor(upright.width, image.width()), factor(upright.height, image.height()));
        let faces = self.vision.faces(image)?;
        Ok(faces.iter().map(|face| face.scaled(horizontal, vertical)).collect())
    }

    /// The response to `recognition`, made of the results of [`kinds`].
    pub fn recognition(&self, wanted: Recognition, results: &[AnalysisResult]) -> Value {
        let mut response = json!({});
        let people =
            results.iter().map(AnalysisResult::faces).find(|faces| !faces.is_empty()).unwrap_or_default();
        for result in results {
            match result {
                AnalysisResult::Nsfw(score) if wanted.nsfw => response["nsfw"] = self.nudity(100.0 * score),
                AnalysisResult::Labels(labels) if wanted.labels => {
                    response["labels"] = with_people(labels.clone(), people).iter().map(label).collect();
                }
                _ => {}
            }
        }
        response
    }

    /// The verdict and its confidence: as in the API's example, which is 98 % confident that a picture shows no nudity.
    fn nudity(&self, percent: f32) -> Value {
        let value = percent >= self.nsfw_threshold;
        let confidence = if value { percent } else { 100.0 - percent };
        json!({ "nudity": { "confidence": rounded(confidence), "value": value } })
    }
}

/// The analyses that a response to `recognition` needs.
pub fn kinds(wanted: Recognition) -> Vec<AnalysisKind> {
    let nsfw = wanted.nsfw.then_some(AnalysisKind::Nsfw);
    // labels name people by their faces
    let labels = wanted.labels.then_some([AnalysisKind::Labels, AnalysisKind::Faces]);
    nsfw.into_iter().chain(labels.into_iter().flatten()).collect()
}

fn label(label: &Label) -> Value {
    json!({ "Name": label.name, "Confidence": rounded(label.confidence) })
}

/// Rounded to hundredths: further digits are not significant.
fn rounded(percent: f32) -> f64 {
    (f64::from(percent) * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognition_responds_as_documented() {
        let analyzer = Analyzer::open(&config::Vision::default());
        let results = [
            AnalysisResult::Nsfw(0.0152),
            AnalysisResult::Labels(vec![Label { name: "Cat".to_owned(), confidence: 93.456 }]),
            AnalysisResult::Faces(Vec::new()),
        ];
        let both = Recognition { nsfw: true, labels: true };
        let expected = json!({
            "nsfw": { "nudity": { "confidence": 98.48, "value": false } },
            "labels": [{ "Name": "Cat", "Confidence": 93.46 }],
        });
        assert_eq!(analyzer.recognition(both, &results), expected);
        let nude =
            analyzer.recognition(Recognition { nsfw: true, labels: false }, &[AnalysisResult::Nsfw(0.6)]);
        assert_eq!(nude, json!({ "nsfw": { "nudity": { "confidence": 60.0, "value": true } } }));
    }
}
