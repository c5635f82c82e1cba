//! What a caller can choose, with the defaults and what each choice costs.

use std::sync::Arc;
use std::time::Duration;

use crate::env::{Env, RealEnv};
use crate::error::{Error, Result};

/// How the blocks of new tables are compressed. Existing tables are read whatever they use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// Not at all.
    None,
    /// Snappy: read by every LevelDB, fast.
    #[default]
    Snappy,
    /// Zstandard at this level, from -7 to 22: smaller. It came to C++ LevelDB after its release
    /// 1.23, so neither that release, nor the npm package `classic-level`, nor rusty-leveldb can read
    /// such tables: whoever chooses it gives up the way back to those.
    Zstd(i32),
}

/// What an acknowledged write survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Durability {
    /// Handed to the system: survives the end of the process, however it ends; a power cut can take
    /// what the system had not written yet.
    #[default]
    Process,
    /// The same, and made durable in the background within [`Options::sync_interval`]: a power cut
    /// takes at most that much time's writes.
    Interval,
    /// On the disk before the answer: survives a power cut.
    Sync,
}

/// What opening does with damage inside a write-ahead log. A log that merely ends in the middle of
/// its last record is what a crash leaves, and opens always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogRecovery {
    /// Opening fails and says where the damage is. Nothing is changed.
    #[default]
    Strict,
    /// Every record that can still be proven is kept, what cannot be read is skipped, and what was
    /// lost is reported by [`crate::Db::recovery_report`].
    Salvage,
}

/// How a database is opened. Values outside the limits named here are
/// [`Error::InvalidArgument`] before anything is touched.
#[derive(Debug, Clone)]
pub struct Options {
    /// Make the database where there is none. Default: false.
    pub create_if_missing: bool,
    /// Fail where there is one. Not together with [`Options::read_only`]. Default: false.
    pub error_if_exists: bool,
    /// Open for reading beside whoever writes: takes no lock and changes nothing in the directory,
    /// whatever [`Options::create_if_missing`] says.
    /// [`crate::Db::refresh`] catches up with the writer.
    ///
    /// A follower opens every table at once and keeps it open, whatever
    /// [`Options::max_open_files`] says: the writer may remove a file at any time, and what is open
    /// stays readable. So it needs a file handle for each table, and memory for its index and filter;
    /// where the process may not have so many, opening and refreshing fail with [`Error::Io`] and
    /// `EMFILE`. Larger tables ([`Options::target_file_size`] of the writer) need fewer handles.
    /// Default: false.
    pub read_only: bool,
    /// Read every table whole when opening and fail on any damage. Checksums of what is read are
    /// verified in any case. Default: false.
    pub paranoid_checks: bool,
    /// What to do with damage inside a log. Default: [`LogRecovery::Strict`].
    pub log_recovery: LogRecovery,
    /// Bytes of writes kept in memory before they become a table: 16 KiB to 1 GiB. Default: 4 MiB.
    pub write_buffer_size: usize,
    /// Memtables that may wait for their flush, besides the one being filled, before writers wait: 1
    /// to 64. Writers are slowed down before that. Default: 4.
    pub max_pending_memtables: usize,
    /// Bytes of what was read that are kept in memory, uncompressed blocks and single values; 0 keeps
    /// nothing. Default: 64 MiB.
    pub block_cache_size: usize,
    /// Table files kept open; a table that is open keeps its index and filter in memory. Less than 16
    /// count as 16, and a compaction or an open iterator holds the tables that it reads besides. A
    /// database opened with [`Options::read_only`] does not heed it: it holds all of its tables open.
    /// Default: 1,000.
    pub max_open_files: usize,
    /// Bytes of a data block before compression, 256 bytes to 64 MiB; what is below 1 KiB counts as
    /// 1 KiB and what is above 4 MiB as 4 MiB, as it does for LevelDB. Default: 4 KiB.
    pub block_size: usize,
    /// Keys between restart points of a block: 1 to 65,536. Default: 16.
    pub block_restart_interval: usize,
    /// Compression of new tables. Default: [`Compression::Snappy`].
    pub compression: Compression,
    /// Bits a key in the bloom filter of new tables, at most 64; 0 makes no filter. Default: 10.
    pub bloom_bits_per_key: usize,
    /// Bytes of a table that a compaction makes: 64 KiB to 4 GiB. Default: 8 MiB.
    pub target_file_size: u64,
    /// How old a [`Durability::Interval`] write can be before it is made durable. Default: 100 ms.
    pub sync_interval: Duration,
    /// Within this time of a deletion, give or take the ten seconds at which the background looks
    /// around and the time of the compactions themselves, the value it deleted is gone from the
    /// tables and logs, if no snapshot, iterator or [`crate::Entries`] that is still open holds it.
    /// Tables of other writers do not say what they hold: theirs go when they are compacted.
    /// Default: one hour.
    pub erase_within: Duration,
    /// The file that is kept to be given up when the disk is full, so that closing, deleting and
    /// compacting still work. It is written whole when the database is opened. The deletion that
    /// finds the disk full is made in this space at once. While the disk is too full to put it
    /// aside, writes other than deletions are refused.
    ///
    /// What is done on a full disk is done in this space: a flush needs the size of a memtable, and a
    /// compaction writes its new tables before the old ones go. With less than it needs,
    /// [`crate::Db::compact_range`] can still end in `ENOSPC`, and more has to be deleted, or
    /// room to be made elsewhere, before it is tried again. Default: none.
    pub reserve_size: ReserveSize,
    /// The file system. Default: the real one.
    pub env: Arc<dyn Env>,
}

