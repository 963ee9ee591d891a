//! One render: from the bytes of an original to an encoded answer, on the pool.

mod pool;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use vips_ops::{Accept, Answer, Assets, Params, Phase, Settings, answer, vips::Deadline};

pub use self::pool::{Done, Load, Pool};
use crate::failure::Failure;

/// What is to be rendered.
pub struct Work {
    /// The request's parameters.
    pub params: Params,
    /// The original.
    pub original: Bytes,
    /// What is laid over it.
    pub assets: Assets,
    /// What the client can show.
    pub accept: Accept,
    /// Limits and encoders.
    pub settings: Arc<Settings>,
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

/// Renders on the pool. Dropping the future ends the render.
pub async fn render(pool: &Pool, work: Work) -> Result<Rendered, Failure> {
    let watch = EndOnDrop(Deadline::never());
    let deadline = watch.0.clone();
    let done = pool.run(move || work.carry_out(&deadline)).await?;
    Ok(Rendered { queue: done.waited, ..done.value? })
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
        let Self { params, original, assets, accept, settings } = self;
        let answer = answer(params, original, assets, *accept, settings, deadline, &mut reached)?;
        Ok(Rendered {
            answer,
            queue: Duration::ZERO,
            decode: opened - began,
            process: processed - opened,
            encode: processed.elapsed(),
        })
    }
}

/// Ends the render when nobody waits for it any more.
struct EndOnDrop(Deadline);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
