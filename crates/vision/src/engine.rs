//! ONNX Runtime: its environment, one per process, and the sessions of a model.

use std::path::{Path, PathBuf};

use ort::{
    environment::Environment,
    session::{Session, SessionOutputs, builder::GraphOptimizationLevel},
    value::Tensor,
};
use parking_lot::Mutex;

use crate::error::{Error, Result};

/// ONNX Runtime allows one environment per process, so the first caller determines where it is loaded from. A failure
/// is not remembered: the library may be installed while the process runs.
static ENVIRONMENT: Mutex<Option<Environment>> = Mutex::new(None);

/// Where ONNX Runtime is loaded from.
pub struct Engine {
    /// Path of the shared library.
    pub runtime: PathBuf,
}

/// A model, loaded on first use.
///
/// A session runs one inference at a time, so there are as many sessions as inferences have run concurrently; idle ones
/// are kept for reuse.
pub struct Model {
    /// Path of the model file.
    pub file: PathBuf,
    idle: Mutex<Vec<Session>>,
}

/// The input tensor of a model.
pub struct Input {
    /// Dimensions, from the outermost to the innermost.
    pub shape: [usize; 4],
    /// The values, as many as the shape states.
    pub numbers: Vec<f32>,
}

impl Engine {
    /// Stores the path; nothing is loaded yet.
    pub fn new(runtime: PathBuf) -> Self {
        Self { runtime }
    }

    fn environment(&self) -> Result<Environment> {
        let mut environment = ENVIRONMENT.lock();
        if let Some(environment) = &*environment {
            return Ok(environment.clone());
        }
        present(&self.runtime)?;
        let unusable = |reason: String| Error::Unusable { file: self.runtime.clone(), reason };
        let builder = ort::init_from(&self.runtime).map_err(|error| unusable(error.to_string()))?;
        let loaded = builder
            .with_name("pixmill")
            .with_telemetry(false)
            .build()
            .map_err(|error| unusable(error.to_string()))?;
        Ok(environment.insert(loaded).clone())
    }
}

impl Model {
    /// Stores the path; nothing is loaded yet.
    pub fn new(file: PathBuf) -> Self {
        Self { file, idle: Mutex::default() }
    }

    /// Runs the model on its input, and reads its outputs.
    pub fn run<T>(
        &self,
        engine: &Engine,
        input: Input,
        read: impl FnOnce(&SessionOutputs<'_>) -> ort::Result<T>,
    ) -> Result<T> {
        let waiting = self.idle.lock().pop();
        let mut session = waiting.map_or_else(|| self.load(engine), Ok)?;
        let result = infer(&mut session, input, read);
        self.idle.lock().push(session);
        result.map_err(|error| Error::Inference(error.to_string()))
    }

    fn load(&self, engine: &Engine) -> Result<Session> {
        present(&self.file)?;
        let environment = engine.environment()?;
        session(&environment, &self.file)
            .map_err(|error| Error::Unusable { file: self.file.clone(), reason: error.to_string() })
    }
}

fn session(environment: &Environment, file: &Path) -> ort::Result<Session> {
    Session::builder(environment)?
        .with_optimization_level(GraphOptimizationLevel::Level3)?
        // many images are processed in parallel: one thread each is the least total work
        .with_intra_threads(1)?
        .with_inter_threads(1)?
        // input sizes differ, so memory planned for one is useless for the next
        .with_memory_pattern(false)?
        .commit_from_file(file)
}

fn infer<T>(
    session: &mut Session,
    input: Input,
    read: impl FnOnce(&SessionOutputs<'_>) -> ort::Result<T>,
) -> ort::Result<T> {
    let tensor = Tensor::from_array((input.shape, input.numbers))?;
    read(&session.run([tensor.into()])?)
}

fn present(file: &Path) -> Result<()> {
    if file.exists() { Ok(()) } else { Err(Error::Missing { file: file.to_owned() }) }
}
