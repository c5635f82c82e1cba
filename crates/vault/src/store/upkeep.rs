//! The background: automatic backups at their time, replacing a worn key, taking out of the files
//! what an old key had encrypted, removing replaced data that was still being read, and writing what
//! a file of the header lacks.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use sigil_leveldb::IoOperation;

use super::Inner;
use super::maintenance::milliseconds_now;
use crate::error::{Error, Result};

/// How often it is looked whether the key is worn, or the header not whole.
const GLANCE: Duration = Duration::from_secs(60);

/// How often it is looked whether replaced data is still being read.
const SOON: Duration = Duration::from_millis(500);

/// No automatic backup begins before so small a part of the interval after opening: a minute of an hour.
const OPENING_SHARE: u32 = 60;

/// The thread, until it is ended.
pub(super) struct Upkeep {
    thread: JoinHandle<()>,
}

/// What the thread waits for.
#[derive(Default)]
pub(super) struct Signal {
    wanted: Mutex<Wanted>,
    changed: Condvar,
}

#[derive(Default)]
struct Wanted {
    end: bool,
    compaction: bool,
    look: bool,
}

/// Why it goes on.
#[derive(PartialEq, Eq)]
enum Wake {
    End,
    Compaction,
    /// There is something to look after sooner than usual.
    Look,
    Deadline,
}

impl Upkeep {
    pub(super) fn start(inner: &Arc<Inner>) -> Result<Self> {
        let (weak, signal) = (Arc::downgrade(inner), Arc::clone(&inner.signal));
        let interval = inner.options.backup_interval;
        let last_backup = inner.writer.lock().counters.last_backup;
        let pause = interval.map(|interval| first_pause(interval, last_backup, milliseconds_now()));
        let backups = interval.zip(pause.map(|pause| Instant::now() + pause));
        let thread = std::thread::Builder::new()
            .name("sigil-vault".into())
            .spawn(move || run(&weak, &signal, backups))
            .map_err(Error::io(IoOperation::Spawn, &inner.root))?;
        Ok(Self { thread })
    }

    /// Waits for its end, which was asked for.
    pub(super) fn join(self) {
        let _ = self.thread.join();
    }
}

impl Signal {
    pub(super) fn end(&self) {
        self.wanted.lock().end = true;
        self.changed.notify_all();
    }

    pub(super) fn compact(&self) {
        self.wanted.lock().compaction = true;
        self.changed.notify_all();
    }

    pub(super) fn look(&self) {
        self.wanted.lock().look = true;
        self.changed.notify_all();
    }

    fn wait_until(&self, deadline: Instant) -> Wake {
        let mut wanted = self.wanted.lock();
        loop {
            if wanted.end {
                return Wake::End;
            }
            if std::mem::take(&mut wanted.compaction) {
                return Wake::Compaction;
            }
            if std::mem::take(&mut wanted.look) {
                return Wake::Look;
            }
            if self.changed.wait_until(&mut wanted, deadline).timed_out() {
                return if wanted.end { Wake::End } else { Wake::Deadline };
            }
        }
    }
}

/// How long a store that is opened waits before its first automatic backup. A host that never runs for
/// a whole interval has backups all the same; one that is opened often is not kept from its work by
/// them each time. Both times are milliseconds since 1970, 0 where there was no backup.
fn first_pause(interval: Duration, last_backup: u64, now: u64) -> Duration {
    let age = now.checked_sub(last_backup).filter(|_| last_backup > 0);
    let left = interval.saturating_sub(Duration::from_millis(age.unwrap_or(0)));
    left.max(interval / OPENING_SHARE)
}

fn run(inner: &Weak<Inner>, signal: &Signal, mut backups: Option<(Duration, Instant)>) {
    let mut glance_due = Instant::now();
    let mut is_data_left = false;
    loop {
        let due = backups.map_or(glance_due, |(_, due)| due.min(glance_due));
        let due = if is_data_left { due.min(Instant::now() + SOON) } else { due };
        let wake = signal.wait_until(due);
        if wake == Wake::End {
            return;
        }
        let Some(inner) = inner.upgrade() else { return };
        is_data_left = inner.remove_retired();
        if wake == Wake::Compaction {
            // What a failure leaves there is of no use to anybody without the old key.
            let _ = inner.compact();
            continue;
        }
        let now = Instant::now();
        if glance_due <= now {
            glance_due = now + GLANCE;
            // Opening has told of it; the next glance tries it again.
            let _ = inner.mend_store();
            let worn = inner.is_key_worn();
            inner.note_rotation(if worn { inner.rotate_key() } else { inner.resume_rotation() });
        }
        if let Some((interval, due)) = &mut backups
            && *due <= now
        {
            inner.automatic_backup();
            *due = Instant::now().max(*due) + *interval;
        }
    }
}

impl Inner {
    /// Takes what is superseded out of the files. Closing does not wait for it.
    fn compact(&self) -> Result<()> {
        let _maintenance = self.maintenance.lock();
        let opened = self.opened()?;
        // IMPORTANT: first said, then asked; whoever closes asks in the other order.
        self.is_compacting.store(true, Ordering::SeqCst);
        let outcome =
            self.check_closing().and_then(|()| Ok(opened.db.compact_range(None, None)?));
        self.is_compacting.store(false, Ordering::SeqCst);
        outcome
    }

    /// Writes what a file of the header lacks, and removes what was kept for its sake.
    fn mend_store(&self) -> Result<()> {
        let _maintenance = self.maintenance.lock();
        let is_unwritten = self.with_header(|state| state.unwritten.is_some())?;
        if is_unwritten || self.writer.lock().check().is_err() {
            self.mend_header()?;
            self.writer.lock().allow();
            self.remove_leftovers()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_backup_comes_when_the_last_one_is_an_interval_ago() {
        let hour = Duration::from_secs(3_600);
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        let ago = |minutes: u64| 1_800_000_000_000 - 60_000 * minutes;
        let now = ago(0);
        assert_eq!(first_pause(hour, 0, now), hour);
        assert_eq!(first_pause(hour, now, now), hour);
        assert_eq!(first_pause(hour, ago(20), now), minutes(40));
        assert_eq!(first_pause(hour, ago(60), now), minutes(1));
        assert_eq!(first_pause(hour, ago(6_000), now), minutes(1));
        // A clock that was set back.
        assert_eq!(first_pause(hour, now + 5, now), hour);
    }
}
