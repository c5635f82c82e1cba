//! Lets the threads of the caller go first where there are fewer cores than threads.
//!
//! A writer that shares a core with a compaction loses whole time slices to it, several
//! milliseconds each, and that is the slowest put there is. A compaction has time.

/// How much nicer than the caller a compacting thread is.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 5;

/// Lowers the priority of the calling thread, where the system has one for each thread.
#[cfg(target_os = "linux")]
pub(crate) fn yield_to_callers() {
    // Linux alone takes this to mean the calling thread and not the process. Where it is refused,
    // the thread goes on as it is.
    let _ = rustix::process::nice(NICENESS);
}

/// Elsewhere priorities belong to processes.
#[cfg(not(target_os = "linux"))]
pub(crate) fn yield_to_callers() {}
