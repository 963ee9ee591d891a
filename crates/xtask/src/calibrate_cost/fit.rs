//! Weights by non-negative least squares, in which each render is equally important.

use vips_ops::cost::{weights::NANOSECONDS, work_kind::WorkKind};

use super::Row;

/// How often the rows are reweighted, and the iterations of each fit.
const ROUNDS: usize = 30;
const SWEEPS: usize = 400;

/// Regularisation: how strongly a weight is kept at its current value where measurements do not determine it.
const HOLD: f64 = 1e-9;

/// Prints the table of weights, with the number of renders that each rests on, and predicts by it.
#[expect(clippy::print_stdout, reason = "the table is what the task is for")]
pub fn print(rows: &mut [Row]) {
    let fitted: Vec<_> = rows.iter().filter(|row| row.fits).collect();
    let weights = weights(&fitted);
    println!("pub const NANOSECONDS: [(WorkKind, f64); WorkKind::COUNT] = [");
    for ((term, _), weight) in NANOSECONDS.iter().zip(&weights) {
        let count = fitted.iter().filter(|row| row.work.amount(*term) > 0.0).count();
        println!("    (WorkKind::{term:?}, {}.0), // {count}", grouped(*weight));
    }
    println!("];");
    for row in rows {
        row.predicted = dot(&NANOSECONDS.map(|(term, _)| row.work.amount(term)), &weights);
    }
}

/// A number with underscores between thousands.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push('_');
        }
        out.push(digit);
    }
    out
}

/// Least squares of errors relative to the larger of prediction and truth, so that both sides count alike: coordinate
/// descent, with the rows reweighted in each round.
pub fn weights(rows: &[&Row]) -> Vec<f64> {
    let amounts: Vec<[f64; WorkKind::COUNT]> =
        rows.iter().map(|row| NANOSECONDS.map(|(term, _)| row.work.amount(term))).collect();
    let actual: Vec<f64> = rows.iter().map(|row| row.measured.nanoseconds).collect();
    let start: Vec<f64> = NANOSECONDS.iter().map(|(_, weight)| *weight).collect();
    let mut weights = start.clone();
    for _ in 0..ROUNDS {
        let predicted: Vec<f64> = amounts.iter().map(|row| dot(row, &weights)).collect();
        let scale: Vec<f64> = predicted
            .iter()
            .zip(&actual)
            .map(|(predicted, actual)| 1.0 / (predicted.max(1.0) * actual))
            .collect();
        descend(&amounts, &actual, &scale, &start, &mut weights);
    }
    weights
}

fn dot(row: &[f64], weights: &[f64]) -> f64 {
    row.iter().zip(weights).map(|(amount, weight)| amount * weight).sum()
}

fn descend(
    amounts: &[[f64; WorkKind::COUNT]],
    actual: &[f64],
    scale: &[f64],
    start: &[f64],
    weights: &mut [f64],
) {
    let mut rest: Vec<f64> =
        amounts.iter().zip(actual).map(|(row, actual)| actual - dot(row, weights)).collect();
    for _ in 0..SWEEPS {
        for index in 0..weights.len() {
            let (mut above, mut below) = (0.0, 0.0);
            for ((row, rest), scale) in amounts.iter().zip(&rest).zip(scale) {
                let amount = row[index];
                above += scale * amount * (rest + amount * weights[index]);
                below += scale * amount * amount;
            }
            let hold = HOLD / start[index].max(1.0).powi(2);
            let next = ((above + hold * start[index]) / (below + hold)).max(0.0);
            let change = next - weights[index];
            if change != 0.0 {
                for (row, rest) in amounts.iter().zip(&mut rest) {
                    *rest -= change * row[index];
                }
                weights[index] = next;
            }
        }
    }
}
