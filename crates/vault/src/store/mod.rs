//! An open store.

mod around_damage;
mod change;
mod clear;
mod count;
mod each;
mod found_before;
mod header_state;
mod ids;
mod known;
mod lead;
mod list;
mod list_items;
mod maintenance;
mod message_order;
mod metrics;
mod open;
mod opened;
mod plan;
mod purge;
mod read;
mod readers;
mod relabel;
mod restore;
mod rotate;
mod stage;
mod stats;
mod switch;
mod upkeep;
mod verify;
mod write;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwapOption;
use parking_lot::Mutex;
use sigil_leveldb::env::LockGuard;

pub use self::change::{Change, Message};
use self::header_state::HeaderState;
pub use self::list::{Before, Page, Query};
pub use self::list_items::Items;
pub use self::metrics::Metrics;
use self::opened::Opened;
pub use self::read::Cached;
use self::readers::{Readers, Reading};
pub use self::stats::Stats;
use self::upkeep::{Signal, Upkeep};
pub use self::verify::Verification;
use self::write::Writer;
use crate::error::{Error, Result};
use crate::measured_env::MeasuredEnv;
use crate::options::Options;

/// A store that is open: messages, sessions, proofs and peers. Every method may be called from any
/// thread at any time. It is closed by [`Store::close`], or when it is dropped.
pub struct Store {
    inner: Arc<Inner>,
    upkeep: Mutex<Option<Upkeep>>,
}

/// What calls and the background share.
struct Inner {
    root: PathBuf,
    options: Options,
    /// The file system of the options, which measures the files of the store.
    files: Arc<MeasuredEnv>,
    /// The database with what opens its records; none once the store is closed.
    opened: ArcSwapOption<Opened>,
    /// Who is reading it.
    readers: Readers,
    /// Databases that others took the place of, while somebody still reads them.
    retired: Mutex<Vec<Arc<Opened>>>,
    /// Held by whoever writes: what is written depends on what is there.
    writer: Mutex<Writer>,
    /// Held, before `writer`, by work on the whole store; one at a time.
    maintenance: Mutex<()>,
    /// The header and what it takes to write another; none once the store is closed.
    header: Mutex<Option<HeaderState>>,
    metrics: Mutex<Metrics>,
    closing: AtomicBool,
    /// Whether the background compacts; closing ends that.
    is_compacting: AtomicBool,
    signal: Arc<Signal>,
    lock: Mutex<Option<Box<dyn LockGuard>>>,
}

impl Inner {
    fn opened(&self) -> Result<Reading> {
        self.readers.begin(|| self.opened.load_full().ok_or(Error::Closed))
    }

    fn check_closing(&self) -> Result<()> {
        if self.closing.load(Ordering::SeqCst) { Err(Error::Closed) } else { Ok(()) }
    }

    /// Keys are zeroed as what holds them is dropped: now, or when the last reader is done.
    fn close(&self) -> Result<()> {
        self.writer.lock().close();
        if self.is_compacting.load(Ordering::SeqCst)
            && let Ok(opened) = self.opened()
        {
            // Asked for again below.
            let _ = opened.db.close();
        }
        let _maintenance = self.maintenance.lock();
        let _writer = self.writer.lock();
        let closed = self.opened.swap(None).map_or(Ok(()), |opened| opened.db.close());
        // The next opening tries these again.
        self.remove_retired();
        let _ = self.mend_header();
        self.header.lock().take();
        self.lock.lock().take();
        Ok(closed?)
    }
}

impl Store {
    /// Opens the store in `root`, or makes one where there is nothing.
    ///
    /// # Errors
    ///
    /// [`Error::KeyWrong`], [`Error::HeaderMissing`], [`Error::HeaderDamaged`],
    /// [`Error::NotEncrypted`], and [`Error::RolledBack`] where the header is an old one: nothing was
    /// created, changed or deleted. Where only the database is an old one, that is found out by opening
    /// it, which makes a table of its log; its records are as they were.
    pub fn open(root: impl AsRef<Path>, password: &[u8], options: Options) -> Result<Self> {
        let inner = Arc::new(open::open(root.as_ref(), password, options)?);
        let upkeep = Mutex::new(Some(Upkeep::start(&inner)?));
        Ok(Self { inner, upkeep })
    }

    /// Ends what would take long and can be begun again: backups, reading them, and rotations that
    /// are under way or asked for from now on are [`Error::Closed`], soon. The store is not closed
    /// yet; for whoever has to wait for something else first.
    pub fn begin_closing(&self) {
        self.inner.closing.store(true, Ordering::SeqCst);
    }

    /// Like [`Store::begin_closing`]; then waits for what is under way, ends the background,
    /// releases the lock and zeroes the keys. Everything after that is [`Error::Closed`]; closing
    /// again does nothing.
    pub fn close(&self) -> Result<()> {
        self.begin_closing();
        // Whoever closes at the same time waits here for the first.
        let mut upkeep = self.upkeep.lock();
        match upkeep.take() {
            Some(thread) => {
                self.inner.signal.end();
                let closed = self.inner.close();
                thread.join();
                closed
            }
            None => Ok(()),
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // There is nobody to tell.
        let _ = self.close();
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("root", &self.inner.root).finish_non_exhaustive()
    }
}
