//! Options that cannot work are refused before anything is touched.

use sigil_leveldb::env::{Env, MemoryEnv};
use sigil_leveldb::{Compression, Db, Durability, Error, Options};

use super::{DIRECTORY, options};

#[test]
fn options_that_cannot_work_are_refused_and_nothing_is_made() {
    let env = MemoryEnv::new();
    let fine = || options(&env);
    for wrong in [
        Options { write_buffer_size: 0, ..fine() },
        Options { write_buffer_size: (1 << 30) + 1, ..fine() },
        Options { block_size: 0, ..fine() },
        Options { block_size: usize::MAX, ..fine() },
        Options { block_restart_interval: 0, ..fine() },
        Options { block_restart_interval: usize::MAX, ..fine() },
        Options { target_file_size: 0, ..fine() },
        Options { target_file_size: u64::MAX, ..fine() },
        Options { max_pending_memtables: 0, ..fine() },
        Options { max_pending_memtables: 65, ..fine() },
        Options { bloom_bits_per_key: 65, ..fine() },
        Options { compression: Compression::Zstd(23), ..fine() },
        Options { compression: Compression::Zstd(-8), ..fine() },
    ] {
        let opened = Db::open(DIRECTORY, wrong);
        assert!(matches!(opened, Err(Error::InvalidArgument(_))), "{opened:?}");
    }
    assert!(env.list(DIRECTORY.as_ref()).is_err());
}

#[test]
fn the_smallest_and_the_largest_options_work() {
    for (buffer, block, restart, file, pending, bloom, zstd) in
        [(16 << 10, 256, 1, 64 << 10, 1, 0, -7), (1 << 30, 64 << 20, 1 << 16, 1 << 32, 64, 64, 3)]
    {
        let env = MemoryEnv::new();
        let options = Options {
            write_buffer_size: buffer,
            block_size: block,
            block_restart_interval: restart,
            target_file_size: file,
            max_pending_memtables: pending,
            bloom_bits_per_key: bloom,
            compression: Compression::Zstd(zstd),
            block_cache_size: 0,
            max_open_files: 0,
            sync_interval: std::time::Duration::ZERO,
            erase_within: std::time::Duration::ZERO,
            ..options(&env)
        };
        let db = Db::open(DIRECTORY, options).unwrap();
        for index in 0..1_000_u32 {
            db.put(&index.to_be_bytes(), &[1; 100], Durability::Interval).unwrap();
        }
        db.compact_range(None, None).unwrap();
        assert_eq!(db.range(..).unwrap().count(), 1_000);
    }
}
