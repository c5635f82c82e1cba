//! The memory that a load really takes, counted by the allocator: it follows from the options, not
//! from what is stored. `behaviour/memory_bound.rs` holds what the database says of it to the same.

// A test panics where something is not as it should be.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]
#![allow(unsafe_code, reason = "an allocator that counts passes on to the system's")]

#[path = "common/random.rs"]
mod random;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use random::noise;
use sigil_leveldb::{Db, Durability, Options};

static TAKEN: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: everything is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let taken = TAKEN.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(taken, Ordering::Relaxed);
        // SAFETY: the caller's promises are the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        TAKEN.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises are the same.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const VALUE: usize = 900;

/// Writes and reads so many rows, and gives the most memory that this took.
fn load(rows: u32, write_buffer_size: usize) -> usize {
    let directory = tempfile::tempdir().unwrap();
    let options = Options {
        create_if_missing: true,
        write_buffer_size,
        max_pending_memtables: 2,
        block_cache_size: 1 << 20,
        max_open_files: 16,
        target_file_size: 2 << 20,
        ..Options::default()
    };
    let before = TAKEN.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    let db = Db::open(directory.path(), options).unwrap();
    for index in 0..rows {
        let key = index.wrapping_mul(2_654_435_761).to_be_bytes();
        db.put(&key, &noise(index.into(), VALUE), Durability::Process).unwrap();
        assert!(db.get(&key).unwrap().is_some());
    }
    for index in 0..rows {
        let key = index.wrapping_mul(2_654_435_761).to_be_bytes();
        assert!(db.get(&key).unwrap().is_some());
    }
    assert_eq!(db.range(..).unwrap().count(), rows as usize);
    db.close().unwrap();
    drop(db);
    let left = TAKEN.load(Ordering::Relaxed).saturating_sub(before);
    assert!(left < 256 << 10, "{left} bytes are left when all is closed");
    MOST.load(Ordering::Relaxed) - before
}

#[test]
fn memory_follows_from_the_options() {
    let write_buffer_size = 1_usize << 20;
    // Those that wait, the one that is filled and the one that was just flushed: each takes whole
    // pieces, of which a sixteenth and the last are part unused, and a filter.
    let pieces = (write_buffer_size + write_buffer_size / 16).next_multiple_of(256 << 10);
    let memtables = 4 * (pieces + (256 << 10) + write_buffer_size / 80 + 1024);
    // The cache, the open tables, the inputs of a compaction, of which there are as many as level 0
    // has files before writers are slowed down most and level 1 has tables, what it writes, the scan.
    let rest = (1 << 20) + 16 * (48 << 10) + (36 + 8) * (300 << 10) + (1 << 20);
    for rows in [20_000, 60_000] {
        let most = load(rows, write_buffer_size);
        assert!(most < memtables + rest, "{most} bytes for {rows} rows");
        assert!(most > write_buffer_size, "{most} bytes: they are counted");
    }
}