/// How much space is put aside for a full disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReserveSize {
    /// So much, up to 1 GiB; 0 is none.
    Bytes(u64),
    /// What making room takes: a memtable, a table, and 1 MiB for deletions. But 1 MiB as long as there
    /// is plenty of room on the disk, and of a small disk no more than a third. It is put aside whole or not at all.
    Auto,
}

/// How a write is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WriteOptions {
    /// What the write survives once it is acknowledged.
    pub durability: Durability,
}

impl From<Durability> for WriteOptions {
    fn from(durability: Durability) -> Self {
        Self { durability }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            create_if_missing: false,
            error_if_exists: false,
            read_only: false,
            paranoid_checks: false,
            log_recovery: LogRecovery::default(),
            write_buffer_size: 4 << 20,
            max_pending_memtables: 4,
            block_cache_size: 64 << 20,
            max_open_files: 1_000,
            block_size: 4 << 10,
            block_restart_interval: 16,
            compression: Compression::default(),
            bloom_bits_per_key: 10,
            target_file_size: 8 << 20,
            sync_interval: Duration::from_millis(100),
            erase_within: Duration::from_secs(3_600),
            reserve_size: ReserveSize::Bytes(0),
            env: Arc::new(RealEnv::new()),
        }
    }
}

impl Options {
    /// Refuses values that cannot work.
    pub(crate) fn check(&self) -> Result<()> {
        let wrong = |what: &str| Err(Error::InvalidArgument(what.to_owned()));
        if !(16 << 10..=1 << 30).contains(&self.write_buffer_size) {
            return wrong("write_buffer_size must be between 16 KiB and 1 GiB");
        }
        if !(256..=64 << 20).contains(&self.block_size) {
            return wrong("block_size must be between 256 bytes and 64 MiB");
        }
        if !(1..=1 << 16).contains(&self.block_restart_interval) {
            return wrong("block_restart_interval must be between 1 and 65,536");
        }
        if !(64 << 10..=1 << 32).contains(&self.target_file_size) {
            return wrong("target_file_size must be between 64 KiB and 4 GiB");
        }
        if matches!(self.reserve_size, ReserveSize::Bytes(size) if size > 1 << 30) {
            return wrong("reserve_size must be at most 1 GiB");
        }
        if self.read_only && self.error_if_exists {
            return wrong("what is opened read-only must exist");
        }
        if self.max_pending_memtables == 0 || self.max_pending_memtables > 64 {
            return wrong("max_pending_memtables must be between 1 and 64");
        }
        if self.bloom_bits_per_key > 64 {
            return wrong("bloom_bits_per_key must be at most 64");
        }
        if let Compression::Zstd(level) = self.compression
            && !(-7..=22).contains(&level)
        {
            return wrong("a zstd level must be between -7 and 22");
        }
        Ok(())
    }
}
