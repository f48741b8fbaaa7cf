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

/// CPU time of those threads of a process whose names begin with one of `names`. `None` where the
/// system does not tell.
pub fn cpu_of_threads(process: u32, names: &[&str]) -> Option<Duration> {
    let mut total = Duration::ZERO;
    for thread in std::fs::read_dir(format!("/proc/{process}/task")).ok()? {
        let folder = thread.ok()?.path();
        // A thread may end while it is looked at; then it is among the rest.
        let Ok(name) = std::fs::read_to_string(folder.join("comm")) else { continue };
        if names.iter().any(|wanted| name.starts_with(wanted)) {
            // proc(5): nanoseconds on a processor, then waiting time and turns.
            let Ok(spent) = std::fs::read_to_string(folder.join("schedstat")) else { continue };
            total += Duration::from_nanos(spent.split(' ').next()?.parse().ok()?);
        }
    }
    Some(total)
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_threads_work_is_counted_apart_from_the_rest() {
        let us = std::process::id();
        let work = |lasting| {
            let begun = Instant::now();
            while begun.elapsed() < lasting {
                std::hint::spin_loop();
            }
        };
        let of = |name| cpu_of_threads(us, &[name]).expect("Linux tells");
        let busy = std::thread::Builder::new().name("gauged".to_owned());
        let (told, waiting) = std::sync::mpsc::channel::<()>();
        let (done, finished) = std::sync::mpsc::channel();
        let busy = busy.spawn(move || {
            work(Duration::from_millis(50));
            done.send(()).expect("somebody waits");
            let _ = waiting.recv();
        });
        finished.recv().expect("it works");
        let spent = of("gauged");
        assert!(spent > Duration::from_millis(5), "{spent:?}");
        assert_eq!(of("nobody-is-called-so"), Duration::ZERO);
        assert!(cpu(us).expect("Linux tells") >= spent);
        drop(told);
        busy.expect("a thread").join().expect("it ends");
    }
}
