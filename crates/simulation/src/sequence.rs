//! A short sequence of requests that real nodes can be sent too.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
};

use anyhow::{Context, Result, bail};
use simulation::{Balancer, Catalogue, Cluster, Requests, Traffic, simulate};

const ORIGINALS: u32 = 40;
/// Widths of 60 to 65 px.
const VARIANTS: u32 = 6;
const REQUESTS: u64 = 2000;
const SEED: u64 = 7;
/// Bytes of `samples/china.jpg` in these widths as PNG, and of the file itself.
const RESULT_BYTES: [u32; VARIANTS as usize] = [5043, 5215, 5313, 5484, 5740, 5793];
const ORIGINAL_BYTES: u32 = 196_653;

/// Prints the figures in one line, and then the requests: variant and node.
pub fn print(nodes: &str, balancer: &str) -> Result<()> {
    let nodes =
        nodes.parse().ok().filter(|nodes| (1..=100).contains(nodes)).context("expected 1 to 100 nodes")?;
    let balancer = match balancer {
        "any" => Balancer::Random,
        "hash" => Balancer::Hash(1),
        _ => bail!("expected any or hash"),
    };
    let bytes = |variant: u32| RESULT_BYTES[(variant % VARIANTS) as usize];
    let catalogue = Catalogue::new(ORIGINALS, VARIANTS, 0.8, bytes, ORIGINAL_BYTES);
    let half = 1 << 20;
    let cluster = Cluster {
        nodes,
        balancer,
        results_bytes: half,
        originals_bytes: half,
        shards: 1,
        ..Cluster::default()
    };
    // so slowly that a request ends before the next one arrives
    let traffic = Traffic { rate: 1.0, warm_up: 0, measured: REQUESTS, redis_is_warm: false, seed: SEED };
    let counts = simulate(&catalogue, &cluster, &traffic);
    let percent = |count| 100.0 * counts.share(count);
    let figures = [
        ("nodes", f64::from(nodes)),
        ("variants per original", f64::from(VARIANTS)),
        ("memory hits %", percent(counts.memory_hits)),
        ("redis hits %", percent(counts.redis_hits)),
        ("built %", percent(counts.builds)),
        ("fetches", counts.fetches as f64),
        ("scripts", counts.scripts as f64),
        ("look-ups in redis", counts.gets as f64),
    ];
    let mut text = figures.map(|(name, value)| format!("{name}={value}")).join("\t");
    for (variant, node) in Requests::new(&catalogue, &cluster, SEED).take(REQUESTS as usize) {
        write!(text, "\n{variant}\t{node}").context("a string can be written")?;
    }
    text.push('\n');
    io::stdout().write_all(text.as_bytes()).context("cannot write to standard output")
}
