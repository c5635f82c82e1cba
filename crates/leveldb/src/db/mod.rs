//! An open database.

pub(crate) mod background;
pub(crate) mod checkpoint;
mod commit;
pub(crate) mod core;
mod entries;
pub(crate) mod flush;
mod follower;
mod handle;
pub(crate) mod health;
mod info_log;
mod iterator;
pub(crate) mod open;
mod pressure;
mod priority;
mod property;
mod range;
mod read;
pub(crate) mod recovery;
mod reserve;
mod shutdown;
mod signal;
mod snapshot;
mod sources;
mod sync_point;
mod verify;
mod view;
mod write_log;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use crate::directory::{self, Held};
use crate::env::OpenFiles;
use crate::error::{Error, Result};
use crate::options::{Options, WriteOptions};
use crate::table::ReadMode;
use crate::write_batch::WriteBatch;
use follower::Follower;
use handle::Handle;

pub use entries::Entries;
pub use health::{Failure, Fault, Health, Job};
pub use iterator::DbIterator;
pub use range::Range;
pub use recovery::{Loss, RecoveryReport};
pub use snapshot::Snapshot;
pub use verify::VerifyReport;

/// What a look into memory found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cached {
    /// The key's value.
    Hit(Bytes),
    /// The key has no value, certainly.
    Absent,
    /// The disk would have to be asked.
    Unknown,
}

/// A database that is open. Clones are handles to the same one; it is closed by [`Db::close`], or
/// when the last handle is dropped. All methods may be called from any thread at any time.
#[derive(Clone)]
pub struct Db {
    pub(crate) handle: Arc<Handle>,
}

impl Db {
    /// Opens the database in `directory`. With [`Options::create_if_missing`] it is made where there
    /// is none, together with the directories above it.
    ///
    /// # Errors
    ///
    /// * [`Error::Locked`] while somebody has it open for writing, and [`Error::Moved`] while this
    ///   process has open what was in the directory before it was moved or removed.
    /// * [`Error::DoesNotExist`] or [`Error::AlreadyExists`] where the options forbid what is there.
    /// * [`Error::Corruption`] where files are damaged: nothing is changed then, and
    ///   [`crate::inspect`] and [`crate::repair`] say and save what can be read.
    /// * [`Error::InvalidArgument`] for options outside their limits, or a path that is none.
    /// * [`Error::Unsupported`] for a database with another comparator, or in a format that is not
    ///   read here.
    /// * [`Error::Io`] for whatever the system refuses: rights, a full disk, too many open files.
    pub fn open(directory: impl AsRef<Path>, options: Options) -> Result<Self> {
        options.check()?;
        let directory = &directory::resolve(directory.as_ref())?;
        let handle = if options.read_only {
            let (core, follower) = Follower::open(directory, options)?;
            Handle::follower(core, follower)
        } else {
            let (core, background) = open::open(directory, options)?;
            Handle::writer(core, background)
        };
        Ok(Self { handle: Arc::new(handle) })
    }

    /// The value of `key`, if it has one.
    pub fn get(&self, key: &[u8]) -> Result<Option<Bytes>> {
        read::get(&self.handle.core, key, None)
    }

    /// The value that `key` had when `snapshot` was taken.
    pub fn get_at(&self, snapshot: &Snapshot, key: &[u8]) -> Result<Option<Bytes>> {
        self.check_snapshot(snapshot)?;
        read::get(&self.handle.core, key, Some(snapshot))
    }

    /// The values of many keys, all of the same moment.
    pub fn get_many<K: AsRef<[u8]>>(&self, keys: &[K]) -> Result<Vec<Option<Bytes>>> {
        read::get_many(&self.handle.core, keys, None)
    }

    /// The values that many keys had when `snapshot` was taken.
    pub fn get_many_at<K: AsRef<[u8]>>(
        &self,
        snapshot: &Snapshot,
        keys: &[K],
    ) -> Result<Vec<Option<Bytes>>> {
        self.check_snapshot(snapshot)?;
        read::get_many(&self.handle.core, keys, Some(snapshot))
    }

    /// The value of `key` if the memtables and the block cache have the answer: no file is asked.
    pub fn get_if_cached(&self, key: &[u8]) -> Result<Cached> {
        read::without_waiting(&self.handle.core, key, None, ReadMode::MemoryOnly)
    }

    /// [`Db::get_if_cached`], of a snapshot.
    pub fn get_if_cached_at(&self, snapshot: &Snapshot, key: &[u8]) -> Result<Cached> {
        self.check_snapshot(snapshot)?;
        read::without_waiting(&self.handle.core, key, Some(snapshot), ReadMode::MemoryOnly)
    }

