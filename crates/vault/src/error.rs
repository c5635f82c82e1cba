//! What can go wrong. Messages name files and kinds, never ids, peers, content or keys.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sigil_leveldb::IoOperation;

use crate::layout::Kind;

/// The result of every fallible operation of the crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that the storage reports. Cheap to clone: one failed commit answers many writers.
#[non_exhaustive]
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The password does not open the store, or the backup.
    #[error("the password is wrong")]
    KeyWrong,

    /// There is data, and the file with its keys is gone.
    #[error("there is data in {} and no header that has its keys", .0.display())]
    HeaderMissing(PathBuf),

    /// There is a header, and the data that it names is gone.
    #[error("there is a header in {} and its data is gone", .0.display())]
    DataMissing(PathBuf),

    /// No copy of the header can be trusted, or the two contradict each other.
    #[error("the header in {} is damaged", .0.display())]
    HeaderDamaged(PathBuf),

    /// The header, or a backup, was written by a later version.
    #[error("{} has a format that this version does not know", .0.display())]
    Unsupported(PathBuf),

    /// A database that is not encrypted stands where an encrypted one was asked for.
    #[error("the database in {} is not encrypted", .0.display())]
    NotEncrypted(PathBuf),

    /// The files are older than the host's counter says.
    #[error("the store was put back to an older state: it is at epoch {found}, not {expected}")]
    RolledBack {
        /// The epoch of the files.
        found: u64,
        /// The epoch that the host remembers.
        expected: u64,
    },

    /// A record is there and cannot be decrypted, or contradicts what points to it.
    #[error("a {0} cannot be read: it was damaged or put in the place of another")]
    Unreadable(Kind),

    /// A backup is not whole.
    #[error("the backup {} is damaged: {what}", path.display())]
    BackupDamaged {
        /// The backup.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },

    /// A value beyond the limit.
    #[error("{size} bytes are more than the limit of {limit}")]
    TooLarge {
        /// The value's size.
        size: usize,
        /// The limit.
        limit: usize,
    },

    /// An argument that can never work.
    #[error("invalid argument: {0}")]
    Invalid(String),

    /// Something else that a cursor or a call names is not there.
    #[error("there is no such message")]
    NotFound,

    /// The store was closed.
    #[error("the store is closed")]
    Closed,

    /// The system has no random numbers.
    #[error("the system gives no random numbers")]
    Random,

    /// The key has encrypted as much as one key may.
    #[error("the key has been used as often as it may be; rotate it")]
    KeyExhausted,

    /// What the engine says.
    #[error(transparent)]
    Engine(#[from] sigil_leveldb::Error),
}

impl Error {
    /// Gives an error of the system its operation and path; for use with `map_err`.
    pub(crate) fn io(operation: IoOperation, path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| {
            Self::Engine(sigil_leveldb::Error::Io {
                operation,
                path: path.to_path_buf(),
                source: Arc::new(source),
            })
        }
    }

    /// Whether it concerns what was read rather than the whole store: other records may be fine.
    pub(crate) fn is_damage(&self) -> bool {
        matches!(self, Self::Unreadable(_) | Self::Engine(sigil_leveldb::Error::Corruption { .. }))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Message => "message",
            Self::Session => "session",
            Self::Proof => "proof",
            Self::Peer => "peer",
        })
    }
}
