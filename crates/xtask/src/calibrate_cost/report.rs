//! Compares predictions with measurements.

use std::fmt::Write;

use anyhow::Result;

use super::Row;

/// Bytes by which a prediction of memory may be too high, in addition to the factor.
const SLACK: f64 = 32e6;
const MEMORY_FACTOR: f64 = 4.0;

/// How many of the worst predictions are printed.
const WORST: usize = 25;

/// Prints the tables, and the worst predictions.
#[expect(clippy::print_stdout, reason = "the table is what the task is for")]
pub fn print(rows: &[Row]) -> Result<()> {
    println!("{}", page(rows)?);
    let mut worst: Vec<_> = rows.iter().collect();
    worst.sort_by(|a, b| ratio(b).ln().abs().total_cmp(&ratio(a).ln().abs()));
    println!("worst of CPU, actual/predicted:");
    for row in worst.iter().take(WORST) {
        let Row { name, query, measured, .. } = row;
        println!("{:>8.2} {:>9.1} ms  {name} ?{query}", ratio(row), measured.nanoseconds / 1e6);
    }
    for (what, order) in [("too low", 1.0), ("too high", -1.0)] {
        worst.sort_by(|a, b| (order * excess(b)).total_cmp(&(order * excess(a))));
        println!("worst of memory, {what}, actual/predicted:");
        for row in worst.iter().take(WORST) {
            let Row { name, query, measured, work, .. } = row;
            let predicted = work.cost().bytes as f64 / 1e6;
            println!(
                "{:>8.2} {:>8.1} {predicted:>8.1} MB  {name} ?{query}",
                memory(row),
                measured.bytes / 1e6
            );
        }
    }
    Ok(())
}

/// How far a prediction of memory is outside of its bounds: above 0 is too low, below 0 too high.
fn excess(row: &Row) -> f64 {
    let predicted = row.work.cost().bytes as f64;
    if row.measured.bytes > predicted {
        row.measured.bytes / predicted - 1.0
    } else {
        (MEMORY_FACTOR * row.measured.bytes + SLACK - predicted).min(0.0) / predicted
    }
}

fn ratio(row: &Row) -> f64 {
    row.measured.nanoseconds / row.predicted.max(1.0)
}

fn memory(row: &Row) -> f64 {
    row.measured.bytes / row.work.cost().bytes as f64
}

/// The committed page.
pub fn page(rows: &[Row]) -> Result<String> {
    let mut page = "# Predicted and actual cost\n\n\
         Written by `cargo xtask calibrate-cost --validate FOLDER…` on two shared cores of x86-64. Every render runs in a process \
         of its own, `quality` and formats as by default. *Fitted* are generated images and the \
         repository's samples; *unseen* are images of the corpus, to which the weights were not fitted. Renders that \
         fail are left out.\n\n\
         | renders | number | CPU actual/predicted: 1 % | 10 % | median | 90 % | 99 % | within 1/3 to 3 | within 1/10 to 10 | \
         memory at least actual | at most 4 × actual + 32 MB |\n|---|---|---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    page.insert_str(page.find("| renders").unwrap_or(page.len()), &summary(rows));
    let all: Vec<_> = rows.iter().collect();
    writeln!(page, "{}", line("all", &all))?;
    for (name, fits) in [("fitted", true), ("unseen", false)] {
        let part: Vec<_> = rows.iter().filter(|row| row.fits == fits).collect();
        if !part.is_empty() {
            writeln!(page, "{}", line(name, &part))?;
        }
    }
    let mut queries: Vec<_> = rows.iter().map(|row| row.query.as_str()).collect();
    queries.sort_unstable();
    queries.dedup();
    for query in queries {
        let part: Vec<_> = rows.iter().filter(|row| row.query == query).collect();
        writeln!(page, "{}", line(&format!("`{}`", query.replace('|', "\\|")), &part))?;
    }
    Ok(page)
}

/// The number of images, and the duration of predictions.
fn summary(rows: &[Row]) -> String {
    let mut took: Vec<_> = rows.iter().map(|row| row.took / 1e3).collect();
    took.sort_by(f64::total_cmp);
    let time = [0.5, 0.99, 1.0].map(|part| quantile(&took, part));
    let pictures = |fits: bool| {
        let mut names: Vec<_> = rows.iter().filter(|row| row.fits == fits).map(|row| &row.name).collect();
        names.sort_unstable();
        names.dedup();
        names.len()
    };
    format!(
        "{} images are fitted, {} unseen. A prediction took {:.0} µs at the median, {:.0} µs at 99 %, {:.0} µs at most.\n\n",
        pictures(true),
        pictures(false),
        time[0],
        time[1],
        time[2]
    )
}

/// A quantile of ascending values.
fn quantile(ascending: &[f64], part: f64) -> f64 {
    ascending[((ascending.len() - 1) as f64 * part).round() as usize]
}

fn line(name: &str, rows: &[&Row]) -> String {
    let mut ratios: Vec<_> = rows.iter().map(|row| ratio(row)).collect();
    ratios.sort_by(f64::total_cmp);
    let percent = |count: usize| format!("{:.1} %", 100.0 * count as f64 / rows.len() as f64);
    let within =
        |factor: f64| percent(ratios.iter().filter(|ratio| (1.0 / factor..=factor).contains(*ratio)).count());
    let covered = percent(rows.iter().filter(|row| excess(row) <= 0.0).count());
    let bounded = percent(rows.iter().filter(|row| excess(row) >= 0.0).count());
    let quantiles =
        [0.01, 0.1, 0.5, 0.9, 0.99].map(|part| format!("{:.2}", quantile(&ratios, part))).join(" | ");
    format!(
        "| {name} | {} | {quantiles} | {} | {} | {covered} | {bounded} |",
        rows.len(),
        within(3.0),
        within(10.0)
    )
}
