//! Benchmark: CPU time of ten tone parameters in one request relative to one parameter, measured alternately.
//!
//! 2040 px JPEG photographs to 512 px. Run by `make bench`. Only the ratio is meaningful, never absolute times.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and has nobody to recover for"
)]

use bytes::Bytes;
use image_api::{Accept, Params, Settings};
use testkit::{median, process_time, sample};
use vips_ops::{
    Assets, process,
    vips::{self, Access, Deadline, Image, JpegScan, Keep, Loader, Subsample, Vips, ops::Kernel},
};

/// The server's allocator: libvips and the codecs allocate through jemalloc too.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Rounds in which the queries are measured alternately.
const ROUNDS: usize = 15;

/// The photographs, enlarged to the long side of the public image-servers benchmark.
const PHOTOS: [&str; 4] = ["china.jpg", "flower.jpg", "coffee.png", "rocket.jpg"];
const LONG_SIDE: f64 = 2040.0;

/// Highest allowed ratio of the cost of ten parameters to the cost of one.
const BOUND: f64 = 1.6;

const PLAIN: &str = "width=512&quality=80";
const ONE: &str = "brightness=0.2";
const TEN: [&str; 10] = [
    ONE,
    "contrast=0.1",
    "gamma=0.1",
    "warmth=0.3",
    "saturation=0.2",
    "vibrance=0.3",
    "highlights=-0.4",
    "shadow=0.4",
    "fill_flash=0.3",
    "colorize=1e78dc&colorize_intensity=10",
];

fn main() {
    Vips::start(vips::Settings::default()).unwrap();
    let originals = PHOTOS.map(original);
    let queries = [PLAIN.to_owned(), format!("{PLAIN}&{ONE}"), format!("{PLAIN}&{}", TEN.join("&"))];
    let params = queries.map(|query| Params::parse(&query).unwrap().params);
    let mut times = [const { Vec::new() }; 3];
    for round in 0..ROUNDS {
        // the order alternates, so that none always finds warm CPU caches
        for turn in 0..params.len() {
            let at = (round + turn) % params.len();
            times[at].push(cpu(&originals, &params[at]));
        }
    }
    let [none, one, ten] = times.map(median);
    let count = originals.len();
    println!("CPU milliseconds per image, medians of {ROUNDS} interleaved rounds over {count} photographs");
    let ratio = ten / one;
    println!(
        "no tone {none:.2}, one parameter {one:.2}, ten {ten:.2}: a ratio of {ratio:.2}, expected at most {BOUND}"
    );
}

/// A photograph of 2040 px as JPEG.
fn original(name: &str) -> Bytes {
    let small = sample(name);
    let loader = if name.ends_with("png") { Loader::Png } else { Loader::Jpeg { shrink: 1 } };
    let image = Image::load(&small, &loader, Access::Random).unwrap();
    let scale = LONG_SIDE / f64::from(image.width().max(image.height()));
    let large = image.resize(scale, scale, Kernel::Lanczos3).unwrap();
    large.save_jpeg(80, JpegScan::Baseline, Subsample::On, Keep::Nothing).unwrap()
}

/// CPU milliseconds per image, over all threads of the process.
fn cpu(originals: &[Bytes], params: &Params) -> f64 {
    let settings = Settings::default();
    let before = process_time();
    for bytes in originals {
        let done = process(
            params,
            bytes,
            &Assets::default(),
            Accept::default(),
            &settings,
            &Deadline::never(),
            &mut |_| (),
        )
        .unwrap();
        std::hint::black_box(done.bytes);
    }
    process_time().saturating_sub(before).as_secs_f64() * 1000.0 / originals.len() as f64
}
