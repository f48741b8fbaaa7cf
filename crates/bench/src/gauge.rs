//! What a process has used, read from outside it, and which processor it runs on.

use std::time::Duration;

use crate::error::BenchError;

/// CPU time of all threads of a process.
///
/// # Errors
/// [`BenchError::System`] when it is gone, [`BenchError::NeedsLinux`].
#[cfg(target_os = "linux")]
pub fn cpu(process: u32) -> Result<Duration, BenchError> {
    use nix::time::{clock_getcpuclockid, clock_gettime};
    use nix::unistd::Pid;

    let pid = Pid::from_raw(process.cast_signed());
    let spent = clock_getcpuclockid(pid).and_then(clock_gettime);
    spent.map(Duration::from).map_err(|errno| BenchError::System {
        what: "the CPU clock of the measured process",
        source: errno.into(),
    })
}

/// CPU time of all threads of a process.
///
/// # Errors
/// [`BenchError::NeedsLinux`].
#[cfg(not(target_os = "linux"))]
pub fn cpu(_process: u32) -> Result<Duration, BenchError> {
    Err(BenchError::NeedsLinux("the CPU time of another process"))
}

/// Resident memory of a process in bytes.
///
/// # Errors
/// [`BenchError::System`] when it is gone or the system has no `/proc`.
pub fn memory(process: u32) -> Result<u64, BenchError> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))
        .map_err(BenchError::system("the memory of the measured process"))?;
    let kib = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok());
    Ok(kib.unwrap_or(0) * 1_024)
}

/// Keeps this process on one processor; says whether that worked.
#[cfg(target_os = "linux")]
pub fn pin(processor: usize) -> bool {
    use nix::sched::{CpuSet, sched_setaffinity};
    use nix::unistd::Pid;

    let mut set = CpuSet::new();
    set.set(processor).is_ok() && sched_setaffinity(Pid::from_raw(0), &set).is_ok()
}

/// Keeps this process on one processor; says whether that worked.
#[cfg(not(target_os = "linux"))]
pub const fn pin(_processor: usize) -> bool {
    false
}

/// Lets this process open as many files as the system allows at all: each leg is a socket.
#[cfg(target_os = "linux")]
pub fn allow_many_files() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};

    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        // With less the run says which socket was refused.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}

/// Lets this process open as many files as the system allows at all: each leg is a socket.
#[cfg(not(target_os = "linux"))]
pub const fn allow_many_files() {}
