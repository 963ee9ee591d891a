//! Measures one render in a separate process: CPU time and peak memory.

use std::{env, fs, path::Path, process::Command, time::Duration};

use anyhow::{Context, Result};
use bytes::Bytes;
use image_api::{Accept, Params, Settings, params::value::url::Url};
use testkit::{median, process_time, sample};
use vips_ops::{
    Assets, answer,
    overlay::links,
    vips::{Deadline, Image, Keep, Palette, PngRows},
};

/// The argument with which this program measures a render and prints it.
pub const FLAG: &str = "--measure";

/// How often a short render is measured, and up to which time a render is short.
const TIMES: usize = 3;
const QUICK: Duration = Duration::from_millis(200);

/// Timeout of a render.
const PATIENCE: Duration = Duration::from_mins(1);

/// The measured cost of a render.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    /// CPU time.
    pub nanoseconds: f64,
    /// Peak memory, in bytes, above what the process used before, the original included.
    pub bytes: f64,
}

/// Measures a render in a new process; `None` if the render fails.
pub fn in_process_of_its_own(file: &Path, query: &str) -> Result<Option<Measured>> {
    let output = Command::new(env::current_exe()?)
        .args(["calibrate-cost", FLAG])
        .args([file.as_os_str(), query.as_ref()])
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    match numbers[..] {
        [nanoseconds, bytes] if output.status.success() => Ok(Some(Measured { nanoseconds, bytes })),
        _ => Ok(None),
    }
}

/// Measures a render in this process, and prints the result.
#[expect(clippy::print_stdout, reason = "this is how the result gets back")]
pub fn print(file: &Path, query: &str) -> Result<()> {
    let original = Bytes::from(fs::read(file)?);
    let params = Params::parse(query)?.params;
    let assets = assets(&params)?;
    // the first render also loads libraries and finds fonts
    render(&params, &tiny()?, &assets)?;
    let (first, bytes) = peak(|| timed(&params, &original, &assets))?;
    let mut times = vec![first];
    if first < QUICK {
        for _ in 1..TIMES {
            times.push(timed(&params, &original, &assets)?);
        }
    }
    let nanoseconds = median(times.iter().map(|time| time.as_nanos() as f64).collect());
    println!("{nanoseconds} {}", bytes + original.len());
    Ok(())
}

/// The result of a function, and by how much it raised the peak memory of the process.
pub fn peak<T>(measured: impl FnOnce() -> Result<T>) -> Result<(T, usize)> {
    fs::write("/proc/self/clear_refs", "5").context("the peak of memory cannot be reset")?;
    let before = status("VmRSS:")?;
    let made = measured()?;
    Ok((made, status("VmHWM:")?.saturating_sub(before)))
}

fn timed(params: &Params, original: &Bytes, assets: &Assets) -> Result<Duration> {
    let before = process_time();
    render(params, original, assets)?;
    Ok(process_time().saturating_sub(before))
}

fn render(params: &Params, original: &Bytes, assets: &Assets) -> Result<()> {
    let (accept, settings) = (Accept::default(), Settings::default());
    answer(params, original, assets, accept, &settings, &Deadline::after(PATIENCE), &mut |_| ())?;
    Ok(())
}

/// An image that costs almost nothing.
fn tiny() -> Result<Bytes> {
    let image = Image::from_pixels(&[90; 32 * 32 * 3], 32, 32, 3)?;
    Ok(image.save_png(1, PngRows::Plain, Palette::Direct, Keep::Nothing)?)
}

/// A field of `/proc/self/status`, in bytes.
fn status(key: &str) -> Result<usize> {
    let text = fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix(key)).context("no such line in the status")?;
    let kilobytes: usize = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes * 1024)
}

/// The overlays of a request, which are samples.
pub fn assets(params: &Params) -> Result<Assets> {
    let mut assets = Assets::default();
    for link in links(params, &Settings::default().limits)? {
        if let Url::Relative { path, .. } = &link.url {
            let bytes = sample(path.trim_start_matches('/'));
            assets.insert(link.url, bytes);
        }
    }
    Ok(assets)
}
