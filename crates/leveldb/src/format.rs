//! The constants of the on-disk format and the limits of the engine, in one place, with the
//! relations between them checked when the crate is compiled. `docs/format/leveldb.md` has the
//! layouts.

/// Logs and manifests are read and written in blocks of this size.
pub(crate) const LOG_BLOCK_SIZE: usize = 32 * 1024;

/// A log record's header: checksum (4), length (2), type (1).
pub(crate) const LOG_HEADER_SIZE: usize = 7;

/// A block's trailer in a table: compression type (1), checksum (4).
pub(crate) const BLOCK_TRAILER_SIZE: usize = 5;

/// A table's footer: two block handles padded to 40 bytes, then the magic number.
pub(crate) const FOOTER_SIZE: usize = 48;

/// The last eight bytes of every table.
pub(crate) const TABLE_MAGIC: u64 = 0xdb47_7524_8b80_fb57;

/// Levels of a version.
pub(crate) const LEVELS: usize = 7;

/// One filter is made for each stretch of this many bytes of data blocks (as a power of two).
pub(crate) const FILTER_BASE_LG: u8 = 11;

/// A batch's header: sequence number (8), count (4).
pub(crate) const BATCH_HEADER_SIZE: usize = 12;

/// The only comparator there is.
pub(crate) const COMPARATOR_NAME: &str = "leveldb.BytewiseComparator";

/// The key of the bloom filter's handle in a table's metaindex.
pub(crate) const BLOOM_META_KEY: &str = "filter.leveldb.BuiltinBloomFilter2";

/// The key of our statistics block's handle in a table's metaindex. Other readers skip it.
pub(crate) const STATISTICS_META_KEY: &str = "sigil.statistics";

/// The largest key that is accepted.
pub const MAX_KEY_SIZE: usize = 64 * 1024 * 1024;

/// The largest value that is accepted.
pub const MAX_VALUE_SIZE: usize = 1024 * 1024 * 1024;

/// The largest batch that is accepted, encoded. Offsets within a batch are 32 bits wide.
pub const MAX_BATCH_SIZE: usize = 2 * 1024 * 1024 * 1024;

/// The largest batch, encoded, that [`crate::Db::try_write`] makes. Writing more takes milliseconds.
pub const TRY_WRITE_LIMIT: usize = 1024 * 1024;

/// The largest block that a reader allocates memory for. A block holds at least one entry, so it
/// must fit the largest key and value.
pub(crate) const MAX_BLOCK_SIZE: u64 = 2 * 1024 * 1024 * 1024;

const _: () = assert!(LOG_BLOCK_SIZE <= u16::MAX as usize);
const _: () = assert!(MAX_BATCH_SIZE <= u32::MAX as usize);
const _: () = assert!(MAX_KEY_SIZE + MAX_VALUE_SIZE + BATCH_HEADER_SIZE + 11 <= MAX_BATCH_SIZE);
const _: () = assert!((MAX_KEY_SIZE + MAX_VALUE_SIZE) as u64 + 64 <= MAX_BLOCK_SIZE);
