//! The kinds of analysis by the models, and their results.

use serde::{Deserialize, Serialize};
use vision::{Face, Label};

/// An analysis of a picture. Its result depends on the picture alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AnalysisKind {
    /// Detection of faces.
    Faces,
    /// Detection of nudity.
    Nsfw,
    /// Recognition of objects and scenes.
    Labels,
}

impl AnalysisKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Faces, Self::Nsfw, Self::Labels];

    /// Its name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Faces => "faces",
            Self::Nsfw => "nsfw",
            Self::Labels => "labels",
        }
    }
}

/// The result of an analysis. Results are cached as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnalysisResult {
    /// Faces with their eyes, in pixels of the upright original; those with a low score too.
    Faces(Vec<Face>),
    /// Probability of nudity, from 0 to 1.
    Nsfw(f32),
    /// Labels, people excepted: those follow from faces.
    Labels(Vec<Label>),
}

impl AnalysisResult {
    /// The faces as a plan uses them; none if this is the result of another analysis.
    pub fn faces_for_plan(&self) -> Vec<image_api::Face> {
        let face = |face: &Face| image_api::Face {
            left: face.x.into(),
            top: face.y.into(),
            width: face.width.into(),
            height: face.height.into(),
            score: face.score.into(),
            eyes: face.eyes.map(|eye| (eye.x.into(), eye.y.into())),
        };
        self.faces().iter().map(face).collect()
    }

    /// The faces; none if this is the result of another analysis.
    pub fn faces(&self) -> &[Face] {
        if let Self::Faces(faces) = self { faces } else { &[] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_survive_the_cache() {
        let point = vision::Point { x: 1.5, y: 2.25 };
        let face = Face { x: 0.1, y: 0.2, width: 3.0, height: 4.0, score: 0.9, eyes: [point; 2] };
        for result in [
            AnalysisResult::Faces(vec![face]),
            AnalysisResult::Nsfw(0.25),
            AnalysisResult::Labels(Vec::new()),
        ] {
            let text = serde_json::to_vec(&result).unwrap();
            assert_eq!(serde_json::from_slice::<AnalysisResult>(&text).unwrap(), result);
        }
    }
}
