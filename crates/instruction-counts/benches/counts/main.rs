//! Benchmark: instructions, counted by callgrind, of a render in each format, a hit in memory, a query's parse and a cache key.
//!
//! `make bench-check` compares the counts with those in `counts.tsv` and fails beyond 3 %; `make bench-check ACCEPT=1`
//! writes them. Without these options, the counts are only shown. Unlike times, counts hardly depend on the load of the machine;
//! they say nothing about memory latency.
#![expect(clippy::print_stdout, reason = "a benchmark prints")]

mod callgrind;
mod cases;
mod hits;
mod pictures;

use std::{env, fs, path::Path, process::ExitCode};

use instruction_counts::{CountChange, InstructionCounts};

/// The accepted counts.
const ACCEPTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/counts/counts.tsv");

/// The pictures, and the profiles for `callgrind_annotate`.
const FOLDER: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/counts");

/// The head of the file of accepted counts.
const HEAD: &str = "# Instructions per case, counted by callgrind. Compare: make bench-check. Accept: make bench-check ACCEPT=1\n";

/// Runs the cases, in a folder with the pictures. This process itself passes the option, under callgrind.
const RUN_CASES: &str = "--run-cases";

/// Fails if counts differ from those that were accepted.
const CHECK: &str = "--check";

/// Accepts the counts.
const ACCEPT: &str = "--accept";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [RUN_CASES, folder] = arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        cases::run(Path::new(folder));
        return ExitCode::SUCCESS;
    }
    let asked = |option| arguments.iter().any(|argument| argument == option);
    let folder = Path::new(FOLDER);
    // profiles of an earlier run
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).expect("the folder can be created");
    pictures::write(folder);
    let counted = match callgrind::count(folder) {
        Ok(counted) => counted,
        Err(error) => {
            println!("instruction counts: {error}");
            return if asked(CHECK) || asked(ACCEPT) { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    };
    if asked(ACCEPT) {
        fs::write(ACCEPTED, format!("{HEAD}{counted}")).expect("the accepted counts can be written");
    }
    let accepted = fs::read_to_string(ACCEPTED).expect("the accepted counts can be read");
    let fails = report(&InstructionCounts::parse(&accepted), &counted);
    if fails && asked(CHECK) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Prints the comparison, and whether it fails.
fn report(accepted: &InstructionCounts, counted: &InstructionCounts) -> bool {
    let changes = accepted.changes(counted, &cases::PORTABLE);
    println!("{:<16} {:>12} {:>12} {:>7}", "instructions", "accepted", "now", "ratio");
    for change in &changes {
        println!("{change}");
    }
    if accepted.host != counted.host {
        println!(
            "\nOnly {} is compared: the accepted counts are of another host.",
            cases::PORTABLE.join(", ")
        );
        println!("  accepted: {}\n  here:     {}", accepted.host, counted.host);
    }
    let fails = changes.iter().any(CountChange::is_failure);
    if fails {
        println!(
            "\nCounts changed by more than 3 %. Intended changes are accepted by `make bench-check ACCEPT=1`."
        );
    }
    fails
}
