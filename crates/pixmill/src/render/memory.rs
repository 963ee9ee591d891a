//! How much memory all renders together may use, if it is not configured.

use std::{
    fs,
    path::{Path, PathBuf},
};

const MIB: u64 = 1 << 20;

/// Memory of the process itself, besides [`Held`]: code, models, connections, buffers.
const PROCESS: u64 = 128 * MIB;

/// Memory of each idle render thread.
const PER_THREAD: u64 = 40 * MIB;

/// The fraction of the whole (1/16) that is kept free, for memory that allocators do not return.
const SLACK: u64 = 16;

/// The fraction of the whole (1/4) that renders get at least: with less, nothing useful could be rendered.
const LEAST: u64 = 4;

/// The assumed memory of a machine that reports nothing.
const UNKNOWN: u64 = 2048 * MIB;

/// The memory of this machine or container, in bytes, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Machine {
    /// The lowest limit of the process's control groups.
    pub limit: Option<u64>,
    /// Memory that can be allocated without swapping.
    pub available: Option<u64>,
    /// All memory.
    pub total: Option<u64>,
}

/// Other uses of memory, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// The caches in memory.
    pub caches: u64,
    /// Uploads.
    pub uploads: u64,
    /// Render threads.
    pub threads: usize,
}

/// The predicted bytes that all running tasks together may use: the whole, less what else uses memory and a reserve, but at
/// least a quarter of the whole.
pub fn budget(machine: Machine, held: Held) -> u64 {
    let Machine { limit, available, total } = machine;
    let limit = limit.filter(|limit| total.is_none_or(|total| *limit < total));
    let whole = limit.or(available).or(total).unwrap_or(UNKNOWN);
    let others = PER_THREAD
        .saturating_mul(held.threads as u64)
        .saturating_add(PROCESS + whole / SLACK)
        .saturating_add(held.caches)
        .saturating_add(held.uploads);
    whole.saturating_sub(others).max(whole / LEAST)
}

impl Machine {
    /// Reads the values from the system; none where it does not report one.
    pub fn ask() -> Self {
        let meminfo = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let cgroups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let limits =
            limit_files(&cgroups).into_iter().filter_map(|file| limit(&fs::read_to_string(file).ok()?));
        Self {
            limit: limits.min(),
            available: kibibytes(&meminfo, "MemAvailable:"),
            total: kibibytes(&meminfo, "MemTotal:"),
        }
    }
}

/// The files with the limits of these control groups and of their parents. In a container the paths may be those of the host,
/// which do not exist there; the root always does.
fn limit_files(cgroups: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for line in cgroups.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else { continue };
        let (top, name) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max"),
            some if some.split(',').any(|controller| controller == "memory") => {
                ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
            }
            _ => continue,
        };
        // a path of another namespace begins with `..`, and has no meaning here
        let path = path.trim_start_matches('/');
        let path = if path.split('/').any(|part| part == "..") { "" } else { path };
        files.extend(Path::new(path).ancestors().map(|group| Path::new(top).join(group).join(name)));
    }
    files
}

/// The limit in such a file; none for `max`, and for a number near 2⁶³ in version 1.
fn limit(text: &str) -> Option<u64> {
    text.trim().parse().ok().filter(|limit| *limit < 1 << 60)
}

fn kibibytes(meminfo: &str, name: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1024 * MIB;

    fn machine(limit: Option<u64>, available: Option<u64>, total: Option<u64>) -> Machine {
        Machine { limit, available, total }
    }

    #[test]
    fn the_budget_is_the_rest() {
        let held = Held { caches: 256 * MIB, uploads: 0, threads: 2 };
        let four = 4 * GIB - 4 * GIB / 16 - (256 + 128 + 80) * MIB;
        for (machine, expected) in [
            (machine(Some(4 * GIB), Some(60 * GIB), Some(64 * GIB)), four),
            (machine(None, Some(4 * GIB), Some(64 * GIB)), four),
            (machine(None, None, Some(4 * GIB)), four),
            // a limit above the physical memory has no effect
            (machine(Some(65 * GIB), Some(4 * GIB), Some(64 * GIB)), four),
            (machine(Some(4 * GIB), None, None), four),
            (machine(Some(512 * MIB), Some(60 * GIB), Some(64 * GIB)), 128 * MIB),
            (machine(Some(0), None, None), 0),
            (Machine::default(), 2 * GIB - 2 * GIB / 16 - (256 + 128 + 80) * MIB),
        ] {
            assert_eq!(budget(machine, held), expected, "{machine:?}");
        }
        let uploads = Held { uploads: 512 * MIB, ..held };
        assert_eq!(budget(machine(Some(4 * GIB), None, None), uploads), four - 512 * MIB);
        let absurd = Held { caches: u64::MAX, uploads: u64::MAX, threads: usize::MAX };
        assert_eq!(budget(machine(Some(4 * GIB), None, None), absurd), GIB);
    }

    #[test]
    fn limits_are_those_of_groups_and_their_parents() {
        let files = |text: &str| -> Vec<String> {
            limit_files(text).iter().map(|file| file.to_str().unwrap().to_owned()).collect()
        };
        assert_eq!(files("0::/\n"), ["/sys/fs/cgroup/memory.max"]);
        assert_eq!(files("0::/../other\n"), ["/sys/fs/cgroup/memory.max"]);
        assert_eq!(
            files("0::/system.slice/pixmill.service\n"),
            [
                "/sys/fs/cgroup/system.slice/pixmill.service/memory.max",
                "/sys/fs/cgroup/system.slice/memory.max",
                "/sys/fs/cgroup/memory.max"
            ]
        );
        assert_eq!(
            files("5:cpu,cpuacct:/docker/a\n4:memory:/docker/a\n"),
            [
                "/sys/fs/cgroup/memory/docker/a/memory.limit_in_bytes",
                "/sys/fs/cgroup/memory/docker/memory.limit_in_bytes",
                "/sys/fs/cgroup/memory/memory.limit_in_bytes"
            ]
        );
        assert_eq!(files(""), [""; 0]);
        assert_eq!(files("nonsense"), [""; 0]);
    }

    #[test]
    fn numbers_are_parsed() {
        assert_eq!(limit("1073741824\n"), Some(GIB));
        assert_eq!(limit("max\n"), None);
        assert_eq!(limit("9223372036854771712\n"), None, "version 1 without a limit");
        let meminfo = "MemTotal:       24689124 kB\nMemFree: 1 kB\nMemAvailable:   123 kB\n";
        assert_eq!(kibibytes(meminfo, "MemTotal:"), Some(24_689_124 * 1024));
        assert_eq!(kibibytes(meminfo, "MemAvailable:"), Some(125_952));
        assert_eq!(kibibytes("", "MemTotal:"), None);
        assert!(Machine::ask().total.is_some_and(|total| total > 1 << 28), "Linux reports it");
    }
}
