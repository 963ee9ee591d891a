//! Looking at originals: from bytes to what is in the picture. Computes, and is called where computing is done.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use vips_ops::{
    Settings, Source,
    params::output::recognition::Recognition,
    steps::thumbnail,
    vips::{Deadline, Image},
};
use vision::{Face, Label, Vision, with_people};

use crate::{config, error::Error};

/// The models, and how their answers are read.
pub struct Analyzer {
    vision: Vision,
    nsfw_threshold: f32,
    min_confidence: f32,
}

/// Something that can be found out about an original. It depends on nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AnalysisKind {
    /// Faces.
    Faces,
    /// Nudity.
    Nsfw,
    /// Labels.
    Labels,
}

impl AnalysisKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Faces, Self::Nsfw, Self::Labels];

    /// How metrics call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Faces => "faces",
            Self::Nsfw => "nsfw",
            Self::Labels => "labels",
        }
    }
}

/// What was found out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnalysisResult {
    /// Faces with their eyes, in pixels of the upright original; doubtful ones too.
    Faces(Vec<Face>),
    /// How likely nudity is, from 0 to 1.
    Nsfw(f32),
    /// What is in the picture, people apart.
    Labels(Vec<Label>),
}

impl Analyzer {
    /// Remembers where the models lie. Loads nothing.
    pub fn open(config: &config::Vision) -> Self {
        let vision = Vision::open(&config.places());
        Self { vision, nsfw_threshold: config.nsfw_threshold, min_confidence: config.min_confidence }
    }

    /// Whether a model or the engine is not there.
    pub fn lacks_models(&self) -> bool {
        !self.vision.missing().is_empty()
    }

    /// FileVersions at an original.
    pub fn analyze(
        &self,
        question: AnalysisKind,
        original: &Bytes,
        settings: &Settings,
        deadline: &Deadline,
    ) -> Result<AnalysisResult, Error> {
        let source = Source::open(original, &settings.limits)?;
        let image = thumbnail::upright(&source, vision::INPUT_SIDE, deadline)?;
        if deadline.passed() {
            return Err(vips_ops::Error::Deadline.into());
        }
        Ok(match question {
            AnalysisKind::Faces => AnalysisResult::Faces(self.faces(&source, &image)?),
            AnalysisKind::Nsfw => AnalysisResult::Nsfw(self.vision.nsfw(&image)?),
            AnalysisKind::Labels => AnalysisResult::Labels(self.vision.labels(&image, self.min_confidence)?),
        })
    }

    fn faces(&self, source: &Source, image: &Image) -> Result<Vec<Face>, Error> {
        let upright = source.info.orientation.size(source.info.stored);
        let factor = |whole: u32, seen: u32| whole as f32 / seen as f32;
        let (horizontal, vertical) =
            (factor(upright.width, image.width()), factor(upright.height, image.height()));
        let faces = self.vision.faces(image)?;
        Ok(faces.iter().map(|face| face.scaled(horizontal, vertical)).collect())
    }

    /// The answer to `recognition`, in the API's words.
    pub fn recognition(&self, wanted: Recognition, facts: &[AnalysisResult]) -> Value {
        let mut answer = json!({});
        let people =
            facts.iter().map(AnalysisResult::faces).find(|faces| !faces.is_empty()).unwrap_or_default();
        for fact in facts {
            match fact {
                AnalysisResult::Nsfw(score) if wanted.nsfw => answer["nsfw"] = self.nudity(100.0 * score),
                AnalysisResult::Labels(labels) if wanted.labels => {
                    answer["labels"] = with_people(labels.clone(), people).iter().map(label).collect();
                }
                _ => {}
            }
        }
        answer
    }

    /// The verdict, and how sure it is: the API's example is 98 % sure that a picture shows none.
    fn nudity(&self, percent: f32) -> Value {
        let value = percent >= self.nsfw_threshold;
        let confidence = if value { percent } else { 100.0 - percent };
        json!({ "nudity": { "confidence": rounded(confidence), "value": value } })
    }
}

/// What has to be found out for an answer to `recognition`.
pub fn questions(wanted: Recognition) -> Vec<AnalysisKind> {
    let nsfw = wanted.nsfw.then_some(AnalysisKind::Nsfw);
    // labels name people by their faces
    let labels = wanted.labels.then_some([AnalysisKind::Labels, AnalysisKind::Faces]);
    nsfw.into_iter().chain(labels.into_iter().flatten()).collect()
}

impl AnalysisResult {
    /// Faces as plans want them; none if this tells of something else.
    pub fn for_plan(&self) -> Vec<vips_ops::Face> {
        let face = |face: &Face| vips_ops::Face {
            left: face.x.into(),
            top: face.y.into(),
            width: face.width.into(),
            height: face.height.into(),
            score: face.score.into(),
            eyes: face.eyes.map(|eye| (eye.x.into(), eye.y.into())),
        };
        self.faces().iter().map(face).collect()
    }

    fn faces(&self) -> &[Face] {
        if let Self::Faces(faces) = self { faces } else { &[] }
    }
}

fn label(label: &Label) -> Value {
    json!({ "Name": label.name, "Confidence": rounded(label.confidence) })
}

/// To hundredths: more would pretend.
fn rounded(percent: f32) -> f64 {
    (f64::from(percent) * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_in_the_words_of_the_api() {
        let analyzer = Analyzer::open(&config::Vision::default());
        let facts = [
            AnalysisResult::Nsfw(0.0152),
            AnalysisResult::Labels(vec![Label { name: "Cat".to_owned(), confidence: 93.456 }]),
            AnalysisResult::Faces(Vec::new()),
        ];
        let both = Recognition { nsfw: true, labels: true };
        let expected = json!({
            "nsfw": { "nudity": { "confidence": 98.48, "value": false } },
            "labels": [{ "Name": "Cat", "Confidence": 93.46 }],
        });
        assert_eq!(analyzer.recognition(both, &facts), expected);
        let nude =
            analyzer.recognition(Recognition { nsfw: true, labels: false }, &[AnalysisResult::Nsfw(0.6)]);
        assert_eq!(nude, json!({ "nsfw": { "nudity": { "confidence": 60.0, "value": true } } }));
    }

    #[test]
    fn facts_find_their_way_through_the_cache() {
        let point = vision::Point { x: 1.5, y: 2.25 };
        let face = Face { x: 0.1, y: 0.2, width: 3.0, height: 4.0, score: 0.9, eyes: [point; 2] };
        for fact in [
            AnalysisResult::Faces(vec![face]),
            AnalysisResult::Nsfw(0.25),
            AnalysisResult::Labels(Vec::new()),
        ] {
            let text = serde_json::to_vec(&fact).unwrap();
            assert_eq!(serde_json::from_slice::<AnalysisResult>(&text).unwrap(), fact);
        }
    }
}
