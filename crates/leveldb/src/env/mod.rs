//! The seam to the outside: every byte that the engine reads or writes passes through [`Env`].
//!
//! There are three of them: the real file system, one in memory, and one that injects faults and
//! crashes. Nothing else in the crate names `std::fs`. The contract below is what crash safety is
//! argued from, so it is stated once, here:
//!
//! * Bytes appended to a file survive the process as soon as `append` returned, and a power cut as
//!   soon as a later `sync` of the same file returned.
//! * A file's *name* (creation, renaming, removal) survives a power cut only after `sync_dir` of
//!   its directory returned.
//! * After a `sync` that failed, nothing is known of what was appended since the last one that
//!   succeeded, and no later `sync` of that file makes it known again: systems drop the pages.
//! * `rename` replaces its target in one step.

#[cfg(test)]
#[cfg(unix)]
mod agreement_tests;
mod fault;
mod handles;
mod lock;
mod memory;
mod real;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use self::fault::{FaultEnv, FaultPlan, errno};
pub use self::memory::{CrashMode, MemoryEnv};
pub use self::real::RealEnv;

/// A file system. See the module's documentation for what implementations promise.
pub trait Env: fmt::Debug + Send + Sync + 'static {
    /// Opens an existing file for reading at any offset.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadableFile>>;

    /// Creates a file, or empties an existing one, for appending.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn WritableFile>>;

    /// Creates a file for appending where there is none of that name, in one step: of many who try at
    /// once one succeeds, and the others get `ErrorKind::AlreadyExists`.
    fn create_new(&self, path: &Path) -> io::Result<Arc<dyn WritableFile>>;

    /// The names in a directory, in no particular order, without `.` and `..`.
    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>>;

    /// Makes a directory and those above it that are missing. No error where it exists.
    fn create_dir_all(&self, directory: &Path) -> io::Result<()>;

    /// Removes an empty directory.
    fn remove_dir(&self, directory: &Path) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Renames a file, replacing the target in one step.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Gives a file a second name. `ErrorKind::Unsupported` or `CrossesDevices` where the file
    /// system cannot.
    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// A file's size.
    fn size(&self, path: &Path) -> io::Result<u64>;

    /// Which file has this name, and in which state it is.
    fn identity(&self, path: &Path) -> io::Result<FileIdentity>;

    /// Makes the content of a file durable, whoever wrote it: a process that was killed may have
    /// left bytes that can be read and that a power cut would still take.
    fn sync_file(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a directory durable.
    fn sync_dir(&self, directory: &Path) -> io::Result<()>;

    /// The space on the disk that a directory is on, where the system tells.
    fn space(&self, directory: &Path) -> io::Result<Space>;

    /// Takes the lock of a database directory, creating the lock file if need be, without waiting.
    /// Its name is taken with it, and stays so wherever the file goes.
    /// It is let go when the guard is dropped, or by the system when the process ends.
    fn lock(&self, path: &Path) -> Result<Box<dyn LockGuard>, LockError>;

    /// The file handles that are open now, by kind.
    fn open_files(&self) -> OpenFiles;
}

/// A file open for reading. Reads from many threads at once do not disturb each other.
pub trait ReadableFile: fmt::Debug + Send + Sync {
    /// Fills `buffer` from `offset`. The count is less than its length only at the file's end.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// Like `read_at`, but only from the system's memory: `None` where the disk would have to be
    /// asked, or the system cannot tell.
    fn read_at_if_cached(&self, offset: u64, buffer: &mut [u8]) -> io::Result<Option<usize>>;

    /// The file's size now.
    fn size(&self) -> io::Result<u64>;

    /// Which file it is, and in which state.
    fn identity(&self) -> io::Result<FileIdentity>;
}

/// What tells a file from every other, whatever their names, and its states from one another. Two
/// that are equal are the same file with the same content. Two of one file can differ although its
/// content is the same, as after a linking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileIdentity {
    /// The file system that it is on.
    pub volume: u64,
    /// Its number there. A file that is gone and not open any more may leave it to another.
    pub file: u64,
    /// When it last changed, in nanoseconds, or how often.
    pub changed: i128,
    /// Its size.
    pub size: u64,
}

impl FileIdentity {
    /// Whether both are the same file, in whatever state.
    pub fn is_same_file(&self, other: &Self) -> bool {
        (self.volume, self.file) == (other.volume, other.file)
    }
}

/// A file open for appending. One thread appends; others may `sync` at the same time.
pub trait WritableFile: fmt::Debug + Send + Sync {
    /// Appends all of `bytes`. After an error any part of them may stand at the file's end.
    fn append(&self, bytes: &[u8]) -> io::Result<()>;

    /// Makes what was appended before the call durable (`fdatasync`).
    fn sync(&self) -> io::Result<()>;

    /// Cuts the file to `size` bytes; later appends go there.
    fn truncate(&self, size: u64) -> io::Result<()>;
}

/// The space on a disk, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// What files can have altogether.
    pub total: u64,
    /// What this process can still write.
    pub available: u64,
}

/// A lock that is held.
pub trait LockGuard: fmt::Debug + Send + Sync {}

/// Why a lock was not had.
#[derive(Debug)]
pub enum LockError {
    /// Somebody has it.
    Held {
        /// The process, where the system tells.
        holder: Option<u32>,
    },
    /// This process has a lock of that name, on a file that was moved or removed since.
    Moved,
    /// The lock file could not be opened or locked.
    Io(io::Error),
}

impl From<io::Error> for LockError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Open file handles, by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OpenFiles {
    /// Write-ahead logs.
    pub logs: usize,
    /// Tables.
    pub tables: usize,
    /// Manifests.
    pub manifests: usize,
    /// Lock files.
    pub locks: usize,
    /// Anything else.
    pub others: usize,
}

impl OpenFiles {
    /// All of them.
    pub fn total(&self) -> usize {
        self.logs + self.tables + self.manifests + self.locks + self.others
    }
}

/// Reads a whole small file, such as `CURRENT`. A file larger than `limit` is an error, so that
/// damage cannot ask for all memory.
pub(crate) fn read_small_file(env: &dyn Env, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    // Not by its size: a directory has one too, and only reading says what it is.
    let mut bytes = vec![0; limit + 1];
    let read = env.open(path)?.read_at(0, &mut bytes)?;
    if read > limit {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "larger than such a file can be"));
    }
    bytes.truncate(read);
    Ok(bytes)
}
