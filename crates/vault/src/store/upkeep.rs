//! The background: automatic backups at their time, replacing a worn key, and writing what a file of
//! the header lacks.

use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use sigil_leveldb::IoOperation;

use super::Inner;
use crate::error::{Error, Result};

/// How often it is looked whether the key is worn, or the header not whole.
const GLANCE: Duration = Duration::from_secs(60);

/// The thread, until it is stopped.
pub(super) struct Upkeep {
    stop: Arc<Stop>,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct Stop {
    wanted: Mutex<bool>,
    changed: Condvar,
}

impl Upkeep {
    pub(super) fn start(inner: &Arc<Inner>) -> Result<Self> {
        let stop = Arc::new(Stop::default());
        let (weak, its_stop) = (Arc::downgrade(inner), Arc::clone(&stop));
        let interval = inner.options.backup_interval;
        let thread = std::thread::Builder::new()
            .name("sigil-vault".into())
            .spawn(move || run(&weak, &its_stop, interval))
            .map_err(Error::io(IoOperation::Spawn, &inner.root))?;
        Ok(Self { stop, thread })
    }

    /// Waits for what it is doing.
    pub(super) fn stop(self) {
        *self.stop.wanted.lock() = true;
        self.stop.changed.notify_all();
        let _ = self.thread.join();
    }
}

impl Stop {
    /// Whether it was wanted by the deadline.
    fn wait_until(&self, deadline: Instant) -> bool {
        let mut wanted = self.wanted.lock();
        while !*wanted && !self.changed.wait_until(&mut wanted, deadline).timed_out() {}
        *wanted
    }
}

fn run(inner: &Weak<Inner>, stop: &Stop, interval: Option<Duration>) {
    let mut backup_due = interval.map(|interval| Instant::now() + interval);
    let mut glance_due = Instant::now();
    loop {
        let due = backup_due.map_or(glance_due, |due| due.min(glance_due));
        if stop.wait_until(due) {
            return;
        }
        let Some(inner) = inner.upgrade() else { return };
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
    /// Writes what a file of the header lacks, and removes what was kept for its sake.
    fn mend_store(&self) -> Result<()> {
        let _maintenance = self.maintenance.lock();
        if self.with_header(|state| state.unwritten.is_some())? {
            self.mend_header()?;
            self.writer.lock().allow();
            self.remove_leftovers()?;
        }
        Ok(())
    }
}
