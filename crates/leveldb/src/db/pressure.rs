//! Back-pressure: writers are slowed to the pace of the background before they would have to stop.
//!
//! Two backlogs can grow: memtables that wait for their flush, and files in level 0 that wait for
//! their compaction. Each has a point from which on writers are paced, to a rate that falls in a
//! straight line from twice what the background was measured to do to half of it. At that rate a
//! backlog shrinks, so writers are delayed by a millisecond here and there and never for the length
//! of a compaction.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Files in level 0 from which on writers are paced, and where pacing is at its strongest.
const LEVEL0_PACED: usize = 12;
const LEVEL0_FULL: usize = 36;

/// The longest that one write is delayed.
const LONGEST_DELAY: Duration = Duration::from_millis(10);

/// Debts below this are not worth a sleep, which costs about as much.
const SHORTEST_DELAY: Duration = Duration::from_micros(500);

/// Assumed until something was measured, bytes a second.
const FIRST_RATE: u64 = 64 << 20;

/// No backlog slows writers to less than this, bytes a second.
const LOWEST_RATE: u64 = 1 << 20;

/// How far the background is behind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backlog {
    pub(crate) pending_memtables: usize,
    pub(crate) max_pending_memtables: usize,
    pub(crate) level0_files: usize,
}

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Pressure {
    /// Bytes a second that writers may write; 0 is no limit.
    allowed: AtomicU64,
    flush_rate: AtomicU64,
    compaction_rate: AtomicU64,
    /// Held from the look at the backlog to the new limit, so that an old look never sets the limit.
    updating: Mutex<()>,
    /// When what was written so far is paid for.
    paid_until: Mutex<Instant>,
}

impl Pressure {
    pub(crate) fn new() -> Self {
        Self {
            allowed: AtomicU64::new(0),
            flush_rate: AtomicU64::new(FIRST_RATE),
            compaction_rate: AtomicU64::new(FIRST_RATE),
            updating: Mutex::default(),
            paid_until: Mutex::new(Instant::now()),
        }
    }

    /// To be told whenever a backlog has changed.
    pub(crate) fn update(&self, look: impl FnOnce() -> Backlog) {
        let _turn = self.updating.lock();
        let backlog = look();
        let flush_limit = limit(
            backlog.pending_memtables,
            2,
            backlog.max_pending_memtables,
            self.flush_rate.load(Relaxed),
        );
        let compaction_limit = limit(
            backlog.level0_files,
            LEVEL0_PACED,
            LEVEL0_FULL,
            self.compaction_rate.load(Relaxed),
        );
        let allowed = flush_limit.into_iter().chain(compaction_limit).min();
        self.allowed.store(allowed.map_or(0, |rate| rate.max(LOWEST_RATE)), Relaxed);
    }

    /// A memtable of so many bytes was flushed.
    pub(crate) fn flushed(&self, bytes: u64, took: Duration) {
        blend(&self.flush_rate, bytes, took);
    }

    /// So many bytes left level 0.
    pub(crate) fn compacted(&self, bytes: u64, took: Duration) {
        blend(&self.compaction_rate, bytes, took);
    }

    /// Accounts for a write and says how long the writer has to wait before it; `None` is not at
    /// all.
    pub(crate) fn delay(&self, bytes: usize) -> Option<Duration> {
        let allowed = self.allowed.load(Relaxed);
        if allowed == 0 {
            return None;
        }
        let cost = Duration::from_secs_f64(bytes as f64 / allowed as f64);
        let now = Instant::now();
        let mut paid_until = self.paid_until.lock();
        let debt = paid_until.saturating_duration_since(now);
        *paid_until = now + debt.min(LONGEST_DELAY) + cost;
        (debt >= SHORTEST_DELAY).then(|| debt.min(LONGEST_DELAY))
    }

    /// Whether a write now would be delayed.
    pub(crate) fn would_delay(&self) -> bool {
        self.allowed.load(Relaxed) != 0
            && self.paid_until.lock().saturating_duration_since(Instant::now()) >= SHORTEST_DELAY
    }
}

/// The rate for a backlog between the point where pacing starts and the one where it is strongest.
fn limit(backlog: usize, paced: usize, full: usize, measured: u64) -> Option<u64> {
    if backlog < paced {
        return None;
    }
    let span = full.saturating_sub(paced).max(1) as f64;
    let position = ((backlog - paced) as f64 / span).min(1.0);
    Some((measured as f64 * (2.0 - 1.5 * position)) as u64)
}

fn blend(rate: &AtomicU64, bytes: u64, took: Duration) {
    let seconds = took.as_secs_f64();
    if bytes == 0 || seconds <= 0.0 {
        return;
    }
    let measured = bytes as f64 / seconds;
    let blended = 0.7 * rate.load(Relaxed) as f64 + 0.3 * measured;
    rate.store(blended as u64, Relaxed);
}

#[cfg(test)]
mod load_tests;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_delayed_without_a_backlog() {
        let pressure = Pressure::new();
        pressure.update(|| Backlog {
            pending_memtables: 1,
            max_pending_memtables: 4,
            level0_files: 11,
        });
        for _ in 0..1_000 {
            assert_eq!(pressure.delay(1 << 20), None);
        }
    }

    #[test]
    fn a_growing_backlog_lowers_the_rate_without_ever_reaching_zero() {
        let mut last = u64::MAX;
        for files in LEVEL0_PACED..200 {
            let rate = limit(files, LEVEL0_PACED, LEVEL0_FULL, FIRST_RATE).unwrap();
            assert!(rate <= last && rate >= FIRST_RATE / 2);
            last = rate;
        }
    }

    #[test]
    fn a_single_write_waits_no_longer_than_the_bound() {
        let pressure = Pressure::new();
        pressure.update(|| Backlog {
            pending_memtables: 9,
            max_pending_memtables: 4,
            level0_files: 99,
        });
        assert_eq!(pressure.delay(1 << 30), None);
        assert_eq!(pressure.delay(1), Some(LONGEST_DELAY));
        assert!(pressure.would_delay());
    }
}
