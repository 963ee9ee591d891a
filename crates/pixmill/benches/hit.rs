//! What a hit in memory costs, from the socket to the socket: parse, key, look-up, headers, write. A server in this process
//! answers a client on one connection over loopback.
//!
//! Prints the allocations of a hit as well. Under callgrind, the instructions of a hit are the difference of two runs:
//! the arguments `hits=1000` and `hits=2000` answer that many requests and measure nothing.

#[path = "../../instruction-counts/benches/counts/hits.rs"]
mod hits;

use std::{alloc::System, env, net::SocketAddr};

use criterion::Criterion;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

use self::hits::RepeatedRequest;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Requests that hit the cache.
fn requests(address: SocketAddr) -> [RepeatedRequest; 3] {
    let [large, unchanged] = hits::requests(address, ["43 KB", "304"], "/china.jpg?width=512&quality=80");
    let [small, _] = hits::requests(address, ["2 KB", "304"], "/china.jpg?width=64&quality=80");
    [large, small, unchanged]
}

fn allocations(request: &mut RepeatedRequest) -> f64 {
    const HITS: usize = 1000;
    let region = Region::new(ALLOCATOR);
    for _ in 0..HITS {
        request.ask();
    }
    let change = region.change();
    (change.allocations + change.reallocations) as f64 / HITS as f64
}

fn main() {
    hits::with_server(|address| {
        let mut requests = requests(address);
        for request in &mut requests {
            // the first requests fill what remembers requests
            for _ in 0..100 {
                request.ask();
            }
        }
        let hits = env::args().find_map(|argument| argument.strip_prefix("hits=")?.parse().ok());
        if let Some(hits) = hits {
            for _ in 0_u32..hits {
                requests[0].ask();
            }
            return;
        }
        let mut criterion = Criterion::default().configure_from_args();
        for request in &mut requests {
            let name = request.name;
            eprintln!("hit/{name}: {:.2} allocations", allocations(request));
            criterion.bench_function(&format!("hit/{name}"), |bencher| bencher.iter(|| request.ask()));
        }
        criterion.final_summary();
    });
}
