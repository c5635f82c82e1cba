//! Memory has a bound that follows from the options, and a load stays under it.

use std::sync::atomic::{AtomicBool, Ordering};

use sigil_leveldb::env::MemoryEnv;
use sigil_leveldb::{Db, Durability, Options};

use super::{DIRECTORY, noise, options};

#[test]
fn a_load_with_readers_stays_under_the_bound() {
    let options = Options {
        write_buffer_size: 256 << 10,
        max_pending_memtables: 2,
        block_cache_size: 512 << 10,
        max_open_files: 16,
        ..options(&MemoryEnv::new())
    };
    // As ARCHITECTURE.md has it: a memtable goes beyond its size by the write that fills it, and has
    // a filter; one is being filled while others wait.
    let last_write = 704 + 104;
    let filter = (options.write_buffer_size / 10 / 8).next_multiple_of(64);
    let memtables =
        (options.max_pending_memtables + 1) * (options.write_buffer_size + last_write + filter);
    // The block cache, and for each open table its index and filter: here less than 16 KiB of them
    // in 64 KiB.
    let bound = memtables + options.block_cache_size + 16 * (16 << 10);
    let db = Db::open(DIRECTORY, options).unwrap();
    let usage = || {
        db.property("leveldb.approximate-memory-usage").unwrap().unwrap().parse::<usize>().unwrap()
    };
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut index = 0_u32;
            while !done.load(Ordering::Relaxed) {
                db.get(&(index.wrapping_mul(2_654_435_761) % 20_000).to_be_bytes()).unwrap();
                index += 1;
            }
        });
        let mut most = 0;
        for index in 0..20_000_u32 {
            let value = noise(index.into(), 700);
            db.put(&index.to_be_bytes(), &value, Durability::Process).unwrap();
            if index % 50 == 0 {
                most = most.max(usage());
                assert!(most <= bound, "{most} of {bound}");
            }
        }
        done.store(true, Ordering::Relaxed);
        assert!(most > 256 << 10, "{most}: the property counts memtables");
    });
    db.compact_range(None, None).unwrap();
    for index in 0..20_000_u32 {
        db.get(&index.to_be_bytes()).unwrap().unwrap();
    }
    assert!((400 << 10..bound).contains(&usage()), "{}: the property counts blocks", usage());
}
