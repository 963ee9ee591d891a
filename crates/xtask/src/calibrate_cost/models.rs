//! The cost of an inference of each model, without loading the model.

use anyhow::Result;
use testkit::{median, process_time, sample};
use vips_ops::vips::{Access, Image, Loader, ops::Kernel};
use vision::{INPUT_SIDE, Settings, Vision};

use super::measure;
use crate::workspace::workspace;

/// How often each is measured.
const TIMES: usize = 5;

/// Prints CPU and memory: with the model, which the first inference loads, and of one inference.
#[expect(clippy::print_stdout, reason = "the table is what the task is for")]
pub fn print() -> Result<()> {
    let vendor = workspace().join("vendor");
    let places =
        Settings { models: vendor.join("models"), runtime: vendor.join("native/lib/libonnxruntime.so") };
    let vision = Vision::open(&places);
    if !vision.missing().is_empty() {
        println!("inference: skipped, no models; run `make vendor`");
        return Ok(());
    }
    let photo = Image::load(&sample("grace_hopper.jpg"), &Loader::Jpeg { shrink: 1 }, Access::Random)?;
    let scale = f64::from(INPUT_SIDE) / f64::from(photo.width().max(photo.height()));
    let image = photo.resize(scale, scale, Kernel::Lanczos3)?.copy_memory()?;
    report("faces", || Ok(vision.faces(&image).map(|_| ())?))?;
    report("nsfw", || Ok(vision.nsfw(&image).map(|_| ())?))?;
    report("labels", || Ok(vision.labels(&image, 50.0).map(|_| ())?))
}

#[expect(clippy::print_stdout, reason = "the table is what the task is for")]
fn report(name: &str, infer: impl Fn() -> Result<()>) -> Result<()> {
    let ((), loaded) = measure::peak(&infer)?;
    let mut times = Vec::new();
    let mut most = 0;
    for _ in 0..TIMES {
        let before = process_time();
        let ((), bytes) = measure::peak(&infer)?;
        times.push(process_time().saturating_sub(before).as_secs_f64() * 1e3);
        most = most.max(bytes);
    }
    let megabytes = |bytes: usize| bytes as f64 / 1e6;
    println!(
        "inference of {name}: {:.0} ms, {:.0} MB, with the model {:.0} MB",
        median(times),
        megabytes(most),
        megabytes(loaded)
    );
    Ok(())
}
