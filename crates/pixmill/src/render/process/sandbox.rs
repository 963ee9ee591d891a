//! The sandbox of a render worker: after setup it may only compute, and read fonts and models.
//!
//! Resource limits hold everywhere. System calls are filtered by seccomp and files by Landlock where the kernel supports them;
//! what it does not support is reported, and the worker runs without it. The filter is a deny list: a codec that makes an
//! unusual but harmless call must not lose a picture.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use landlock::{
    ABI, Access, AccessFs, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetStatus,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};

use super::message::Setup;
use crate::config::Environment;

/// Files that a worker may have open: the socket, the answer file, a block, the fonts of a text, a model.
const MAX_OPEN_FILES: u64 = 256;

/// CPU seconds beyond those that a job's time leaves, for each of up to this many cores' worth of helper threads.
const CPU_RESERVE_SECONDS: u64 = 5;

/// Address space beyond twice the memory of a render: what a render can fill between two checks of the server.
const LEAP_BYTES: u64 = 512 * 1024 * 1024;

/// The newest Landlock version that is used; older kernels support less.
const LANDLOCK: ABI = ABI::V5;

/// Where fonts, their configuration and their caches usually lie, shared libraries that fonts and models need, and what
/// ONNX Runtime reads about the machine.
const READABLE: [&str; 14] = [
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/usr/share/fontconfig",
    "/etc/fonts",
    "/var/cache/fontconfig",
    "/usr/share/mime",
    "/usr/lib",
    "/usr/local/lib",
    "/lib",
    "/lib64",
    "/etc/ld.so.cache",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/sys/devices/system/cpu",
];

/// Folders below the home folder in which a user's fonts and fontconfig's caches lie.
const READABLE_AT_HOME: [&str; 5] =
    [".fonts", ".local/share/fonts", ".config/fontconfig", ".cache/fontconfig", ".fontconfig"];

/// The restrictions of a worker.
pub struct Sandbox {
    memory: u64,
    /// None: neither system calls nor files are restricted.
    readable: Option<Vec<PathBuf>>,
}

impl Sandbox {
    /// The restrictions of a setup.
    pub fn of(setup: &Setup) -> Self {
        let readable = setup.sandbox.then(|| {
            let places = setup.vision.places();
            let engine = places.runtime.parent().map(Path::to_path_buf);
            let environment = Environment::of_process();
            let fonts = environment.font_paths();
            let at_home =
                environment.home().into_iter().flat_map(|home| READABLE_AT_HOME.map(|path| home.join(path)));
            let fixed = READABLE.iter().map(PathBuf::from);
            fixed.chain(at_home).chain(fonts).chain([places.models]).chain(engine).collect()
        });
        Self { memory: setup.memory, readable }
    }
}

/// Enters the sandbox, for good. Returns the restrictions that the kernel does not support.
pub fn enter(sandbox: &Sandbox) -> Vec<String> {
    let mut refused = Vec::new();
    let mut note = |what: &str, result: anyhow::Result<()>| {
        if let Err(error) = result {
            tracing::debug!(%error, what, "a restriction is not supported by the kernel");
            refused.push(what.to_owned());
        }
    };
    note("resource limits", limit_resources(sandbox.memory));
    if let Some(readable) = &sandbox.readable {
        note("Landlock", restrict_files(readable));
        note("seccomp", filter_system_calls());
    }
    refused
}

/// Limits the CPU time of the next job: if the server does not kill it, the kernel does.
pub fn limit_cpu(time_left: Duration) {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime).tv_sec.unsigned_abs();
    let limit = used + time_left.as_secs() + CPU_RESERVE_SECONDS;
    let maximum = getrlimit(Resource::Cpu).maximum;
    let _ = setrlimit(Resource::Cpu, Rlimit { current: Some(limit), maximum });
}

fn limit_resources(memory: u64) -> anyhow::Result<()> {
    let both = |bound| Rlimit { current: Some(bound), maximum: Some(bound) };
    setrlimit(Resource::Core, both(0))?;
    let files = getrlimit(Resource::Nofile);
    let files = files.maximum.map_or(MAX_OPEN_FILES, |most| most.min(MAX_OPEN_FILES));
    setrlimit(Resource::Nofile, both(files))?;
    // the only files that it can write are in memory
    setrlimit(Resource::Fsize, both(memory))?;
    let text = std::fs::read_to_string("/proc/self/statm")?;
    let pages: u64 = text.split(' ').next().unwrap_or_default().parse()?;
    let mapped = pages * rustix::param::page_size() as u64;
    // the server checks memory in use and stops the render gracefully; this limit is for what grows between two checks
    setrlimit(
        Resource::As,
        both(mapped.saturating_add(memory.saturating_mul(2)).saturating_add(LEAP_BYTES)),
    )?;
    Ok(())
}

