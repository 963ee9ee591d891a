//! Memory and open files of this process, from `/proc`.

use std::fs;

/// Memory and files of this process; none where the system does not report them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process {
    /// Memory in use, in bytes.
    pub resident_bytes: Option<u64>,
    /// Open files and connections.
    pub open_files: Option<u64>,
}

impl Process {
    /// Reads the current values.
    pub fn measure() -> Self {
        let status = fs::read_to_string("/proc/self/status").ok();
        let files = fs::read_dir("/proc/self/fd").ok();
        Self {
            resident_bytes: status.as_deref().and_then(resident),
            // without the descriptor that is open for this listing
            open_files: files.map(|files| (files.count() as u64).saturating_sub(1)),
        }
    }
}

fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(1024 * kibibytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read() {
        let process = Process::measure();
        assert!(process.resident_bytes.is_some_and(|bytes| bytes > 1 << 20), "{process:?}");
        assert!(process.open_files.is_some_and(|files| files >= 3), "{process:?}");
        assert_eq!(resident("VmPeak: 9 kB\nVmRSS:\t   123 kB\n"), Some(125_952));
        assert_eq!(resident("Name: pixmill"), None);
    }
}