    /// The value of `key` if it can be had without waiting for a disk: also from what the system
    /// holds of the files in memory, where it can be asked for just that (Linux), as long as it is no
    /// more than 1 MiB. Takes a few microseconds more than [`Db::get_if_cached`] then.
    pub fn try_get(&self, key: &[u8]) -> Result<Cached> {
        read::without_waiting(&self.handle.core, key, None, ReadMode::NoWait)
    }

    /// [`Db::try_get`], of a snapshot.
    pub fn try_get_at(&self, snapshot: &Snapshot, key: &[u8]) -> Result<Cached> {
        self.check_snapshot(snapshot)?;
        read::without_waiting(&self.handle.core, key, Some(snapshot), ReadMode::NoWait)
    }

    /// Gives `key` a value.
    pub fn put(&self, key: &[u8], value: &[u8], options: impl Into<WriteOptions>) -> Result<()> {
        let mut batch = WriteBatch::with_capacity(key.len() + value.len() + 16);
        batch.put(key, value);
        self.write(batch, options)
    }

    /// Takes `key`'s value away. No error where it has none.
    pub fn delete(&self, key: &[u8], options: impl Into<WriteOptions>) -> Result<()> {
        let mut batch = WriteBatch::with_capacity(key.len() + 16);
        batch.delete(key);
        self.write(batch, options)
    }

    /// Carries out a batch, all of it or nothing.
    pub fn write(&self, batch: WriteBatch, options: impl Into<WriteOptions>) -> Result<()> {
        self.handle.write(batch, options.into())
    }

    /// Carries out a batch on this thread if that needs no waiting, and empties it; otherwise answers
    /// [`Error::WouldBlock`] and leaves the batch as it was: then [`Db::write`] is the call to make.
    /// [`crate::Durability::Sync`] always waits for the disk and is always refused here, and so is a
    /// batch of more than [`crate::TRY_WRITE_LIMIT`] bytes, which takes milliseconds.
    ///
    /// On a full disk it removes nothing to make room: that is left to the background, or for a batch
    /// of deletions to [`Db::write`].
    ///
    /// Every other error is one that [`Db::write`] gives too, and leaves the batch as it was:
    /// nothing of it was written.
    pub fn try_write(
        &self,
        batch: &mut WriteBatch,
        options: impl Into<WriteOptions>,
    ) -> Result<()> {
        self.handle.try_write(batch, options.into())
    }

    /// A cursor over a range, as it is now.
    pub fn iter(&self, range: impl Into<Range>) -> Result<DbIterator> {
        read::iterator(&self.handle.core, range.into(), None)
    }

    /// A cursor over a range, as it was when `snapshot` was taken.
    pub fn iter_at(&self, snapshot: &Snapshot, range: impl Into<Range>) -> Result<DbIterator> {
        self.check_snapshot(snapshot)?;
        read::iterator(&self.handle.core, range.into(), Some(snapshot))
    }

    /// The entries of a range in key order, as they are now: `db.range("a".."b")`, and with `.rev()`
    /// behind it from the last to the first.
    pub fn range(&self, range: impl Into<Range>) -> Result<Entries> {
        Ok(Entries::forward(self.iter(range)?))
    }

    /// The entries of a range, as they were when `snapshot` was taken.
    pub fn range_at(&self, snapshot: &Snapshot, range: impl Into<Range>) -> Result<Entries> {
        Ok(Entries::forward(self.iter_at(snapshot, range)?))
    }

    /// Holds the database as it is now, for reading.
    pub fn snapshot(&self) -> Result<Snapshot> {
        self.handle.core.check_open()?;
        Ok(Snapshot::new(Arc::clone(&self.handle.core)))
    }

    /// Bytes on the disk of the keys from `from` up to `to`, roughly.
    pub fn approximate_size(&self, from: &[u8], to: &[u8]) -> Result<u64> {
        read::approximate_size(&self.handle.core, from, to)
    }

    /// Compacts the keys of a range, both ends included, down to the deepest level that has any:
    /// what was deleted or overwritten in it is then gone from the disk, unless a snapshot, an iterator
    /// or [`Entries`] that is still open holds it: that goes from the disk once they are dropped. `None` is no bound. A range that ends before it begins is empty, and nothing
    /// is done.
    ///
    /// On a full disk it is tried a second time at once, in the space that the first attempt has
    /// freed. If that ends in `ENOSPC` too, try again after deleting more; [`Options::reserve_size`]
    /// says how much space it takes.
    pub fn compact_range(&self, from: Option<&[u8]>, to: Option<&[u8]>) -> Result<()> {
        self.handle.compact_range(from, to)
    }

