//! What is to be seen in a picture: faces with their eyes, nudity, and labels. Pixels in, facts out.
//!
//! The models run on ONNX Runtime, one thread an inference: who calls decides how many run at a time. Nothing is
//! loaded before it is used, and a missing model is an error of its own sort rather than a guess. Methods take any
//! picture that stands upright; a copy of [`INPUT_SIDE`] pixels is enough, and facts are in pixels of what was given.

mod categories;
mod engine;
mod error;
mod faces;
mod labels;
mod nsfw;
mod pixels;

use std::path::PathBuf;

use vips::Image;

pub use self::{
    categories::{CATEGORIES, Category},
    error::{Error, ErrorKind, Result},
    faces::{Face, Point},
    labels::{Label, with_people},
};
use self::{
    engine::{Engine, Model},
    labels::Names,
};

/// Long side of the copy of a picture that is enough for every model, in pixels.
pub const INPUT_SIDE: u32 = 640;

/// Where the models and their engine lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The folder with `faces.onnx`, `nsfw.onnx`, `labels.onnx` and `names.json`.
    pub models: PathBuf,
    /// ONNX Runtime's shared library.
    pub runtime: PathBuf,
}

/// The models.
pub struct Vision {
    faces: Model,
    nsfw: Model,
    labels: Model,
    names: Names,
    engine: Engine,
}

impl Vision {
    /// Remembers where the models lie. Loads nothing.
    pub fn open(settings: &Settings) -> Self {
        let model = |file| Model::new(settings.models.join(file));
        Self {
            faces: model("faces.onnx"),
            nsfw: model("nsfw.onnx"),
            labels: model("labels.onnx"),
            names: Names::new(settings.models.join("names.json")),
            engine: Engine::new(settings.runtime.clone()),
        }
    }

    /// The files that are not there; without them some or all methods fail.
    pub fn missing(&self) -> Vec<PathBuf> {
        let files = [&self.faces.file, &self.nsfw.file, &self.labels.file, &self.names.file];
        let files = files.into_iter().chain([&self.engine.runtime]);
        files.filter(|file| !file.exists()).cloned().collect()
    }

    /// Faces, the most important first: large, and sure to be one. See [`Face::is_sure`] for what to make of doubts.
    pub fn faces(&self, image: &Image) -> Result<Vec<Face>> {
        faces::find(&self.engine, &self.faces, image)
    }

    /// How likely it is that the picture shows nudity, from 0 to 1. For photographs; drawings mean little to it.
    pub fn nsfw(&self, image: &Image) -> Result<f32> {
        nsfw::score(&self.engine, &self.nsfw, image)
    }

    /// What is in the picture: every label that is at least as sure as `least` (a percentage), and the sorts of things
    /// they belong to; the surest first. People are not among them: see [`with_people`].
    pub fn labels(&self, image: &Image, least: f32) -> Result<Vec<Label>> {
        let names = self.names.read()?;
        let likely = labels::likelihoods(&self.engine, &self.labels, image)?;
        Ok(labels::choose(&likely, names, least))
    }
}
