//! The simulations of `docs/scale.md`: the same load per node, on 1 to 500 nodes, with three ways to distribute requests.

use std::fmt::Write;

use crate::{
    Balancer, Catalogue, Cluster, Counts, Traffic,
    chart::{Chart, Line},
    simulate,
};

/// Numbers of nodes.
pub const NODES: [u32; 5] = [1, 5, 20, 100, 500];
/// Names of the ways to distribute requests.
pub const BALANCERS: [(&str, Balancer); 3] =
    [("any node", Balancer::Random), ("hash", Balancer::Hash(1)), ("hash, 2 nodes", Balancer::Hash(2))];

/// Requests per second of a node.
const RATE: f64 = 200.0;
/// CPU times of a render of 2040 px to 512 px, in microseconds, as often as the formats are requested (AVIF 60 %, WebP 30 %, JPEG
/// 10 %): `loadtests/results/matrix.md`.
const RENDER_MICROS: [u64; 10] =
    [44_400, 44_400, 44_400, 44_400, 44_400, 44_400, 26_900, 26_900, 26_900, 8440];
/// Bytes that a node sends Redis to announce itself, every ten seconds, and gets of each other node.
const ANNOUNCEMENT: f64 = 100.0;

/// The figures of one number of nodes and one way to distribute requests.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The name of the way.
    pub balancer: String,
    /// The number of nodes.
    pub nodes: u32,
    /// The figures, in the order of [`COLUMNS`].
    pub values: Vec<f64>,
}

/// Names of the figures, with units.
pub const COLUMNS: [&str; 13] = [
    "memory hits %",
    "redis hits %",
    "coalesced %",
    "built %",
    "fetches per built variant",
    "redis commands/s per node",
    "redis commands/s of the busiest shard",
    "redis MB/s out of all shards",
    "refused leases % of builds",
    "messages/s to all nodes",
    "coordination kB/s of one shard",
    "requests of the busiest node, times the mean",
    "busy cores per node",
];

/// The catalogue of the study: 5,000 originals of 400 kB, 8 variants each, of 5 to 53 kB; 1.2 GB of results.
pub fn catalogue() -> Catalogue {
    Catalogue::new(5000, 8, 0.9, |variant| 5000 + variant * 7919 % 48_000, 400_000)
}

/// Simulates one row.
pub fn row(catalogue: &Catalogue, (name, balancer): (&str, Balancer), nodes: u32) -> Row {
    let cluster = Cluster {
        nodes,
        balancer,
        results_bytes: 16 << 20,
        redis_bytes: 512 << 20,
        shards: 3,
        render_times: RENDER_MICROS.map(|micros| micros * 1000).to_vec(),
        ..Cluster::default()
    };
    // enough to fill the memory of each node, and to have little noise
    let number = |per_node: u64| (per_node * u64::from(nodes)).max(20_000);
    let traffic = Traffic {
        rate: RATE * f64::from(nodes),
        warm_up: number(2000),
        measured: number(1000),
        redis_is_warm: true,
        seed: 1,
    };
    let counts = simulate(catalogue, &cluster, &traffic);
    Row { balancer: name.to_owned(), nodes, values: values(&counts, f64::from(nodes)) }
}

fn values(counts: &Counts, nodes: f64) -> Vec<f64> {
    let percent = |count| 100.0 * counts.share(count);
    let per_second = |count: u64| count as f64 / counts.seconds;
    let builds = counts.builds.max(1) as f64;
    vec![
        percent(counts.memory_hits),
        percent(counts.redis_hits),
        percent(counts.coalesced),
        percent(counts.builds),
        counts.fetches as f64 / builds,
        per_second(counts.commands()) / nodes,
        per_second(counts.busiest_shard),
        per_second(counts.bytes_out) / 1e6,
        100.0 * counts.leases_refused as f64 / builds,
        per_second(counts.publishes) * nodes,
        // each node reads the announcements of all, every ten seconds
        nodes * nodes * ANNOUNCEMENT / 10.0 / 1000.0,
        counts.busiest_node as f64 * nodes / counts.requests as f64,
        counts.render_seconds / counts.seconds / nodes,
    ]
}