    /// Makes everything written so far durable. [`Error::ReadOnly`] for a database that was opened
    /// read-only.
    pub fn sync(&self) -> Result<()> {
        self.handle.sync()
    }

    /// Writes what is in memory to tables. [`Error::ReadOnly`] for a database that was opened
    /// read-only.
    pub fn flush(&self) -> Result<()> {
        self.handle.flush()
    }

    /// A property by name; `None` for names that mean nothing.
    ///
    /// | name | what |
    /// | --- | --- |
    /// | `leveldb.stats` | a table for humans: for each level that has any, its number, its files, their size in MiB, and the deletions in them as far as they are known |
    /// | `leveldb.sstables` | every table: number, size, first and last key. It shows keys of the user: keep it out of what strangers read |
    /// | `leveldb.num-files-at-levelN` | the tables of level N, from 0 to 6 |
    /// | `leveldb.approximate-memory-usage` | bytes of memtables, cached blocks, and the indexes and filters of open tables; a compaction under way is not in it |
    pub fn property(&self, name: &str) -> Result<Option<String>> {
        property::property(&self.handle.core, name)
    }

    /// A consistent copy in a new directory, made while the database is in use. Tables are shared
    /// by hard links where the file system can, and copied where not. Its directories are made; one
    /// that has files already, or in which another checkpoint is being made, is
    /// [`Error::AlreadyExists`], and the database's own is [`Error::InvalidArgument`]. A checkpoint
    /// that fails removes what it has made. What is in memory is flushed first, so a database that
    /// was opened read-only cannot do it: [`Error::ReadOnly`].
    pub fn checkpoint(&self, directory: impl AsRef<Path>) -> Result<()> {
        let directory = directory::resolve(directory.as_ref())?;
        if directory == self.handle.core.directory {
            let what = "a checkpoint cannot be made in the database's own directory";
            return Err(Error::InvalidArgument(what.into()));
        }
        self.handle.flush()?;
        checkpoint::create(&self.handle.core, &directory)
    }

    /// Reads every table of the database whole and reports all damage. What is in memory and in logs
    /// was read when the database was opened.
    pub fn verify(&self) -> Result<VerifyReport> {
        verify::verify(&self.handle.core)
    }

    /// For a database opened read-only: catches up with what its writer has done since. Iterators
    /// and snapshots keep what they had. Says whether anything changed. After an error the handle
    /// shows what it showed before, and refreshing can be tried again. A database opened for writing
    /// is never behind: nothing changes.
    pub fn refresh(&self) -> Result<bool> {
        self.handle.refresh()
    }

    /// The file handles that its file system has open, by kind. A file system that several databases
    /// share counts them all; the default options make one for each.
    pub fn open_files(&self) -> OpenFiles {
        self.handle.core.env.open_files()
    }

    /// [`Error::Moved`] where the directory was moved or removed since the database was opened, whether
    /// or not another has its name now. Then what is written is not found under that name, and what
    /// needs a new file fails.
    pub fn check_place(&self) -> Result<()> {
        self.handle.core.lock.lock().as_ref().map_or(Ok(()), Held::check)
    }

    /// How the background is doing.
    pub fn health(&self) -> Health {
        self.handle.core.health()
    }

    /// What opening found in the logs.
    pub fn recovery_report(&self) -> &RecoveryReport {
        &self.handle.core.recovery
    }

    /// Closes the database: waits for what is under way, makes the log durable, ends the threads and
    /// releases the lock. Everything after that is [`Error::Closed`]. A compaction, a checkpoint or a
    /// verification under way ends early, with that error.
    ///
    /// An error says that what was acknowledged could not be made durable: it is as safe as
    /// [`crate::Durability::Process`]. The database is closed all the same, and closing it again
    /// gives the same answer. Dropping the last handle closes it too, and tells nobody of an error.
    ///
    /// Tables that a compaction has replaced stay while an iterator or [`Entries`] holds them. If that
    /// is still so when the database is closed, the next opening removes them: once the lock is
    /// released, the directory may be somebody else's.
    pub fn close(&self) -> Result<()> {
        self.handle.close()
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.handle.core.is_closed()
    }

    fn check_snapshot(&self, snapshot: &Snapshot) -> Result<()> {
        if snapshot.is_of(&self.handle.core) {
            Ok(())
        } else {
            Err(Error::InvalidArgument("the snapshot is of another database".into()))
        }
    }
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Db").field("directory", &self.handle.core.directory).finish_non_exhaustive()
    }
}
