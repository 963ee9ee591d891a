//! One render: from the bytes of an original to an encoded answer, on the pool.

mod cost;
pub mod memory;
mod pool;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use vips_ops::{Accept, Answer, Assets, Params, Phase, Settings, answer, describe, vips::Deadline};

pub use self::{
    cost::Cost,
    pool::{Class, Done, Limits, Load, PerClass, Pool, Refusals, Task},
};
use crate::{
    failure::Failure,
    sight::{Question, Sight},
};

/// What is to be rendered.
pub struct Work {
    /// The request's parameters.
    pub params: Params,
    /// The original.
    pub original: Bytes,
    /// What is laid over it, and the faces in it, as far as the parameters need them.
    pub assets: Assets,
    /// What the client can show.
    pub accept: Accept,
    /// Limits and encoders.
    pub settings: Arc<Settings>,
    /// What looks at the finished picture, when its faces are asked for.
    pub sight: Arc<Sight>,
}

/// An answer, and where its time went.
pub struct Rendered {
    /// The answer.
    pub answer: Answer,
    /// Waiting for a thread.
    pub queue: Duration,
    /// Reading the header and measuring.
    pub decode: Duration,
    /// Computing pixels. Most of the decoding happens here: pixels are decoded as they are needed.
    pub process: Duration,
    /// Encoding.
    pub encode: Duration,
}

/// Renders on the pool, in this class and until this time. Dropping the future ends the render.
pub async fn render(pool: &Pool, work: Work, class: Class, until: Instant) -> Result<Rendered, Failure> {
    let watch = EndOnDrop(Deadline::never());
    let deadline = watch.0.clone();
    let task = Task { class, cost: work.cost(), deadline: until };
    let done = pool.try_run(task, move || work.carry_out(&deadline)).await?;
    Ok(Rendered { queue: done.waited, ..done.value })
}

/// A crude prediction, until there is a model: what any render takes, and what each byte of the original adds. The pool
/// corrects it by what renders took.
const BASE_CPU: Duration = Duration::from_millis(30);

/// See [`BASE_CPU`].
const NANOS_PER_BYTE: u64 = 30;

/// Memory of a small render, and of each byte of the original: photographs are compressed about ten to one.
const BASE_BYTES: u64 = 16 << 20;

/// See [`BASE_BYTES`].
const BYTES_PER_BYTE: u64 = 20;

impl Work {
    /// The predicted cost.
    fn cost(&self) -> Cost {
        let length = self.original.len() as u64;
        Cost {
            cpu: BASE_CPU + Duration::from_nanos(NANOS_PER_BYTE * length),
            bytes: BASE_BYTES + BYTES_PER_BYTE * length,
        }
    }
}

impl Work {
    fn carry_out(&self, deadline: &Deadline) -> Result<Rendered, Failure> {
        let began = Instant::now();
        let [mut opened, mut processed] = [began; 2];
        let mut reached = |phase| match phase {
            Phase::Opened => opened = Instant::now(),
            Phase::Processed => processed = Instant::now(),
            Phase::Encoded => {}
        };
        let answer = self.answer(deadline, &mut reached)?;
        Ok(Rendered {
            answer,
            queue: Duration::ZERO,
            decode: opened - began,
            process: processed - opened,
            encode: processed.elapsed(),
        })
    }
}

impl Work {
    /// The answer. Computes.
    pub fn answer(&self, deadline: &Deadline, reached: &mut dyn FnMut(Phase)) -> Result<Answer, Failure> {
        let Self { params, original, assets, accept, settings, sight } = self;
        let wanted = params.of_picture();
        if !params.describes_faces() || wanted.is_empty() {
            return Ok(answer(params, original, assets, *accept, settings, deadline, reached)?);
        }
        let made = answer(&wanted, original, assets, *accept, settings, deadline, reached)?;
        let seen = sight.look(Question::Faces, &made.bytes, settings, deadline)?;
        let described = describe(params, &made.bytes, &seen.for_plan(), settings, deadline)?;
        Ok(Answer { bytes: described.bytes, media: described.media, ..made })
    }
}

/// Ends the render when nobody waits for it any more.
pub struct EndOnDrop(pub Deadline);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