/// All rows as a table for programs.
pub fn tsv(rows: &[Row]) -> String {
    let mut text = format!("balancer\tnodes\t{}\n", COLUMNS.join("\t"));
    for Row { balancer, nodes, values } in rows {
        let values: Vec<_> = values.iter().map(|value| format!("{value:.3}")).collect();
        writeln!(text, "{balancer}\t{nodes}\t{}", values.join("\t"))
            .expect("invariant: a string can be written");
    }
    text
}

/// Reads a table of [`tsv`]. None if it is none.
pub fn parse(text: &str) -> Option<Vec<Row>> {
    let row = |line: &str| {
        let mut fields = line.split('\t');
        let (balancer, nodes) = (fields.next()?.to_owned(), fields.next()?.parse().ok()?);
        let values = fields.map(|field| field.parse().ok()).collect::<Option<Vec<_>>>()?;
        (values.len() == COLUMNS.len()).then_some(Row { balancer, nodes, values })
    };
    text.lines().skip(1).map(row).collect()
}

/// The charts: name of the file, and SVG.
pub fn charts(rows: &[Row]) -> Vec<(&'static str, String)> {
    let line = |balancer: &str, column: usize, name: &str| Line {
        name: name.to_owned(),
        points: rows
            .iter()
            .filter(|row| row.balancer == balancer)
            .map(|row| (row.nodes, row.values[column]))
            .collect(),
    };
    let of_all = |column| BALANCERS.map(|(name, _)| line(name, column, name)).into();
    let chart = |title: &str, unit: &str, lines| {
        Chart { title: title.to_owned(), unit: unit.to_owned(), lines }.svg()
    };
    let tiers = [("memory", 0), ("Redis", 1), ("coalesced", 2), ("built", 3)];
    let tiers = tiers.map(|(name, column)| line("any node", column, name)).into();
    vec![
        ("hits.svg", chart("Where responses come from, requests to any node", "% of requests", tiers)),
        ("memory.svg", chart("Hits in the memory of a node", "% of requests", of_all(0))),
        ("fetches.svg", chart("Fetches of originals per built variant", "fetches", of_all(4))),
        ("redis.svg", chart("Commands of the busiest of three Redis shards", "commands/s", of_all(6))),
        ("redis-bytes.svg", chart("Bytes that Redis sends", "MB/s", of_all(7))),
        ("busiest.svg", chart("Requests of the busiest node", "times the mean", of_all(11))),
    ]
}

/// The columns that the page shows, as a Markdown table.
pub fn table(rows: &[Row]) -> String {
    let shown = [0, 1, 3, 4, 5, 6, 7, 9, 11, 12];
    let names: Vec<_> = shown.iter().map(|column| COLUMNS[*column]).collect();
    let mut text =
        format!("| balancer | nodes | {} |\n|---|---|{}\n", names.join(" | "), "---|".repeat(shown.len()));
    for Row { balancer, nodes, values } in rows {
        let cells: Vec<_> = shown.iter().map(|column| short(values[*column])).collect();
        writeln!(text, "| {balancer} | {nodes} | {} |", cells.join(" | "))
            .expect("invariant: a string can be written");
    }
    text
}

fn short(value: f64) -> String {
    if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    fn committed(name: &str) -> String {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/scale");
        fs::read_to_string(folder.join(name)).unwrap_or_default()
    }

    /// Rows of few nodes are simulated again; `make simulate CHECK=1` does that with all.
    #[test]
    fn the_committed_figures_are_current() {
        let rows = parse(&committed("simulation.tsv")).unwrap();
        assert_eq!(rows.len(), NODES.len() * BALANCERS.len());
        let catalogue = catalogue();
        for (name, balancer) in BALANCERS {
            for nodes in [1, 5] {
                let known = rows.iter().find(|row| row.balancer == name && row.nodes == nodes).unwrap();
                let now = row(&catalogue, (name, balancer), nodes);
                assert_eq!(tsv(&[now]), tsv(std::slice::from_ref(known)), "run `make simulate`");
            }
        }
        for (name, svg) in charts(&rows) {
            assert!(committed(name) == svg, "{name} is stale: run `make simulate`");
        }
    }
}
