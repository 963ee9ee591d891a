//! Benchmark: CPU time of a render with the codecs relative to the same render by libvips alone, measured alternately.
//!
//! Photographs to 512 px in the same format: `cargo bench --package vips-ops --bench codecs -- FOLDER SIZE`. The folder
//! has files `NAME.FORMAT`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and has nobody to recover for"
)]

use std::path::Path;

use bytes::Bytes;
use image_api::{Accept, Params, Settings, settings::Codecs};
use testkit::{median, process_time};
use vips_ops::{
    Assets, process,
    vips::{self, Deadline, Vips},
};

/// The server's allocator: libvips and the codecs allocate through jemalloc too.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Rounds in which both are measured alternately.
const ROUNDS: usize = 9;

fn main() {
    Vips::start(vips::Settings::default()).unwrap();
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let folder = arguments.next().unwrap();
    let named: Vec<String> = arguments.collect();
    let with = Settings::default();
    let codecs =
        Codecs { libwebp: false, dav1d: false, png: false, libjpeg_turbo: false, fast_image_resize: false };
    let without = Settings { codecs, ..Settings::default() };
    println!(
        "{:<6} {:>5} {:>9} {:>9} {:>7} {:>10} {:>10}",
        "format", "size", "libvips", "codecs", "ratio", "bytes", "bytes"
    );
    for (format, quality) in [("jpg", 80), ("png", 0), ("webp", 75), ("avif", 80)] {
        if !named.is_empty() && !named.iter().any(|name| name == format) {
            continue;
        }
        let originals = originals(Path::new(&folder), format);
        let size = named.iter().find_map(|name| name.parse().ok()).unwrap_or(512);
        let query = format!("width={size}&height={size}&format={format}");
        let query = if quality == 0 { query } else { format!("{query}&quality={quality}") };
        let params = Params::parse(&query).unwrap().params;
        let render = |bytes: &Bytes, settings: &Settings| {
            let assets = Assets::default();
            process(&params, bytes, &assets, Accept::default(), settings, &Deadline::never(), &mut |_| ())
                .unwrap()
                .bytes
        };
        compare((format, size), &originals, &|bytes| render(bytes, &without), &|bytes| render(bytes, &with));
    }
}

fn originals(folder: &Path, format: &str) -> Vec<Bytes> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let of_format = files.filter(|path| path.extension().is_some_and(|found| found == format));
    of_format.map(|path| std::fs::read(path).unwrap().into()).collect()
}

type Work<'a> = &'a dyn Fn(&Bytes) -> Bytes;

fn compare((format, size): (&str, u32), originals: &[Bytes], before: Work<'_>, after: Work<'_>) {
    let bytes =
        |work: Work<'_>| originals.iter().map(|bytes| work(bytes).len()).sum::<usize>() / originals.len();
    let lengths = (bytes(before), bytes(after));
    let (mut first, mut second, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for original in originals {
        let (mut mine, mut other) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            // the order alternates, so that neither always finds warm CPU caches
            if round % 2 == 0 {
                other.push(cpu(original, before));
                mine.push(cpu(original, after));
            } else {
                mine.push(cpu(original, after));
                other.push(cpu(original, before));
            }
        }
        let (mine, other) = (median(mine), median(other));
        first.push(other);
        second.push(mine);
        ratios.push(mine / other);
    }
    println!(
        "{format:<6} {size:>5} {:>9.2} {:>9.2} {:>7.3} {:>10} {:>10}",
        median(first),
        median(second),
        median(ratios),
        lengths.0,
        lengths.1
    );
}

/// CPU milliseconds, over all threads of the process.
fn cpu(original: &Bytes, work: Work<'_>) -> f64 {
    let before = process_time();
    std::hint::black_box(work(original));
    process_time().saturating_sub(before).as_secs_f64() * 1000.0
}
