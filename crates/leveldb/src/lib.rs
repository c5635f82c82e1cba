//! A concurrent, crash-safe key-value store in the LevelDB on-disk format.
#![forbid(unsafe_code)]
// A panic here would take the host process down, and a library prints nothing. Tests may do both.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::print_stdout,
        clippy::print_stderr
    )
)]

mod checksum;
mod coding;
mod compaction;
mod db;
mod destroy;
mod error;
mod file_name;
mod format;
mod internal_key;
mod iterator;
mod log;
mod memtable;
mod options;
mod repair;
mod table;
mod table_cache;
mod version;
mod write_batch;

pub mod env;

#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;

pub use db::{
    Cached, Db, DbIterator, Entries, Failure, Health, Job, Loss, Range, RecoveryReport, Snapshot,
    VerifyReport,
};
pub use destroy::destroy;
pub use error::{CorruptionKind, Error, IoOperation, Result};
pub use file_name::FileKind;
pub use format::{MAX_BATCH_SIZE, MAX_KEY_SIZE, MAX_VALUE_SIZE};
pub use options::{Compression, Durability, LogRecovery, Options, WriteOptions};
pub use repair::{Damage, RepairReport, inspect, repair};
pub use write_batch::{BatchEntry, WriteBatch};
