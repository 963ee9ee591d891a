//! Benchmark: CPU time of a render relative to a bare libvips loop that does the same work, measured alternately.
//!
//! 2040 px photographs to 512 px in the same format, or to other sizes: `cargo bench --package vips-ops --bench render --
//! 100 512 1000 2000`. Run by `make bench`. The bare loop calls libvips' operations one
//! after the other, with the fast shrink rule and the same encoder settings, without parameters or plans. Only ratios
//! are meaningful, never absolute times.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and has nobody to recover for"
)]

use bytes::Bytes;
use image_api::{Accept, OutputFormat, Params, Settings, plan::encode::Encoding};
use testkit::{median, process_time, sample};
use vips_ops::{
    Assets, process,
    vips::{
        self, Access, Deadline, Image, JpegScan, Keep, Loader, Palette, PngRows, Subsample, Vips, ops::Kernel,
    },
};

/// The server's allocator: libvips and the codecs allocate through jemalloc too.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Rounds in which both implementations are measured alternately.
const ROUNDS: usize = 12;

/// The photographs, enlarged to the long side of the public image-servers benchmark.
const PHOTOS: [&str; 4] = ["china.jpg", "flower.jpg", "coffee.png", "rocket.jpg"];
const LONG_SIDE: f64 = 2040.0;

/// The side of the bounding box in pixels, unless arguments name others.
const TARGET: u32 = 512;

struct Case {
    format: OutputFormat,
    /// The parameters beside the size.
    query: &'static str,
    /// Quality on the encoder's own scale.
    quality: u8,
}

const CASES: [Case; 4] = [
    Case { format: OutputFormat::Jpeg, query: "quality=80", quality: 80 },
    Case { format: OutputFormat::Png, query: "", quality: 0 },
    Case { format: OutputFormat::Webp, query: "quality=75", quality: 75 },
    Case { format: OutputFormat::Avif, query: "quality=80", quality: 0 },
];

fn main() {
    Vips::start(vips::Settings::default()).unwrap();
    let settings = Settings::default();
    println!(
        "CPU milliseconds per image, medians of {ROUNDS} interleaved rounds over {} photographs",
        PHOTOS.len()
    );
    println!(
        "{:<6} {:>5} {:>9} {:>9} {:>7} {:>10} {:>9}",
        "format", "size", "bare loop", "render", "ratio", "bare bytes", "bytes"
    );
    let named: Vec<u32> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if named.is_empty() { vec![TARGET] } else { named };
    for case in CASES {
        let originals = PHOTOS.map(|name| original(name, case.format));
        for &size in &sizes {
            compare(&case, size, &originals, &settings);
        }
    }
}

/// Measures a case and prints its line.
fn compare(case: &Case, size: u32, originals: &[Bytes], settings: &Settings) {
    let params = Params::parse(&format!("width={size}&height={size}&{}", case.query)).unwrap().params;
    let render = |bytes: &Bytes| {
        let assets = Assets::default();
        process(&params, bytes, &assets, Accept::default(), settings, &Deadline::never(), &mut |_| ())
            .unwrap()
            .bytes
    };
    let planned = planned(&params, &originals[0], settings);
    // AVIF's quality is mapped
    let quality = if planned.format == OutputFormat::Avif { planned.quality } else { case.quality };
    let bare = |bytes: &Bytes| bare(bytes, (case.format, quality), size, settings);
    for bytes in originals {
        let (ours, theirs) = (render(bytes).len(), bare(bytes).len());
        // an encoder beside libvips may write fewer bytes, never more; after a decoder with another chroma filter (dav1d)
        // the same encoder writes up to 2 % fewer
        let least = if planned.codec.is_some() { 0 } else { theirs * 97 };
        // at other sizes the plan may decode more pixels of a JPEG than the loop; the columns of bytes show it
        assert!(
            size != TARGET || (least..=theirs * 101).contains(&(ours * 100)),
            "unequal work: {ours} and {theirs} bytes"
        );
    }
    let (ours, theirs) = in_turns(originals, render, bare);
    let mean = |work: &dyn Fn(&Bytes) -> Bytes| {
        originals.iter().map(|bytes| work(bytes).len()).sum::<usize>() / PHOTOS.len()
    };
    let (name, bytes) = (case.format.name(), (mean(&bare), mean(&render)));
    println!(
        "{name:<6} {size:>5} {theirs:>9.2} {ours:>9.2} {:>7.3} {:>10} {:>9}",
        ours / theirs,
        bytes.0,
        bytes.1
    );
}