fn restrict_files(readable: &[PathBuf]) -> anyhow::Result<()> {
    let read = AccessFs::from_read(LANDLOCK);
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(LANDLOCK))?
        .create()?;
    for path in readable {
        // missing files need no permission
        if let Ok(file) = PathFd::new(path) {
            let access = if path.is_dir() { read } else { read & AccessFs::from_file(LANDLOCK) };
            ruleset = ruleset.add_rule(PathBeneath::new(file, access))?;
        }
    }
    let status = ruleset.restrict_self()?;
    anyhow::ensure!(status.ruleset != RulesetStatus::NotEnforced, "Landlock is not built into the kernel");
    Ok(())
}

/// Denies system calls that renders do not need and exploits use: the network, other programs and processes, and rarely used
/// system calls.
fn filter_system_calls() -> anyhow::Result<()> {
    let architecture: TargetArch = std::env::consts::ARCH.try_into()?;
    // glibc falls back to `clone`, whose flags a filter can see
    let without_clone3 = rules([(libc_numbers::CLONE3, Vec::new())]);
    install(without_clone3, SeccompAction::Errno(libc_numbers::ENOSYS), architecture)?;
    let mut forbidden: BTreeMap<i64, Vec<SeccompRule>> =
        rules(libc_numbers::FORBIDDEN.iter().map(|number| (*number, Vec::new())));
    let first = |length, operator, value| {
        Ok::<_, anyhow::Error>(vec![SeccompRule::new(vec![SeccompCondition::new(
            0, length, operator, value,
        )?])?])
    };
    // threads are fine, processes are not
    let no_thread = SeccompCmpOp::MaskedEq(libc_numbers::CLONE_THREAD);
    forbidden.insert(libc_numbers::CLONE, first(SeccompCmpArgLen::Qword, no_thread, 0)?);
    // it may end itself, and no other process
    let own = u64::from(std::process::id());
    for number in libc_numbers::SIGNALS {
        forbidden.insert(number, first(SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, own)?);
    }
    // its own limits, which are final, and not those of other processes
    forbidden.insert(libc_numbers::PRLIMIT, first(SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, 0)?);
    install(forbidden, SeccompAction::Errno(libc_numbers::EPERM), architecture)
}

fn rules(numbers: impl IntoIterator<Item = (i64, Vec<SeccompRule>)>) -> BTreeMap<i64, Vec<SeccompRule>> {
    numbers.into_iter().collect()
}

fn install(
    rules: BTreeMap<i64, Vec<SeccompRule>>,
    action: SeccompAction,
    architecture: TargetArch,
) -> anyhow::Result<()> {
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, action, architecture)?;
    let program: BpfProgram = filter.try_into()?;
    seccompiler::apply_filter_all_threads(&program)?;
    Ok(())
}

mod libc_numbers {
    //! Numbers of the kernel's interface.

    use libc::{
        SYS_accept, SYS_accept4, SYS_bind, SYS_bpf, SYS_chroot, SYS_clone, SYS_clone3, SYS_connect,
        SYS_delete_module, SYS_execve, SYS_execveat, SYS_finit_module, SYS_init_module, SYS_io_uring_enter,
        SYS_io_uring_register, SYS_io_uring_setup, SYS_kexec_load, SYS_keyctl, SYS_kill, SYS_listen,
        SYS_mount, SYS_open_by_handle_at, SYS_perf_event_open, SYS_pidfd_open, SYS_pidfd_send_signal,
        SYS_pivot_root, SYS_prlimit64, SYS_process_vm_readv, SYS_process_vm_writev, SYS_ptrace, SYS_reboot,
        SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo, SYS_setns, SYS_socket, SYS_socketpair, SYS_tgkill,
        SYS_tkill, SYS_umount2, SYS_unshare, SYS_userfaultfd,
    };

    /// Send a signal to the process that comes first among their arguments.
    pub const SIGNALS: [i64; 4] = [SYS_kill, SYS_tgkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo];
    pub const PRLIMIT: i64 = SYS_prlimit64;

    pub const CLONE: i64 = SYS_clone;
    pub const CLONE3: i64 = SYS_clone3;
    pub const CLONE_THREAD: u64 = libc::CLONE_THREAD as u64;
    pub const EPERM: u32 = libc::EPERM as u32;
    pub const ENOSYS: u32 = libc::ENOSYS as u32;

    pub const FORBIDDEN: [i64; 34] = [
        SYS_socket,
        SYS_socketpair,
        SYS_connect,
        SYS_bind,
        SYS_listen,
        SYS_accept,
        SYS_accept4,
        SYS_execve,
        SYS_execveat,
        SYS_ptrace,
        SYS_process_vm_readv,
        SYS_process_vm_writev,
        SYS_pidfd_open,
        SYS_pidfd_send_signal,
        SYS_tkill,
        SYS_unshare,
        SYS_setns,
        SYS_mount,
        SYS_umount2,
        SYS_pivot_root,
        SYS_chroot,
        SYS_bpf,
        SYS_perf_event_open,
        SYS_io_uring_setup,
        SYS_io_uring_enter,
        SYS_io_uring_register,
        SYS_userfaultfd,
        SYS_keyctl,
        SYS_open_by_handle_at,
        SYS_init_module,
        SYS_finit_module,
        SYS_delete_module,
        SYS_kexec_load,
        SYS_reboot,
    ];
}
