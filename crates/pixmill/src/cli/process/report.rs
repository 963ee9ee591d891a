//! The summary of a run over several pictures.

use bytesize::ByteSize;

use super::{
    jobs::{Job, Output},
    task::Outcome,
};
use crate::cli::{Error, out};

/// Prints the summary on standard error, or the plan of a dry run on standard output. Fails if any file failed.
pub fn report(list: &[Job], outcomes: Vec<Result<Outcome, Error>>) -> Result<(), Error> {
    let plan: Vec<_> =
        list.iter().zip(&outcomes).filter_map(|(job, outcome)| planned(job, outcome)).collect();
    if !plan.is_empty() {
        out::print(&plan.join("\n"))?;
    }
    eprintln!("{}", summary(&outcomes));
    let total = outcomes.len();
    let failures = list.iter().zip(outcomes).filter_map(|(job, outcome)| Some(failure(job, &outcome.err()?)));
    let failures: Vec<_> = failures.collect();
    if failures.is_empty() { Ok(()) } else { Err(Error::Files { failures, total }) }
}

/// A line of a dry run.
pub fn planned(job: &Job, outcome: &Result<Outcome, Error>) -> Option<String> {
    let Ok(Outcome::Planned { output, is_kept }) = outcome else { return None };
    let (output, exists) = match output {
        Output::File(path) => (path.display().to_string(), path.exists()),
        Output::Stream => ("standard output".to_owned(), false),
    };
    let note = match (exists, is_kept) {
        (_, true) => " (exists, is kept)",
        (true, false) => " (exists, is replaced)",
        (false, false) => "",
    };
    Some(format!("{} -> {output}{note}", job.name()))
}

fn summary(outcomes: &[Result<Outcome, Error>]) -> String {
    let count =
        |wanted: fn(&Result<Outcome, Error>) -> bool| outcomes.iter().filter(|one| wanted(one)).count();
    let written = count(|one| matches!(one, Ok(Outcome::Written { .. })));
    let planned = count(|one| matches!(one, Ok(Outcome::Planned { is_kept: false, .. })));
    let kept = count(|one| matches!(one, Ok(Outcome::Kept | Outcome::Planned { is_kept: true, .. })));
    let others = count(|one| matches!(one, Ok(Outcome::NoPicture)));
    let failed = count(Result::is_err);
    let mut parts = vec![format!("{written} pictures processed")];
    let counts = [
        (planned, "to process"),
        (kept, "kept as they exist"),
        (others, "other files skipped"),
        (failed, "failed"),
    ];
    parts
        .extend(counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
    let sizes = outcomes.iter().filter_map(|one| match one {
        Ok(Outcome::Written { before, after }) => Some((*before, *after)),
        _ => None,
    });
    let (before, after) = sizes.fold((0, 0), |(before, after), (one, other)| (before + one, after + other));
    if before == 0 { parts.join(", ") } else { format!("{}: {}", parts.join(", "), saved(before, after)) }
}

/// What became of the bytes.
fn saved(before: u64, after: u64) -> String {
    let percent = (before.abs_diff(after) as f64 / before as f64 * 100.0).round();
    let what = if after > before { "more" } else { "saved" };
    format!("{} -> {}, {percent} % {what}", ByteSize(before), ByteSize(after))
}

/// The file, with the error and its causes.
fn failure(job: &Job, error: &Error) -> String {
    let reasons = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    let reasons: Vec<_> = reasons.map(ToString::to_string).collect();
    format!("{}: {}", job.name(), reasons.join(": "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_adds_up() {
        let failed = || Err(Error::Usage(String::new()));
        let written = |before, after| Ok(Outcome::Written { before, after });
        assert_eq!(summary(&[]), "0 pictures processed");
        let outcomes =
            [written(3000, 1000), written(1000, 1000), Ok(Outcome::NoPicture), failed(), Ok(Outcome::Kept)];
        let expected = "2 pictures processed, 1 kept as they exist, 1 other files skipped, 1 failed: 3.9 KiB -> 2.0 KiB, 50 % saved";
        assert_eq!(summary(&outcomes), expected);
        assert_eq!(summary(&[written(1000, 1500)]), "1 pictures processed: 1000 B -> 1.5 KiB, 50 % more");
        let plan = |is_kept| Ok(Outcome::Planned { output: Output::Stream, is_kept });
        assert_eq!(
            summary(&[plan(true), plan(false)]),
            "0 pictures processed, 1 to process, 1 kept as they exist"
        );
    }
}
