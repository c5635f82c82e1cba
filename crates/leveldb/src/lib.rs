//! A concurrent, crash-safe key-value store in the LevelDB on-disk format.
//!
//! ```
//! use sigil_leveldb::{Db, Durability, Options, Range, WriteBatch};
//!
//! # fn main() -> sigil_leveldb::Result<()> {
//! # let directory = tempfile::tempdir().unwrap();
//! let db = Db::open(directory.path(), Options { create_if_missing: true, ..Options::default() })?;
//! db.put(b"key", b"value", Durability::Sync)?;
//! assert_eq!(db.get(b"key")?.as_deref(), Some(b"value".as_slice()));
//!
//! let mut batch = WriteBatch::new();
//! batch.put(b"user:1", b"Ada");
//! batch.put(b"user:2", b"Grace");
//! batch.delete(b"key");
//! db.write(batch, Durability::Process)?;
//!
//! let mut users = db.iter(Range::prefix(b"user:"))?;
//! users.seek_to_first()?;
//! while users.valid() {
//!     println!("{:?} = {:?}", users.key(), users.value());
//!     users.next()?;
//! }
//! db.close()
//! # }
//! ```
//!
//! The directory can be opened by C++ LevelDB (and what is built on it, such as the `level` npm
//! package) before and after, in turns. `ARCHITECTURE.md` beside the manifest of this crate follows
//! a put and a get through the files.
#![forbid(unsafe_code)]

// In the order of ARCHITECTURE.md: each uses those above it.
mod checksum;
mod coding;
mod format;

mod error;
mod file_name;
mod internal_key;
mod key_digest;
mod key_hash;

pub mod env;

mod directory;
mod options;

mod log;
mod lookup;

mod write_batch;

mod iterator;
mod memtable;

mod table;

mod version;

mod compaction;
mod db;

mod destroy;
mod repair;

#[cfg(test)]
#[path = "../tests/common/random.rs"]
mod random;

/// The examples of the README, which are compiled and run with those of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;

pub use bytes::Bytes;
pub use db::{
    Cached, Db, DbIterator, Entries, Failure, Fault, Health, Job, Loss, Range, RecoveryReport,
    Snapshot, VerifyReport,
};
pub use destroy::destroy;
pub use error::{CorruptionKind, Error, IoOperation, Result};
pub use file_name::FileKind;
pub use format::{MAX_BATCH_SIZE, MAX_KEY_SIZE, MAX_VALUE_SIZE, TRY_WRITE_LIMIT};
pub use options::{Compression, Durability, LogRecovery, Options, ReserveSize, WriteOptions};
pub use repair::{Damage, RepairReport, inspect, repair};
pub use write_batch::{BatchEntry, WriteBatch};
