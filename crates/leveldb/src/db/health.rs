//! What the background has to say: which of its jobs fail, why, and for how long.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::error::Error;

/// What is done without being asked for by name, and can fail.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// Writing a full memtable to a table.
    Flush,
    /// Merging tables.
    Compaction,
    /// Making the log durable.
    Sync,
    /// Beginning a new log where the old one is full: until it works, writes fail.
    Log,
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flush => "flush",
            Self::Compaction => "compaction",
            Self::Sync => "sync",
            Self::Log => "beginning a log",
        })
    }
}

/// A job that fails, and is tried again with growing pauses.
#[non_exhaustive]
#[derive(Debug, Clone)]
pub struct Failure {
    /// Which job.
    pub job: Job,
    /// The last error.
    pub error: Error,
    /// When it began to fail.
    pub since: Instant,
    /// How often it failed since.
    pub attempts: u32,
}

/// What has gone wrong with a job since the database was opened, whether or not it still does: a
/// fault that was over before anybody asked is news all the same.
#[non_exhaustive]
#[derive(Debug, Clone)]
pub struct Fault {
    /// Which job.
    pub job: Job,
    /// The last error.
    pub error: Error,
    /// How often it failed.
    pub times: u64,
}

/// How the database is.
#[non_exhaustive]
#[derive(Debug, Clone, Default)]
pub struct Health {
    /// Jobs that fail at present. Empty when all is well.
    pub failures: Vec<Failure>,
    /// The disk, or the quota, was found full: by a write, a sync or the background, and nothing has
    /// been written since. With [`crate::Options::reserve_size`] it stays true until that space is
    /// put aside again, and meanwhile deletions are accepted and other writes are not. Without, it
    /// stays true until a write succeeds: trying one is how to find out.
    pub out_of_space: bool,
    /// Memtables that wait for their flush.
    pub pending_memtables: usize,
    /// Jobs that have failed since the database was opened.
    pub faults: Vec<Fault>,
    /// How often the space put aside for a full disk was given up.
    pub reserve_releases: u64,
}

impl Health {
    /// Whether nothing is wrong.
    pub fn is_healthy(&self) -> bool {
        self.failures.is_empty() && !self.out_of_space
    }
}

const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How long a job that failed so often pauses before it is tried again.
pub(crate) fn pause_after(attempts: u32) -> Duration {
    let doublings = attempts.saturating_sub(1).min(16);
    FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE)
}

/// Where the jobs report.
#[derive(Debug, Default)]
pub(crate) struct HealthBoard {
    failures: Mutex<Vec<Failure>>,
    faults: Mutex<Vec<Fault>>,
    /// Flushes that failed, ever.
    failed_flushes: AtomicU64,
    /// The last write or sync failed for want of space.
    lacks_room: AtomicBool,
}

impl HealthBoard {
    /// Records a failure and says how often the job has failed since it last succeeded.
    pub(crate) fn failed(&self, job: Job, error: Error) -> u32 {
        self.remember(job, &error);
        let mut failures = self.failures.lock();
        if job == Job::Flush {
            self.failed_flushes.fetch_add(1, Ordering::Release);
        }
        match failures.iter_mut().find(|failure| failure.job == job) {
            Some(failure) => {
                failure.attempts = failure.attempts.saturating_add(1);
                failure.error = error;
                failure.attempts
            }
            None => {
                failures.push(Failure { job, error, since: Instant::now(), attempts: 1 });
                1
            }
        }
    }

    fn remember(&self, job: Job, error: &Error) {
        let mut faults = self.faults.lock();
        match faults.iter_mut().find(|fault| fault.job == job) {
            Some(fault) => {
                fault.times = fault.times.saturating_add(1);
                fault.error = error.clone();
            }
            None => faults.push(Fault { job, error: error.clone(), times: 1 }),
        }
    }

    /// How many flushes have failed, ever. Who needs a flush asks before and after waiting: an error
    /// from before may have a cause that is gone.
    pub(crate) fn failed_flushes(&self) -> u64 {
        self.failed_flushes.load(Ordering::Acquire)
    }

    /// Takes note of the error of a write.
    pub(crate) fn write_failed(&self, error: &Error) {
        if error.is_out_of_space() {
            self.lacks_room.store(true, Ordering::Relaxed);
        }
    }

    /// To be told whenever something new was written: there is room.
    pub(crate) fn found_room(&self) {
        // Looked at first, because every write comes here and all threads share the line.
        if self.lacks_room() {
            self.lacks_room.store(false, Ordering::Relaxed);
        }
    }

    /// Whether the last write failed for want of space.
    pub(crate) fn lacks_room(&self) -> bool {
        self.lacks_room.load(Ordering::Relaxed)
    }

    pub(crate) fn succeeded(&self, job: Job) {
        self.failures.lock().retain(|failure| failure.job != job);
    }

    pub(crate) fn failure(&self, job: Job) -> Option<Error> {
        let failures = self.failures.lock();
        failures.iter().find(|failure| failure.job == job).map(|failure| failure.error.clone())
    }

    pub(crate) fn failures(&self) -> Vec<Failure> {
        self.failures.lock().clone()
    }

    pub(crate) fn faults(&self) -> Vec<Fault> {
        self.faults.lock().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_have_an_end() {
        let pauses: Vec<_> = (0..9).map(|attempts| pause_after(attempts).as_millis()).collect();
        assert_eq!(pauses, [20, 20, 40, 80, 160, 320, 640, 1_280, 2_000]);
        assert_eq!(pause_after(u32::MAX), LONGEST_PAUSE);
    }

    #[test]
    fn a_fault_that_is_over_is_remembered() {
        let board = HealthBoard::default();
        board.failed(Job::Flush, Error::Closed);
        board.failed(Job::Flush, Error::ReadOnly);
        board.succeeded(Job::Flush);
        assert!(board.failures().is_empty());
        let faults = board.faults();
        assert_eq!(faults.len(), 1);
        assert!(matches!(faults[0], Fault { job: Job::Flush, error: Error::ReadOnly, times: 2 }));
    }
}
