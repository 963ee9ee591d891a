//! Benchmark of animations: CPU, wall time and memory of a GIF of 100 frames to GIF, WebP and MP4, against bare
//! libvips.
//!
//! 480 × 270 to a width of 240. Run by `make bench`. The bare loop loads all frames as one tall strip, resizes the
//! strip and saves it, so that frames bleed into each other, unlike in Pixmill. libvips has no video encoder, so MP4
//! has no counterpart. Memory is the peak of a separate process that renders once.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and has nobody to recover for"
)]

use std::{env, fs, path::Path, process::Command, time::Instant};

use bytes::Bytes;
use image_api::{Accept, OutputFormat, Params, Settings};
use testkit::{median, process_time, sample};
use vips_ops::{
    overlay::Assets,
    process,
    vips::{self, Access, Deadline, Image, Keep, Loader, Vips, ops::Kernel},
};

/// The server's allocator: libvips and the codecs allocate through jemalloc too.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Rounds in which both implementations are measured alternately.
const ROUNDS: usize = 7;

const FRAMES: u32 = 100;
const WIDTH: u32 = 480;
const HEIGHT: u32 = 270;
const TARGET: u32 = 240;

/// Horizontal scroll between frames, in pixels.
const STEP: u32 = 2;

const FORMATS: [OutputFormat; 3] = [OutputFormat::Gif, OutputFormat::Webp, OutputFormat::Mp4];

/// Names of the two implementations.
const OURS: &str = "render";
const THEIRS: &str = "bare loop";

fn main() {
    Vips::start(vips::Settings::default()).unwrap();
    let arguments: Vec<_> = env::args().skip(1).collect();
    if let [task, who, format, file] = &arguments[..]
        && task == "once"
    {
        return once(who, format, Path::new(file));
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("original.gif");
    let original = original();
    fs::write(&file, &original).unwrap();
    println!("{FRAMES} frames of {WIDTH} x {HEIGHT} to {TARGET} px, medians of {ROUNDS} interleaved rounds");
    println!("{:<6} {:<10} {:>9} {:>9} {:>9} {:>9}", "format", "", "CPU ms", "wall ms", "peak MB", "bytes");
    for format in FORMATS {
        let who = if format == OutputFormat::Mp4 { &[OURS][..] } else { &[THEIRS, OURS] };
        let mut times = vec![Vec::new(); who.len()];
        for round in 0..ROUNDS {
            // the order alternates, so that neither always finds warm CPU caches
            for turn in 0..who.len() {
                let index = (round + turn) % who.len();
                times[index].push(time(|| render(who[index], format, &original)));
            }
        }
        for (who, times) in who.iter().zip(times) {
            let (cpu, wall): (Vec<_>, Vec<_>) = times.into_iter().unzip();
            let (cpu, wall, bytes) = (median(cpu), median(wall), render(who, format, &original).len());
            let peak = peak(who, format, &file);
            println!("{:<6} {who:<10} {cpu:>9.0} {wall:>9.0} {peak:>9.0} {bytes:>9}", format.name());
        }
    }
}

/// A GIF whose frames are a window moving over a photograph, so that every pixel of a frame changes.
fn original() -> Bytes {
    let loader = Loader::Jpeg { shrink: 1 };
    let photo = Image::load(&sample("china.jpg"), &loader, Access::Random).unwrap();
    let scale = f64::from(WIDTH + FRAMES * STEP) / f64::from(photo.width());
    let large = photo.resize(scale, scale, Kernel::Lanczos3).unwrap().copy_memory().unwrap();
    let windows: Vec<_> =
        (0..FRAMES).map(|frame| large.extract_area(frame * STEP, 0, WIDTH, HEIGHT).unwrap()).collect();
    let strip = Image::stack(&windows.iter().collect::<Vec<_>>()).unwrap();
    let strip = strip.edit(|edit| {
        edit.set_int(c"page-height", HEIGHT as i32);
        edit.set_ints(c"delay", &[40; FRAMES as usize]);
    });
    strip.unwrap().save_gif(1, 1.0, Keep::All).unwrap()
}

fn render(who: &str, format: OutputFormat, original: &Bytes) -> Bytes {
    if who == OURS { ours(format, original) } else { bare(format, original) }
}

fn ours(format: OutputFormat, original: &Bytes) -> Bytes {
    let query = format!("width={TARGET}&quality=80&format={}", format.name());
    let params = Params::parse(&query).unwrap().params;
    let settings = Settings::default();
    process(
        &params,
        original,
        &Assets::default(),
        Accept::default(),
        &settings,
        &Deadline::never(),
        &mut |_| (),
    )
    .unwrap()
    .bytes
}

/// The same work by libvips alone.
fn bare(format: OutputFormat, original: &Bytes) -> Bytes {
    let settings = Settings::default().output;
    let strip = Image::load(original, &Loader::Gif { frames: FRAMES }, Access::Sequential).unwrap();
    let scale = f64::from(TARGET) / f64::from(WIDTH);
    let small = strip.resize(scale, scale, Kernel::Lanczos3).unwrap();
    let small = small.edit(|edit| edit.set_int(c"page-height", (HEIGHT * TARGET / WIDTH) as i32)).unwrap();
    match format {
        OutputFormat::Webp => small.save_webp(80, settings.webp_effort, Keep::All),
        _ => small.save_gif(settings.gif_effort, 1.0, Keep::All),
    }
    .unwrap()
}

/// CPU time of all threads, and wall time, in milliseconds.
fn time(work: impl Fn() -> Bytes) -> (f64, f64) {
    let (cpu, wall) = (process_time(), Instant::now());
    std::hint::black_box(work());
    let cpu = process_time().saturating_sub(cpu);
    (cpu.as_secs_f64() * 1000.0, wall.elapsed().as_secs_f64() * 1000.0)
}

/// Peak resident memory of a process that renders once, in megabytes.
fn peak(who: &str, format: OutputFormat, file: &Path) -> f64 {
    let command = env::current_exe().unwrap();
    let output = Command::new(command).args(["once", who, format.name()]).arg(file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

/// Renders once, and prints the peak memory of this process.
fn once(who: &str, format: &str, file: &Path) {
    let format = FORMATS.into_iter().find(|known| known.name() == format).unwrap();
    std::hint::black_box(render(who, format, &fs::read(file).unwrap().into()));
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    println!("{}", line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0);
}
