//! The two engines behind one interface.

use std::path::Path;

use rusty_leveldb::{CompressorId, LdbIterator, compressor::SnappyCompressor};
use sigil_leveldb::{Db, Durability, Options, Range};

const WRITE_BUFFER: usize = 4 << 20;
const BLOCK_CACHE: usize = 8 << 20;
const BLOCK_SIZE: usize = 4 << 10;
const TABLE_SIZE: usize = 8 << 20;

pub(crate) trait Contender {
    fn open(directory: &Path, cache: usize) -> Self;
    fn put(&mut self, key: &[u8], value: &[u8]);
    fn get(&mut self, key: &[u8]) -> Option<usize>;
    /// Reads all entries: their count and bytes.
    fn scan(&mut self) -> (usize, usize);
    /// Waits until nothing is left to be done in the background, so that every contender reads from
    /// a settled database.
    fn settle(&mut self);
}

pub(crate) struct Ours(Db);

impl Contender for Ours {
    fn open(directory: &Path, cache: usize) -> Self {
        let options = Options {
            create_if_missing: true,
            write_buffer_size: WRITE_BUFFER,
            block_cache_size: cache.max(BLOCK_CACHE),
            block_size: BLOCK_SIZE,
            target_file_size: TABLE_SIZE as u64,
            ..Options::default()
        };
        Self(Db::open(directory, options).unwrap())
    }

    fn put(&mut self, key: &[u8], value: &[u8]) {
        self.0.put(key, value, Durability::Process).unwrap();
    }

    fn get(&mut self, key: &[u8]) -> Option<usize> {
        self.0.get(key).unwrap().map(|value| value.len())
    }

    fn scan(&mut self) -> (usize, usize) {
        let mut cursor = self.0.iter(Range::all()).unwrap();
        let (mut count, mut bytes) = (0, 0);
        cursor.seek_to_first().unwrap();
        while cursor.valid() {
            count += 1;
            bytes += cursor.key().len() + cursor.value().len();
            cursor.next().unwrap();
        }
        (count, bytes)
    }

    fn settle(&mut self) {
        self.0.compact_range(None, None).unwrap();
    }
}

pub(crate) struct Rusty(rusty_leveldb::DB);

impl Contender for Rusty {
    fn open(directory: &Path, cache: usize) -> Self {
        let options = rusty_leveldb::Options {
            create_if_missing: true,
            write_buffer_size: WRITE_BUFFER,
            block_cache_capacity_bytes: cache.max(BLOCK_CACHE),
            block_size: BLOCK_SIZE,
            max_file_size: TABLE_SIZE,
            compressor: SnappyCompressor::ID,
            ..rusty_leveldb::Options::default()
        };
        Self(rusty_leveldb::DB::open(directory, options).unwrap())
    }

    fn put(&mut self, key: &[u8], value: &[u8]) {
        self.0.put(key, value).unwrap();
    }

    fn get(&mut self, key: &[u8]) -> Option<usize> {
        self.0.get(key).map(|value| value.len())
    }

    fn scan(&mut self) -> (usize, usize) {
        let mut cursor = self.0.new_iter().unwrap();
        let (mut count, mut bytes) = (0, 0);
        while let Some((key, value)) = cursor.next() {
            count += 1;
            bytes += key.len() + value.len();
        }
        (count, bytes)
    }

    fn settle(&mut self) {
        self.0.compact_range(&[0], &[0xff]).unwrap();
    }
}
