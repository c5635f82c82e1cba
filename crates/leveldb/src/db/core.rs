//! What all parts of an open database share. [`super::Db`] is a handle to it; background threads,
//! snapshots and iterators hold it too.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};

use super::commit::CommitQueue;
use super::health::{Health, HealthBoard, Job, pause_after};
use super::info_log::InfoLog;
use super::pressure::{Backlog, Pressure};
use super::recovery::RecoveryReport;
use super::reserve::Reserve;
use super::signal::{Event, Signal};
use super::snapshot::SnapshotList;
use super::view::ViewCell;
use crate::compaction::ManualQueue;
use crate::directory::Held;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::memtable::MemTable;
use crate::options::Options;
use crate::version::Version;
use crate::version::file::Trash;
use crate::version::set::{FileNumbers, VersionSet};
use crate::version::table_cache::TableCache;

pub(crate) struct Core {
    pub(crate) directory: PathBuf,
    pub(crate) options: Options,
    pub(crate) env: Arc<dyn Env>,
    pub(crate) view: ViewCell,
    /// The last sequence number that readers may see.
    pub(crate) visible: AtomicU64,
    pub(crate) snapshots: SnapshotList,
    pub(crate) tables: TableCache,
    pub(crate) numbers: Arc<FileNumbers>,
    pub(crate) trash: Arc<Trash>,
    pub(crate) versions: Mutex<VersionSet>,
    pub(crate) commits: CommitQueue,
    pub(crate) manual: ManualQueue,
    pub(crate) health: HealthBoard,
    pub(crate) pressure: Pressure,
    pub(crate) reserve: Reserve,
    pub(crate) info_log: InfoLog,
    pub(crate) recovery: RecoveryReport,
    /// Memtables wait for their flush.
    pub(crate) flush_wanted: Signal,
    /// The version changed, or somebody asked for a compaction.
    pub(crate) compaction_wanted: Signal,
    /// Unsynced writes have piled up, or were promised to be durable soon.
    pub(crate) sync_wanted: Signal,
    /// Housekeeping is due.
    pub(crate) upkeep_wanted: Signal,
    /// A flush or compaction has ended, well or not.
    pub(crate) progress: Event,
    /// A compaction is between its plan and its edit: flushes go to level 0 only.
    pub(crate) compacting: AtomicBool,
    /// Held by who flushes: the thread for it, or who opens or closes the database.
    pub(crate) flushing: Mutex<()>,
    /// Held for reading by calls that go through the files of the database in their own time:
    /// closing waits for them before it lets go of the lock.
    pub(crate) at_files: RwLock<()>,
    /// No operation is accepted any more.
    pub(crate) closed: AtomicBool,
    /// Held while the database is open for writing.
    pub(crate) lock: Mutex<Option<Held>>,
}

impl Core {
    pub(crate) fn check_open(&self) -> Result<()> {
        if self.is_closed() { Err(Error::Closed) } else { Ok(()) }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// The sequence number below which only the newest entry of a key is read by anyone.
    pub(crate) fn oldest_snapshot(&self) -> u64 {
        self.snapshots.oldest(|| self.visible.load(Ordering::Acquire))
    }

    /// Shows readers a version, and tells everyone whom a new version concerns. The memtables up to
    /// `flushed` are in it.
    pub(crate) fn install(&self, version: Arc<Version>, flushed: Option<&MemTable>) {
        self.view.install(version, flushed);
        self.update_pressure();
        self.progress.announce();
        self.compaction_wanted.raise();
    }

    pub(crate) fn update_pressure(&self) {
        self.pressure.update(|| {
            let view = self.view.load();
            Backlog {
                pending_memtables: view.pending.len(),
                max_pending_memtables: self.options.max_pending_memtables,
                level0_files: view.version.files(0).len(),
            }
        });
    }

    /// Tells everyone whom the failure of a job concerns, and gives the pause before the next
    /// attempt.
    pub(crate) fn job_failed(&self, job: Job, error: &Error) -> Duration {
        self.reserve.note(error);
        self.reserve.give_up();
        let attempts = self.health.failed(job, error.clone());
        // Not every time: a failing disk must not be filled with the news of it.
        if attempts.is_power_of_two() {
            self.info_log.line(format_args!("{job} failed, attempt {attempts}: {error}"));
        }
        pause_after(attempts)
    }

    /// Takes note of the error of a write, or of a sync that a caller waits for. What has been put
    /// aside for a full disk is given up by who may wait for that.
    pub(crate) fn write_failed(&self, error: &Error) {
        // In this order: what is said here is taken back once the reserve is there again.
        self.health.write_failed(error);
        self.reserve.note(error);
    }

    /// Whether the disk was found full, and not seen to have room since.
    pub(crate) fn is_short_of_room(&self) -> bool {
        self.reserve.is_spent()
            || self.health.lacks_room()
            || self.health.failures().iter().any(|failure| failure.error.is_out_of_space())
    }

    pub(crate) fn health(&self) -> Health {
        Health {
            failures: self.health.failures(),
            out_of_space: self.is_short_of_room(),
            faults: self.health.faults(),
            reserve_releases: self.reserve.releases(),
            pending_memtables: self.view.load().pending.len(),
        }
    }
}
