//! `pixmill plan-capacity`: nodes, cores, memory and Redis for a load, from measured figures.

mod figures;
mod plan;
mod share;

use std::{fs, path::PathBuf};

use bytesize::ByteSize;
use clap::Args;
use serde_json::json;

use self::{
    plan::Demand,
    share::{Percent, Share},
};
use super::{
    bench::{BenchReport, FORMATS, Workload},
    error::Error,
    out,
};
use crate::config::Environment;

/// Computes nodes, cores, memory and Redis for a load. The formulas are in docs/scale.md.
#[derive(Debug, Args)]
pub struct PlanCapacity {
    /// Requests per second that reach the nodes: those that the CDN does not answer, at peak
    #[arg(long, value_name = "N", value_parser = requests)]
    requests_per_second: f64,
    /// Part of these requests that a cache of the nodes or Redis answers
    #[arg(long, value_name = "PERCENT")]
    hit_rate: Percent,
    /// Part of the hits that are found in Redis, and not on the node itself
    #[arg(long, value_name = "PERCENT", default_value = "20%")]
    redis_share: Percent,
    /// Shares of the formats: jpeg, png, webp, avif
    #[arg(long, value_name = "SHARES", value_delimiter = ',', default_value = "avif=60%,webp=30%,jpeg=10%")]
    formats: Vec<Share<String>>,
    /// Shares of the widths, in pixels
    #[arg(long, value_name = "SHARES", value_delimiter = ',', default_value = "256=40%,512=40%,1024=20%")]
    widths: Vec<Share<u32>>,
    /// CPU time that stays free for peaks within a second, and while a node restarts
    #[arg(long, value_name = "PERCENT", default_value = "40%", value_parser = headroom)]
    headroom: Percent,
    /// Cores of a node
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1024))]
    node_cores: u32,
    /// Memory of a node
    #[arg(long, value_name = "SIZE", default_value = "8GB")]
    node_memory: ByteSize,
    /// Nodes that may be away at the same time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(..=10_000))]
    spare_nodes: u32,
    /// Variants that Redis is to hold: originals that are requested within their lifetime, times widths and formats
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    variants: Option<u64>,
    /// CPU time of a hit, in microseconds
    #[arg(long, value_name = "MICROSECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    hit_cpu: u32,
    /// Figures from `pixmill bench --json` [default: measures now]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["source", "original_width", "seconds"])]
    bench: Option<PathBuf>,
    /// Prints JSON, with the figures
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    workload: Workload,
}

fn requests(text: &str) -> Result<f64, &'static str> {
    let number = text.parse().ok().filter(|number| (0.001..=1e9).contains(number));
    number.ok_or("expected a number from 0.001 to 1000000000")
}

fn headroom(text: &str) -> Result<Percent, String> {
    let headroom: Percent = text.parse()?;
    if headroom.0 <= 0.9 { Ok(headroom) } else { Err("expected a percentage from 0% to 90%".to_owned()) }
}

impl PlanCapacity {
    /// Measures or reads the figures, and prints the plan.
    pub fn run(&self, environment: &Environment) -> Result<(), Error> {
        self.check().map_err(Error::Usage)?;
        let report = self.figures(environment)?;
        let miss = figures::mean(&report, &self.formats, &self.widths).map_err(Error::Usage)?;
        let demand = self.demand(&report);
        let plan = plan::plan(&demand, miss).map_err(Error::Usage)?;
        if self.json {
            return out::print(&format!("{:#}", json!({ "plan": plan, "figures": report })));
        }
        let note =
            if report.optimized { "" } else { "\nnote: the figures are of a binary without optimisation\n" };
        out::print(&(plan.text(&demand) + note))
    }

    fn check(&self) -> Result<(), String> {
        if let Some(Share { of, .. }) =
            self.formats.iter().find(|share| !FORMATS.contains(&share.of.as_str()))
        {
            return Err(format!("--formats has {of:?}, expected one of {}", FORMATS.join(", ")));
        }
        share::check("--formats", &self.formats)?;
        share::check("--widths", &self.widths)
    }

    fn figures(&self, environment: &Environment) -> Result<BenchReport, Error> {
        let Some(path) = &self.bench else {
            let formats: Vec<_> = self.formats.iter().map(|share| share.of.clone()).collect();
            let widths: Vec<_> = self.widths.iter().map(|share| share.of).collect();
            return self.workload.measure(&formats, &widths, environment);
        };
        let text = fs::read(path).map_err(Error::file(path))?;
        serde_json::from_slice(&text).map_err(|error| {
            Error::Usage(format!("{} is not the output of `pixmill bench --json`: {error}", path.display()))
        })
    }

    fn demand(&self, report: &BenchReport) -> Demand {
        Demand {
            requests: self.requests_per_second,
            hit_rate: self.hit_rate.0,
            redis_share: self.redis_share.0,
            headroom: self.headroom.0,
            node_cores: self.node_cores,
            node_memory: self.node_memory.as_u64(),
            spare_nodes: self.spare_nodes,
            variants: self.variants,
            hit_cpu: f64::from(self.hit_cpu) / 1e6,
            original_bytes: report.original.bytes as f64,
        }
    }
}
