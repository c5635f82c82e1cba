//! What can go wrong, in the shape a caller needs to act on it.
//!
//! Three rules hold everywhere in the crate. Bytes that cannot be trusted are a
//! [`Error::Corruption`], never a panic and never "not found". An error of the system keeps its
//! operation, path and errno. Messages name files and offsets, never keys or values: they end up
//! in logs that are less protected than the data.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The result of every fallible operation of the engine.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that the engine reports. Cheap to clone, because one failed group commit answers
/// every writer of the group.
#[non_exhaustive]
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// Bytes on the disk are not what the format or their checksum says. [`crate::repair`] saves what
    /// can be read.
    #[error("corruption in {}{}: {kind}", path.display(), At(*offset))]
    Corruption {
        /// The damaged file.
        path: PathBuf,
        /// Where in the file the damage was noticed, where that is known.
        offset: Option<u64>,
        /// What is wrong.
        kind: CorruptionKind,
    },

    /// The system refused an operation.
    #[error("{operation} {}: {source}", path.display())]
    Io {
        /// What was being done.
        operation: IoOperation,
        /// The file or directory it was done to.
        path: PathBuf,
        /// The system's answer; `kind()` and `raw_os_error()` tell them apart.
        source: Arc<io::Error>,
    },

    /// Another process, or another handle in this one, has the directory open for writing.
    #[error("LOCK: {} is held by {}", path.display(), Holder(*holder))]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// The process that holds it, where the system tells.
        holder: Option<u32>,
    },

    /// This process has a database open whose directory was moved or removed since. Until that is
    /// closed, no other is opened in its place: it would get the files of both.
    #[error(
        "LOCK: the directory of {} was moved or removed while this process had the database open, \
         which has to be closed first",
        path.display()
    )]
    Moved {
        /// The name that the lock file had.
        path: PathBuf,
    },

    /// The directory holds no database and `create_if_missing` is off.
    #[error("no database in {}", path.display())]
    DoesNotExist {
        /// The directory.
        path: PathBuf,
    },

    /// The directory holds a database and `error_if_exists` is on.
    #[error("a database exists already in {}", path.display())]
    AlreadyExists {
        /// The directory.
        path: PathBuf,
    },

    /// The handle was closed.
    #[error("the database is closed")]
    Closed,

    /// A write to a database that was opened read-only.
    #[error("the database is open read-only")]
    ReadOnly,

    /// An argument that can never work, whatever the state of the database.
    #[error("invalid argument: {0}")]
    InvalidArgument(String),

    /// The directory was written in a way that this engine does not read, such as with another
    /// comparator.
    #[error("unsupported: {0}")]
    Unsupported(String),

    /// The call must not wait, and could not be done without waiting. Only calls that promise not to
    /// wait give it.
    #[error("the operation would have to wait")]
    WouldBlock,
}

/// What is wrong with bytes that were read.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CorruptionKind {
    /// A stored checksum does not match the bytes it covers.
    Checksum,
    /// A length, offset or count points outside of what holds it.
    BadLength,
    /// A record, block or field type that the format does not have.
    UnknownType,
    /// A magic number or a fixed text is missing.
    BadMagic,
    /// Compressed bytes do not decompress.
    Compression,
    /// Keys are not in order, or a key is shorter than the format allows.
    BadKey,
    /// A log record ends before its last fragment, with valid data behind it.
    Fragmented,
    /// A file that the manifest or a log names is not there.
    MissingFile,
    /// A file is longer or shorter than the manifest says.
    WrongSize,
    /// Files on the disk are newer than what the manifest and the logs account for: entries of
    /// one of them were lost.
    LostHistory,
    /// A structure that is whole contradicts another.
    Inconsistent,
}

impl fmt::Display for CorruptionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Checksum => "checksum mismatch",
            Self::BadLength => "a length points outside",
            Self::UnknownType => "unknown type",
            Self::BadMagic => "not the expected kind of file",
            Self::Compression => "compressed bytes do not decompress",
            Self::BadKey => "malformed or misplaced key",
            Self::Fragmented => "a record is missing fragments",
            Self::MissingFile => "the file is missing",
            Self::WrongSize => "the file's size is not what was recorded",
            Self::LostHistory => "entries that other files depend on are missing",
            Self::Inconsistent => "contradicts what is recorded elsewhere",
        })
    }
}

/// The operation that the system refused.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IoOperation {
    /// Opening a file for reading.
    Open,
    /// Creating a file for writing.
    Create,
    /// Reading.
    Read,
    /// Writing.
    Write,
    /// Making a file's content durable.
    Sync,
    /// Making a directory's entries durable.
    SyncDir,
    /// Cutting a file to a length.
    Truncate,
    /// Renaming a file.
    Rename,
    /// Linking a file under a second name.
    Link,
    /// Removing a file.
    Remove,
    /// Listing a directory.
    List,
    /// Making a directory.
    CreateDir,
    /// Asking for a file's size.
    Stat,
    /// Locking.
    Lock,
    /// Starting a background thread.
    Spawn,
}

impl fmt::Display for IoOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Create => "create",
            Self::Read => "read",
            Self::Write => "write",
            Self::Sync => "sync",
            Self::SyncDir => "sync directory",
            Self::Truncate => "truncate",
            Self::Rename => "rename",
            Self::Link => "link",
            Self::Remove => "remove",
            Self::List => "list",
            Self::CreateDir => "create directory",
            Self::Stat => "stat",
            Self::Lock => "lock",
            Self::Spawn => "start thread for",
        })
    }
}

impl Error {
    /// A corruption of `path`, noticed at `offset`.
    pub(crate) fn corruption(
        path: &Path,
        offset: impl Into<Option<u64>>,
        kind: CorruptionKind,
    ) -> Self {
        Self::Corruption { path: path.to_path_buf(), offset: offset.into(), kind }
    }

    /// Gives an error of the system its operation and path; for use with `map_err`.
    pub(crate) fn io(operation: IoOperation, path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Io { operation, path: path.to_path_buf(), source: Arc::new(source) }
    }

    /// Whether bytes on the disk are damaged.
    pub fn is_corruption(&self) -> bool {
        matches!(self, Self::Corruption { .. })
    }

    /// The system's kind of error, where the system is the cause.
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        match self {
            Self::Io { source, .. } => Some(source.kind()),
            _ => None,
        }
    }

    /// The system's error number, where the system is the cause.
    pub fn errno(&self) -> Option<i32> {
        match self {
            Self::Io { source, .. } => source.raw_os_error(),
            _ => None,
        }
    }

    /// Whether the cause is a lack of space: a full disk or a used-up quota.
    pub fn is_out_of_space(&self) -> bool {
        matches!(
            self.io_kind(),
            Some(
                io::ErrorKind::StorageFull
                    | io::ErrorKind::QuotaExceeded
                    | io::ErrorKind::FileTooLarge
            )
        )
    }
}

struct At(Option<u64>);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |offset| write!(f, " at offset {offset}"))
    }
}

struct Holder(Option<u32>);

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(pid) if pid == std::process::id() => write!(f, "process {pid} (this process)"),
            Some(pid) => write!(f, "process {pid}"),
            None => f.write_str("another holder"),
        }
    }
}
