//! Image analysis: face detection, nudity detection and classification, by ONNX models.
//!
//! Models run on ONNX Runtime, one thread per inference; the caller decides how many run concurrently. Models are loaded
//! on first use, and a missing model is an error of its own kind ([`ErrorKind::Unavailable`]). Methods take any upright
//! image; a copy whose long side has [`INPUT_SIDE`] pixels is sufficient. Coordinates are in pixels of the given image.
//!
//! ```
//! use vips::{Access, Image, Loader, Vips};
//! use vision::{Settings, Vision};
//!
//! # let repository = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
//! Vips::start(vips::Settings::default())?;
//! let vision = Vision::open(&Settings {
//!     models: repository.join("vendor/models"),
//!     runtime: repository.join("vendor/native/lib/libonnxruntime.so"),
//! });
//! let portrait = std::fs::read(repository.join("samples/astronaut.png"))?.into();
//! let image = Image::load(&portrait, &Loader::Png, Access::Random)?;
//! let faces = vision.faces(&image)?;
//! assert_eq!(faces.iter().filter(|face| face.is_sure()).count(), 1);
//! assert!(vision.nsfw(&image)? < 0.2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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

/// Long side in pixels of a copy of an image that is sufficient for every model.
pub const INPUT_SIDE: u32 = 640;

/// Paths of the models and of ONNX Runtime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Folder with `faces.onnx`, `nsfw.onnx`, `labels.onnx` and `names.json`.
    pub models: PathBuf,
    /// Path of the shared library of ONNX Runtime.
    pub runtime: PathBuf,
}

/// The models. Shared between threads; inferences run concurrently, each on the calling thread.
pub struct Vision {
    faces: Model,
    nsfw: Model,
    labels: Model,
    names: Names,
    engine: Engine,
}

impl Vision {
    /// Stores the paths of the models; they are loaded on first use.
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

    /// The files that are missing; without them some or all methods fail.
    pub fn missing(&self) -> Vec<PathBuf> {
        let files = [&self.faces.file, &self.nsfw.file, &self.labels.file, &self.names.file];
        let files = files.into_iter().chain([&self.engine.runtime]);
        files.filter(|file| !file.exists()).cloned().collect()
    }

    /// Detects faces, sorted by area times score. See [`Face::is_sure`] for uncertain ones.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] or [`Error::Unusable`] without a usable model, [`Error::Picture`] for a broken image,
    /// [`Error::Inference`].
    pub fn faces(&self, image: &Image) -> Result<Vec<Face>> {
        faces::find(&self.engine, &self.faces, image)
    }

    /// The probability that a photograph shows nudity, from 0 to 1; of little meaning for drawings.
    ///
    /// # Errors
    ///
    /// As [`Vision::faces`].
    pub fn nsfw(&self, image: &Image) -> Result<f32> {
        nsfw::score(&self.engine, &self.nsfw, image)
    }

    /// Classifies the image: labels of at least `least` percent and their categories, sorted by descending confidence.
    /// People are not among them: see [`with_people`].
    ///
    /// # Errors
    ///
    /// As [`Vision::faces`].
    pub fn labels(&self, image: &Image, least: f32) -> Result<Vec<Label>> {
        let names = self.names.read()?;
        let likely = labels::likelihoods(&self.engine, &self.labels, image)?;
        Ok(labels::choose(&likely, names, least))
    }
}
