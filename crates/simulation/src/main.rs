//! Writes the figures of `docs/scale.md`: `make simulate`. With `--check` it only compares them with the committed ones. With
//! `--sequence NODES BALANCER` (`any` or `hash`) it prints a short sequence of requests, and what it simulated for it, for
//! `loadtests/simulated.py`.

mod sequence;

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};
use simulation::study::{BALANCERS, NODES, catalogue, charts, parse, row, table, tsv};

/// The lines of `docs/scale.md` between which the table is.
const BEGIN: &str = "<!-- begin: written by make simulate -->\n";
const END: &str = "<!-- end -->";

fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [] => study(false),
        ["--check"] => study(true),
        ["--sequence", nodes, balancer] => sequence::print(nodes, balancer),
        _ => bail!("expected no argument, --check, or --sequence NODES any|hash"),
    }
}

/// Simulates all rows, and writes the files or compares them.
fn study(is_check: bool) -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/scale");
    let catalogue = catalogue();
    let mut rows = Vec::new();
    for (name, balancer) in BALANCERS {
        for nodes in NODES {
            eprintln!("{name}, {nodes} nodes");
            rows.push(row(&catalogue, (name, balancer), nodes));
        }
    }
    let figures = tsv(&rows);
    // rounded as in the file, so that the charts can be made of it again
    let rows = parse(&figures).context("invariant: a table that was just written")?;
    let mut files = vec![(folder.join("simulation.tsv"), figures)];
    files.extend(charts(&rows).into_iter().map(|(name, svg)| (folder.join(name), svg)));
    let page = folder.with_extension("md");
    let text = fs::read_to_string(&page).context("docs/scale.md")?;
    let (before, rest) = text.split_once(BEGIN).context("docs/scale.md has no line for the table")?;
    let (_, after) = rest.split_once(END).context("docs/scale.md has no end of the table")?;
    files.push((page, format!("{before}{BEGIN}\n{}\n{END}{after}", table(&rows))));
    for (path, text) in files {
        if is_check {
            if fs::read_to_string(&path).unwrap_or_default() != text {
                bail!("{} is stale: run `make simulate`", path.display());
            }
            continue;
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, text).with_context(|| path.display().to_string())?;
    }
    Ok(())
}
