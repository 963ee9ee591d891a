//! Instruction counts of benchmark cases: the file of accepted counts, and the comparison with new ones. The cases, and how
//! they are counted, are in `benches/counts`.
//!
//! ```
//! use instruction_counts::InstructionCounts;
//!
//! let accepted = InstructionCounts::parse("host\tx86_64 avx2\nhit\t1000\n");
//! let counted = InstructionCounts::parse("host\tx86_64 avx2\nhit\t1050\n");
//! assert!(accepted.changes(&counted, &[])[0].is_failure());
//! ```

use std::fmt::{self, Display, Formatter};

/// Largest accepted deviation from an accepted count, in percent, up or down.
const TOLERANCE_PERCENT: f64 = 3.0;

/// Key of the host in the file of accepted counts.
const HOST: &str = "host";

/// Instruction counts by case, and where they were counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstructionCounts {
    /// What selects code at run time: architecture and vector extensions, versions of valgrind and the C library.
    pub host: String,
    /// Case and count, in the order in which they ran.
    pub cases: Vec<(String, u64)>,
}

/// The accepted and the new count of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountChange {
    /// The case.
    pub case: String,
    /// The accepted count; none for a new case.
    pub accepted: Option<u64>,
    /// The new count; none if the case no longer exists.
    pub counted: Option<u64>,
    /// Whether both were counted on hosts that select the same code.
    pub is_comparable: bool,
}

impl InstructionCounts {
    /// Reads a file of accepted counts: lines of a key, a tab and a value. Lines that begin with `#` are comments.
    pub fn parse(text: &str) -> Self {
        let (mut host, mut cases) = (String::new(), Vec::new());
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            match line.split_once('\t') {
                Some((HOST, value)) => value.clone_into(&mut host),
                Some((case, count)) => {
                    let count = count.parse().unwrap_or_else(|_| panic!("expected a count: {line:?}"));
                    cases.push((case.to_owned(), count));
                }
                None => panic!("expected a case, a tab and a count: {line:?}"),
            }
        }
        Self { host, cases }
    }

    /// Compares new counts with these, which were accepted. Counts of another host are comparable for `portable` cases only.
    pub fn changes(&self, counted: &Self, portable: &[&str]) -> Vec<CountChange> {
        let names =
            counted.cases.iter().chain(self.cases.iter().filter(|(case, _)| counted.count(case).is_none()));
        let change = |(case, _): &(String, u64)| CountChange {
            case: case.clone(),
            accepted: self.count(case),
            counted: counted.count(case),
            is_comparable: self.host == counted.host || portable.contains(&case.as_str()),
        };
        names.map(change).collect()
    }

    fn count(&self, case: &str) -> Option<u64> {
        self.cases.iter().find(|(name, _)| name == case).map(|&(_, count)| count)
    }
}

impl Display for InstructionCounts {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        writeln!(f, "{HOST}\t{}", self.host)?;
        self.cases.iter().try_for_each(|(case, count)| writeln!(f, "{case}\t{count}"))
    }
}

impl CountChange {
    /// The new count as a multiple of the accepted one.
    fn ratio(&self) -> Option<f64> {
        Some(self.counted? as f64 / self.accepted? as f64)
    }

    /// Whether the new count must be explained or accepted. It is rounded as in the table.
    pub fn is_failure(&self) -> bool {
        let within = |ratio: f64| ((ratio - 1.0) * 1000.0).round().abs() <= TOLERANCE_PERCENT * 10.0;
        match self.ratio() {
            Some(ratio) => self.is_comparable && !within(ratio),
            None => true,
        }
    }

    fn verdict(&self) -> &'static str {
        match self.ratio() {
            _ if self.accepted.is_none() => "new",
            _ if self.counted.is_none() => "gone",
            _ if !self.is_comparable => "skipped: other host",
            Some(ratio) if self.is_failure() && ratio > 1.0 => "MORE",
            Some(_) if self.is_failure() => "FEWER",
            _ => "same",
        }
    }
}

/// A row of the table: case, accepted count, new count, ratio, verdict.
impl Display for CountChange {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        let shown = |count: Option<u64>| count.map_or_else(|| "-".to_owned(), |count| count.to_string());
        let ratio = self.ratio().map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.3}"));
        let (accepted, counted) = (shown(self.accepted), shown(self.counted));
        write!(f, "{:<16} {accepted:>12} {counted:>12} {ratio:>7}  {}", self.case, self.verdict())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(host: &str, cases: &[(&str, u64)]) -> InstructionCounts {
        let cases = cases.iter().map(|&(case, count)| (case.to_owned(), count)).collect();
        InstructionCounts { host: host.to_owned(), cases }
    }

    #[test]
    fn the_file_is_read_as_it_was_written() {
        let written = counts("x86_64 avx2", &[("hit", 12), ("parse", 3)]);
        assert_eq!(InstructionCounts::parse(&format!("# a comment\n{written}")), written);
    }

    #[test]
    fn a_count_fails_beyond_the_tolerance_in_both_directions() {
        let accepted = counts("a", &[("hit", 1000)]);
        for (count, fails) in [(969, true), (970, false), (1000, false), (1030, false), (1031, true)] {
            let changes = accepted.changes(&counts("a", &[("hit", count)]), &[]);
            assert_eq!(changes[0].is_failure(), fails, "{count}");
        }
    }

    #[test]
    fn new_and_missing_cases_fail() {
        let changes = counts("a", &[("old", 1)]).changes(&counts("a", &[("new", 1)]), &[]);
        assert_eq!(changes.iter().map(CountChange::verdict).collect::<Vec<_>>(), ["new", "gone"]);
        assert!(changes.iter().all(CountChange::is_failure));
    }

    #[test]
    fn counts_of_another_host_are_compared_for_portable_cases_only() {
        let accepted = counts("a", &[("render", 100), ("parse", 100)]);
        let changes = accepted.changes(&counts("b", &[("render", 200), ("parse", 200)]), &["parse"]);
        assert_eq!(changes.iter().map(CountChange::is_failure).collect::<Vec<_>>(), [false, true]);
        assert!(changes[0].to_string().ends_with("2.000  skipped: other host"), "{}", changes[0]);
    }
}
