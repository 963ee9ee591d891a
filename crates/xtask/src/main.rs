//! Development tasks (`cargo xtask`): checks and generated files, as called by the Makefile.

mod book;
mod calibrate_avif;
mod calibrate_cost;
mod calibrate_mp4;
mod calibrate_quality;
mod clients;
mod contact_sheet;
mod docs;
mod fonts;
mod fuzz_seeds;
mod golden;
mod photographs;
mod recipe;
mod refine_table;
mod tidy;
mod workspace;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};

/// A task; takes the arguments after its name.
type Task = fn(&[String]) -> Result<()>;

/// Every task: name, purpose, and function.
const TASKS: &[(&str, &str, Task)] = &[
    ("book", "checks the links of all pages and builds the book in target/book", book::run),
    ("calibrate-avif", "measures which AVIF quality looks like which JPEG quality", calibrate_avif::run),
    (
        "calibrate-cost",
        "measures what renders cost and prints the weights of the prediction; FOLDER…: further pictures; --validate writes \
         the accuracy; --again takes the last measurements",
        calibrate_cost::run,
    ),
    ("calibrate-mp4", "measures which quantiser of videos looks like which JPEG quality", calibrate_mp4::run),
    (
        "calibrate-quality",
        "calibrates the presets of quality=auto on photographs; with --validate, checks them on others",
        calibrate_quality::run,
    ),
    (
        "contact-sheet",
        "renders the contact sheet of all colour presets and corrections for the documentation",
        contact_sheet::run,
    ),
    (
        "docs",
        "generates the reference documentation; with --check, fails when the committed copy is stale",
        docs::run,
    ),
    ("fonts", "renders the font samples of the documentation", fonts::run),
    (
        "fuzz-seeds",
        "writes seed corpora and dictionaries for fuzzing, derived from parameters and images",
        fuzz_seeds::run,
    ),
    ("golden", "regenerates the golden images", golden::run),
    ("recipe", "adds a parameter to a scratch copy of the sources, as CONTRIBUTING.md says", recipe::run),
    (
        "refine-table",
        "measures the second pass on photographs: bytes and CPU time; FILES and FOLDERS: others than the samples",
        refine_table::run,
    ),
    ("tidy", "checks the rules of the project that the compiler does not check", tidy::run),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match perform(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(arguments: &[String]) -> Result<()> {
    let Some((wanted, rest)) = arguments.split_first() else {
        bail!("no task named, expected one of:\n{}", listing());
    };
    let Some((_, _, task)) = TASKS.iter().find(|(name, _, _)| name == wanted) else {
        bail!("no task named '{wanted}', expected one of:\n{}", listing());
    };
    task(rest).with_context(|| format!("task '{wanted}' failed"))
}

fn listing() -> String {
    let lines: Vec<String> =
        TASKS.iter().map(|(name, summary, _)| format!("  {name:<17} {summary}")).collect();
    lines.join("\n")
}
