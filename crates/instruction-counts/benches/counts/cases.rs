//! The cases. Each is run until caches are warm, and then as often as stated in a section that callgrind counts.

use std::{fs, hint::black_box, path::Path, sync::Arc};

use bytes::Bytes;
use image_api::{Accept, Params, Settings};
use pixmill::{
    config::Config,
    http::{error, job_status},
    state::{HttpParts, Shared},
    telemetry::counters::Counters,
    uploads::queue::JobQueue,
};
use vips_ops::{
    Assets, process,
    vips::{self, Deadline, Vips},
};

use crate::{
    callgrind, hits,
    pictures::{self, FORMATS},
};

/// The server's allocator.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// The cases whose counts depend on the compiler only: none of their code is selected at run time.
pub const PORTABLE: [&str; 1] = ["parse"];

/// A query as pages have them.
const QUERY: &str = "width=400&height=300&crop=fit&quality=80&format=auto&sharp=20&utm_source=mail";

/// A small picture, which is sent in one piece: the number of reads does not depend on timing.
const HIT: &str = "/china.jpg?width=64&quality=80";

/// Renders per section.
const RENDERS: u64 = 2;

/// Hits per section.
const HITS: u64 = 200;

/// Parses and keys per section.
const CALLS: u64 = 1000;

/// Runs all cases. Prints the processor, then the name of each case and how often it ran.
pub fn run(folder: &Path) {
    println!("{}", callgrind::processor());
    Vips::start(vips::Settings::default()).expect("libvips starts");
    for format in FORMATS {
        render(format, &fs::read(folder.join(format)).expect("the pictures were written").into());
    }
    hits::with_server(|address| {
        for mut request in hits::requests(address, ["hit", "hit 304"], HIT) {
            case(request.name, HITS, &mut || request.ask());
        }
    });
    actix_web::rt::System::new().block_on(parse_and_key());
}

/// The beginning or the end of what is counted: callgrind writes a profile whenever this is called, which it finds by its name.
#[inline(never)]
fn section_boundary(name: &str) {
    black_box(name);
}

fn case(name: &str, times: u64, work: &mut dyn FnMut()) {
    // caches, pools and branches that are taken once
    for _ in 0..times {
        work();
    }
    section_boundary(name);
    for _ in 0..times {
        work();
    }
    section_boundary(name);
    println!("{name}\t{times}");
}

fn render(format: &str, original: &Bytes) {
    let query = format!("width={0}&height={0}&format={format}", pictures::TARGET);
    let params = Params::parse(&query).expect("a valid query").params;
    let settings = Settings::default();
    let assets = Assets::default();
    case(&format!("render {format}"), RENDERS, &mut || {
        let deadline = Deadline::never();
        let result =
            process(&params, original, &assets, Accept::default(), &settings, &deadline, &mut |_| ());
        assert!(!result.expect("a render").bytes.is_empty());
    });
}

async fn parse_and_key() {
    let config = hits::config();
    let parts = HttpParts {
        samples: Vec::new(),
        counters: Counters::new(error::codes()),
        jobs: JobQueue::new(config.uploads.queue, job_status::encoder(&config.errors)),
        tracer: None,
    };
    let shared = Arc::new(Shared::open(Config::clone(&config), parts).await.expect("caches in memory"));
    case("parse", CALLS, &mut || drop(black_box(shared.rules.parse(black_box(QUERY)))));
    let params = shared.rules.parse(QUERY).expect("a valid query").params;
    let accept = Accept { avif: true, webp: true };
    let identity = "https://images.example/photos/2026/11/a-picture.jpg";
    case("key", CALLS, &mut || {
        black_box(shared.caches.keys.result(black_box(&params), accept, identity));
    });
    shared.close().await;
}
