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
use crate::error::{Error, Result};

/// How often it is looked whether the key is worn, or the header not whole.
const GLANCE: Duration = Duration::from_secs(60);

/// How often it is looked whether replaced data is still being read.
const SOON: Duration = Duration::from_millis(500);

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
        let thread = std::thread::Builder::new()
            .name("sigil-vault".into())
            .spawn(move || run(&weak, &signal, interval))
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

fn run(inner: &Weak<Inner>, signal: &Signal, interval: Option<Duration>) {
    let mut backup_due = interval.map(|interval| Instant::now() + interval);
    let mut glance_due = Instant::now();
    let mut is_data_left = false;
    loop {
        let due = backup_due.map_or(glance_due, |due| due.min(glance_due));
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
        if let (Some(due), Some(interval)) = (backup_due, interval)
            && due <= now
        {
            inner.automatic_backup();
            backup_due = Some(Instant::now().max(due) + interval);
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
