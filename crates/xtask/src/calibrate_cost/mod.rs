//! Measures the cost of renders, fits the weights of the prediction to it, and reports the accuracy.
//!
//! Each render runs in a separate process, so that its peak memory can be measured. Weights come from generated images
//! and from the samples; the folders in the arguments contain images that the fit does not use.

mod efforts;
mod fit;
mod matrix;
mod measure;
mod models;
mod report;

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
};

use anyhow::{Context, Result};
use image_api::{Accept, Params, Settings};
use testkit::process_time;
use vips_ops::{
    cost::{Work, work},
    vips::{self, Vips},
};

use self::measure::Measured;
use crate::{photographs, workspace::workspace};

/// A measured render, and its prediction.
struct Row {
    /// Whether weights are fitted to it.
    fits: bool,
    /// The original's file name.
    name: String,
    query: String,
    work: Work,
    /// Predicted CPU time in nanoseconds, by the weights under test.
    predicted: f64,
    /// How long the prediction took, in nanoseconds.
    took: f64,
    measured: Measured,
}

/// The file of the measurements, so that a changed model can be fitted again.
const MEASUREMENTS: &str = "target/cost-matrix/measurements.tsv";

/// The page to which the accuracy is written.
const RESULTS: &str = "loadtests/results/cost.md";

/// Prints weights; with `--validate`, writes the accuracy of the committed ones; with `--again`, uses the measurements
/// of the last run.
pub fn run(arguments: &[String]) -> Result<()> {
    Vips::start(vips::Settings::default())?;
    if let [first, file, query] = arguments
        && first == measure::FLAG
    {
        return measure::print(Path::new(file), query);
    }
    let (options, folders): (Vec<_>, Vec<_>) =
        arguments.iter().cloned().partition(|argument| argument.starts_with("--"));
    let asked = |option: &str| options.iter().any(|given| given == option);
    let kept = workspace().join(MEASUREMENTS);
    if !asked("--again") {
        fs::create_dir_all(kept.parent().unwrap_or(Path::new(".")))?;
        measure_all(&folders, &mut File::create(&kept)?)?;
    }
    let mut rows = rows(&fs::read_to_string(&kept).context("no measurements of a run before")?)?;
    if asked("--validate") {
        fs::write(workspace().join(RESULTS), report::page(&rows)?)?;
        return Ok(());
    }
    fit::print(&mut rows);
    efforts::print()?;
    models::print()?;
    report::print(&rows)
}

/// Every render of the matrix and of the folders, one line each.
fn measure_all(folders: &[String], table: &mut File) -> Result<()> {
    let folder = workspace().join(MEASUREMENTS).with_file_name("originals");
    for (file, queries) in matrix::originals(&folder)? {
        measure_file(&file, &queries, true, table)?;
    }
    for folder in folders {
        for file in photographs::find(std::slice::from_ref(folder))? {
            measure_file(&file, &matrix::TYPICAL.map(str::to_owned), false, table)?;
        }
    }
    Ok(())
}

fn measure_file(file: &Path, queries: &[String], fits: bool, table: &mut File) -> Result<()> {
    for query in queries {
        // requests that cannot be rendered are skipped
        if let Some(Measured { nanoseconds, bytes }) = measure::in_process_of_its_own(file, query)? {
            writeln!(table, "{fits}\t{}\t{query}\t{nanoseconds}\t{bytes}", file.display())?;
        }
    }
    Ok(())
}

fn rows(table: &str) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for line in table.lines() {
        let parts: Vec<_> = line.split('\t').collect();
        let [fits, file, query, nanoseconds, bytes] = parts[..] else { continue };
        let original = fs::read(file).with_context(|| file.to_owned())?.into();
        let (params, settings) = (Params::parse(query)?.params, Settings::default());
        let assets = measure::assets(&params)?;
        let began = process_time();
        let work = work(&params, &original, &assets, Accept::default(), &settings);
        let took = process_time().saturating_sub(began).as_nanos() as f64;
        let name = Path::new(file).file_name().unwrap_or_default().to_string_lossy().into_owned();
        rows.push(Row {
            fits: fits == "true",
            name,
            query: query.to_owned(),
            predicted: work.cost().cpu.as_nanos() as f64,
            work,
            took,
            measured: Measured { nanoseconds: nanoseconds.parse()?, bytes: bytes.parse()? },
        });
    }
    Ok(rows)
}
