//! ONNX Runtime: its one environment a process, and the sessions of a model.

use std::path::{Path, PathBuf};

use ort::{
    environment::Environment,
    session::{Session, SessionOutputs, builder::GraphOptimizationLevel},
    value::Tensor,
};
use parking_lot::Mutex;

use crate::error::{Error, Result};

/// The engine allows one environment a process, so whoever asks first says from where it is loaded. A failure is not
/// remembered: the library may be put in its place while the process runs.
static ENVIRONMENT: Mutex<Option<Environment>> = Mutex::new(None);

/// Where the engine is loaded from.
pub struct Engine {
    /// The shared library.
    pub runtime: PathBuf,
}

/// A model, loaded when it is first used.
///
/// A session computes one thing at a time here, so that there are as many as are used at the same time, and those that
/// have nothing to do wait for the next picture.
pub struct Model {
    /// The file.
    pub file: PathBuf,
    idle: Mutex<Vec<Session>>,
}

/// Numbers in a shape: what goes into a model.
pub struct Input {
    /// From the outermost dimension to the innermost.
    pub shape: [usize; 4],
    /// As many as the shape says.
    pub numbers: Vec<f32>,
}

impl Engine {
    /// Loads nothing.
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
    /// Loads nothing.
    pub fn new(file: PathBuf) -> Self {
        Self { file, idle: Mutex::default() }
    }

    /// Runs the model on its one input, and reads its outputs.
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
        // pictures are many: one thread each is the least work for all of them
        .with_intra_threads(1)?
        .with_inter_threads(1)?
        // sizes differ from picture to picture, what was laid out for one is of no use to the next
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
