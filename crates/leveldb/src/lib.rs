//! A concurrent, crash-safe key-value store in the LevelDB on-disk format.
#![forbid(unsafe_code)]

mod checksum;
mod coding;
mod error;
mod file_name;
mod format;
mod internal_key;
mod iterator;
mod log;
mod options;
mod version;
mod write_batch;

pub mod env;

pub use error::{CorruptionKind, Error, IoOperation, Result};
pub use file_name::FileKind;
pub use format::{MAX_BATCH_SIZE, MAX_KEY_SIZE, MAX_VALUE_SIZE};
pub use options::{Compression, Durability, LogRecovery, Options, WriteOptions};
pub use write_batch::{BatchEntry, WriteBatch};
