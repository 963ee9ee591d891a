//! Runs the cases under callgrind, and reads its profiles: it writes one at the beginning and one at the end of each section,
//! with the instructions since the one before.

use std::{
    env, fs,
    path::Path,
    process::{Command, Output},
};

use instruction_counts::InstructionCounts;

use crate::RUN_CASES;

/// Pattern of the name of `cases::section_boundary`.
const BOUNDARY: &str = "*section_boundary*";

/// Counts the instructions of all threads of the process in each case.
pub fn count(folder: &Path) -> Result<InstructionCounts, String> {
    let output = run(Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet"])
        .arg(format!("--dump-before={BOUNDARY}"))
        .arg(format!("--callgrind-out-file={}", folder.join("profile").display()))
        .arg(env::current_exe().map_err(|error| error.to_string())?)
        .arg(RUN_CASES)
        .arg(folder))?;
    let mut lines = output.lines();
    let processor = lines.next().unwrap_or_default();
    let cases = lines.zip(1..).map(|(line, section)| {
        let (case, times) = line.split_once('\t').ok_or_else(|| format!("unexpected output: {line:?}"))?;
        let times: u64 = times.parse().map_err(|_| format!("unexpected output: {line:?}"))?;
        // a profile is written at the beginning and at the end of a section
        let profile = folder.join(format!("profile.{}", 2 * section));
        let total = total(&profile)?;
        Ok((case.to_owned(), total / times))
    });
    let cases = cases.collect::<Result<Vec<_>, String>>()?;
    Ok(InstructionCounts { host: host(processor)?, cases })
}

/// The processor as code under valgrind sees it, which is not that of the machine: valgrind has no AVX-512.
pub fn processor() -> String {
    #[cfg(target_arch = "x86_64")]
    let vectors = if is_x86_feature_detected!("avx512f") {
        " avx512"
    } else if is_x86_feature_detected!("avx2") {
        " avx2"
    } else if is_x86_feature_detected!("avx") {
        " avx"
    } else {
        " sse"
    };
    #[cfg(not(target_arch = "x86_64"))]
    let vectors = "";
    format!("{}{vectors}", env::consts::ARCH)
}

/// What selects the code that runs: the processor, as valgrind shows it, and the C library.
fn host(processor: &str) -> Result<String, String> {
    let valgrind = run(Command::new("valgrind").arg("--version"))?;
    let library =
        run(Command::new("getconf").arg("GNU_LIBC_VERSION")).unwrap_or_else(|_| "other libc".into());
    Ok(format!("{processor}, {}, {}", valgrind.trim(), library.trim()))
}

/// The sum of a profile.
fn total(profile: &Path) -> Result<u64, String> {
    let problem = |what: &str| format!("{what} in the profile {}", profile.display());
    let text = fs::read_to_string(profile).map_err(|error| problem(&error.to_string()))?;
    if !text.lines().any(|line| line.starts_with("desc: Trigger: --dump-before=")) {
        return Err(problem("no boundary of a section"));
    }
    let total =
        text.lines().find_map(|line| line.strip_prefix("totals: ")).ok_or_else(|| problem("no total"))?;
    total.trim().parse().map_err(|_| problem("no number"))
}

/// The output of a command.
fn run(command: &mut Command) -> Result<String, String> {
    let program = command.get_program().display().to_string();
    let Output { status, stdout, stderr } =
        command.output().map_err(|error| format!("{program}: {error}"))?;
    if !status.success() {
        return Err(format!("{program}: {status}\n{}", String::from_utf8_lossy(&stderr)));
    }
    Ok(String::from_utf8_lossy(&stdout).into_owned())
}