/// CPU milliseconds per image of two ways of work, medians of rounds in which they take turns.
fn in_turns(
    originals: &[Bytes],
    ours: impl Fn(&Bytes) -> Bytes + Copy,
    theirs: impl Fn(&Bytes) -> Bytes + Copy,
) -> (f64, f64) {
    let mut found = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // the order alternates, so that neither always finds warm CPU caches
        if round % 2 == 0 {
            found.1.push(cpu(originals, theirs));
            found.0.push(cpu(originals, ours));
        } else {
            found.0.push(cpu(originals, ours));
            found.1.push(cpu(originals, theirs));
        }
    }
    (median(found.0), median(found.1))
}

/// A photograph of 2040 px in a format. Noise replaces the detail that upscaling does not create.
fn original(name: &str, format: OutputFormat) -> Bytes {
    let small = sample(name);
    let loader = if name.ends_with("png") { Loader::Png } else { Loader::Jpeg { shrink: 1 } };
    let image = Image::load(&small, &loader, Access::Random).unwrap();
    let scale = LONG_SIDE / f64::from(image.width().max(image.height()));
    let large = image.resize(scale, scale, Kernel::Lanczos3).unwrap();
    let grain = Image::noise(large.width(), large.height(), 4.0).unwrap();
    let photo = large.add(&grain).unwrap().cast(vips::BandFormat::Uchar).unwrap();
    match format {
        OutputFormat::Jpeg => photo.save_jpeg(75, JpegScan::Baseline, Subsample::On, Keep::Nothing),
        OutputFormat::Webp => photo.save_webp(75, 2, Keep::Nothing),
        OutputFormat::Avif => photo.save_avif(65, 0, Subsample::On, Keep::Nothing),
        _ => photo.save_png(6, PngRows::Plain, Palette::Direct, Keep::Nothing),
    }
    .unwrap()
}

/// What the plan says to the encoder.
fn planned(params: &Params, original: &Bytes, settings: &Settings) -> Encoding {
    let source = vips_ops::Source::open(original, &settings.limits).unwrap();
    let facts = image_api::Measurements::default();
    image_api::Plan::resolve(params, &source.info, &facts, Accept::default(), settings).unwrap().encode
}

/// The same work by libvips alone.
fn bare(bytes: &Bytes, (format, quality): (OutputFormat, u8), size: u32, settings: &Settings) -> Bytes {
    let loader = match format {
        // shrink-on-load to no less than the result: by 2 for 2040 to 512, a scale of 3.98
        OutputFormat::Jpeg => {
            let fits = |shrink: &u8| f64::from(size) * f64::from(*shrink) <= LONG_SIDE;
            Loader::Jpeg { shrink: [8, 4, 2].into_iter().find(fits).unwrap_or(1) }
        }
        OutputFormat::Webp => Loader::Webp { scale: 1.0, frames: 1 },
        OutputFormat::Avif => Loader::Heif { thumbnail: false },
        _ => Loader::Png,
    };
    let image = Image::load(bytes, &loader, Access::Sequential).unwrap();
    let long = image.width().max(image.height());
    let scale = f64::from(size) / f64::from(long);
    let factor = |length: u32| (f64::from(length) * scale).round() / f64::from(length);
    let small = image.resize(factor(image.width()), factor(image.height()), Kernel::Lanczos3).unwrap();
    let output = &settings.output;
    match format {
        OutputFormat::Jpeg => small.save_jpeg(quality, JpegScan::Baseline, Subsample::On, Keep::AllButExif),
        OutputFormat::Webp => small.save_webp(quality, output.webp_effort, Keep::All),
        OutputFormat::Avif => small.save_avif(quality, output.avif_effort, Subsample::On, Keep::All),
        _ => small.save_png(output.png_compression, PngRows::Plain, Palette::Direct, Keep::All),
    }
    .unwrap()
}

/// CPU milliseconds per image, over all threads of the process.
fn cpu(originals: &[Bytes], work: impl Fn(&Bytes) -> Bytes) -> f64 {
    let before = process_time();
    for bytes in originals {
        std::hint::black_box(work(bytes));
    }
    process_time().saturating_sub(before).as_secs_f64() * 1000.0 / originals.len() as f64
}
