//! `get_if_cached`, `try_get` and cursors that go `at_once` answer at once or not at all: they never
//! wait for a disk, and never say that a key is absent because they did not ask one.

use sigil_leveldb::env::{FaultEnv, MemoryEnv};
use sigil_leveldb::{Cached, Db, Durability, Error, FileKind, IoOperation, Options, Range};

use super::{DIRECTORY, noise, options};

fn cold() -> (FaultEnv, Db) {
    // One table, so that it is known which blocks opening it reads: the first and the last.
    cold_with(1_000, 1 << 20)
}

/// A database with this many keys, in tables of this size, none of which was read yet.
fn cold_with(keys: u32, table_size: u64) -> (FaultEnv, Db) {
    let fault = FaultEnv::on_memory(MemoryEnv::new());
    // Without a filter no table can tell from memory that it does not have a key.
    let options = Options {
        bloom_bits_per_key: 0,
        max_open_files: 16,
        target_file_size: table_size,
        ..options(&fault)
    };
    let db = Db::open(DIRECTORY, options.clone()).unwrap();
    for index in 0..keys {
        db.put(format!("{index:04}").as_bytes(), &noise(index.into(), 200), Durability::Process)
            .unwrap();
    }
    db.compact_range(None, None).unwrap();
    db.close().unwrap();
    let db = Db::open(DIRECTORY, options).unwrap();
    // The compaction thread opens tables to learn of their deletions: at least one whenever it looks
    // for something to do, and all before it has nothing to do. Each of these has it look once more.
    for _ in 0..tables(&db) {
        db.compact_range(Some(b"none"), Some(b"none")).unwrap();
    }
    fault.set_cold(true);
    (fault, db)
}

fn tables(db: &Db) -> u64 {
    let at = |level| db.property(&format!("leveldb.num-files-at-level{level}")).unwrap().unwrap();
    (0..7).map(|level| at(level).parse::<u64>().unwrap()).sum()
}

#[test]
fn a_cold_key_is_unknown_until_it_was_read() {
    let (_fault, db) = cold();
    assert_eq!(db.get_if_cached(b"0500").unwrap(), Cached::Unknown);
    assert_eq!(db.get_if_cached(b"0500x").unwrap(), Cached::Unknown);
    let value = db.get(b"0500").unwrap().unwrap();
    assert_eq!(db.get_if_cached(b"0500").unwrap(), Cached::Hit(value));
    // The same block says that there is nothing between two of its keys.
    assert_eq!(db.get_if_cached(b"0500x").unwrap(), Cached::Absent);
    // Another block of the table that is open now.
    assert_eq!(db.get_if_cached(b"0300").unwrap(), Cached::Unknown);
}

#[test]
fn the_memtable_answers_whatever_the_tables_would_say() {
    let (_fault, db) = cold();
    db.put(b"0500", b"new", Durability::Process).unwrap();
    db.delete(b"0501", Durability::Process).unwrap();
    assert_eq!(db.get_if_cached(b"0500").unwrap(), Cached::Hit("new".into()));
    assert_eq!(db.get_if_cached(b"0501").unwrap(), Cached::Absent);
    let snapshot = db.snapshot().unwrap();
    db.delete(b"0500", Durability::Process).unwrap();
    assert_eq!(db.get_if_cached(b"0500").unwrap(), Cached::Absent);
    assert_eq!(db.get_if_cached_at(&snapshot, b"0500").unwrap(), Cached::Hit("new".into()));
}

#[test]
fn what_the_system_has_in_memory_needs_no_waiting() {
    let (fault, db) = cold();
    // Opens the tables.
    db.get(b"0000").unwrap().unwrap();
    db.get(b"0999").unwrap().unwrap();
    assert_eq!(db.try_get(b"0100").unwrap(), Cached::Unknown);
    fault.set_cold(false);
    assert_eq!(db.get_if_cached(b"0100").unwrap(), Cached::Unknown);
    assert!(matches!(db.try_get(b"0100").unwrap(), Cached::Hit(_)));
    // What was read is in the block cache now.
    assert!(matches!(db.get_if_cached(b"0100").unwrap(), Cached::Hit(_)));
}

#[test]
fn an_empty_database_knows_that_it_is_empty() {
    let db = Db::open(DIRECTORY, options(&MemoryEnv::new())).unwrap();
    assert_eq!(db.get_if_cached(b"a").unwrap(), Cached::Absent);
}

#[test]
fn a_read_that_may_not_wait_opens_nothing() {
    // More tables than may be open at a time.
    let (fault, db) = cold_with(9_999, 64 << 10);
    let opened = || fault.op_count_of(IoOperation::Open, Some(FileKind::Table(0)));
    let before = opened();
    let mut unknown = 0;
    for index in 0..9_999_u32 {
        match db.try_get(format!("{index:04}").as_bytes()).unwrap() {
            Cached::Unknown => unknown += 1,
            Cached::Hit(_) => {}
            Cached::Absent => panic!("{index} is there"),
        }
    }
    assert_eq!(opened(), before);
    assert!(unknown > 5_000, "{unknown}");
}

/// Goes through a range, from one end to the other; how far, and what ended it.
fn walk(db: &Db, steps: u32, backward: bool) -> (u32, Result<(), Error>) {
    let mut seen = 0;
    let mut cursor = match db.iter(Range::all().fill_cache(true).at_once(steps)) {
        Ok(cursor) => cursor,
        Err(error) => return (0, Err(error)),
    };
    let mut moved = if backward { cursor.seek_to_last() } else { cursor.seek_to_first() };
    while moved.is_ok() && cursor.valid() {
        seen += 1;
        moved = if backward { cursor.prev() } else { cursor.next() };
    }
    assert!(!cursor.valid() && cursor.key().is_empty());
    (seen, moved)
}

#[test]
fn a_cursor_that_may_not_wait_says_where_it_would_have_to() {
    let (fault, db) = cold();
    // What is in the first block, which was read when the table was opened.
    let (seen, ended) = walk(&db, u32::MAX, false);
    assert!((1..100).contains(&seen) && matches!(ended, Err(Error::WouldBlock)), "{seen}");
    // Opens all tables, and has some of their blocks in the cache.
    for index in (0..1_000).step_by(100).chain([999]) {
        db.get(format!("{index:04}").as_bytes()).unwrap().unwrap();
    }
    for backward in [false, true] {
        let (seen, ended) = walk(&db, u32::MAX, backward);
        assert!((1..100).contains(&seen) && matches!(ended, Err(Error::WouldBlock)), "{seen}");
    }
    fault.set_cold(false);
    let (seen, ended) = walk(&db, u32::MAX, false);
    assert_eq!(seen, 1_000);
    ended.unwrap();
    // All of it is in the block cache now.
    fault.set_cold(true);
    assert_eq!(walk(&db, u32::MAX, true).0, 1_000);
}

#[test]
fn a_cursor_that_may_not_take_long_counts_what_it_does_not_show() {
    let db = Db::open(DIRECTORY, options(&MemoryEnv::new())).unwrap();
    for index in 0..100_u32 {
        db.put(&index.to_be_bytes(), b"", Durability::Process).unwrap();
    }
    for backward in [false, true] {
        let (seen, ended) = walk(&db, 60, backward);
        assert!((59..=61).contains(&seen) && matches!(ended, Err(Error::WouldBlock)), "{seen}");
        let (seen, ended) = walk(&db, 200, backward);
        assert_eq!(seen, 100);
        ended.unwrap();
    }
    for index in 10..100_u32 {
        db.delete(&index.to_be_bytes(), Durability::Process).unwrap();
    }
    for (backward, first) in [(false, 10), (true, 0)] {
        let (seen, ended) = walk(&db, 60, backward);
        assert_eq!(seen, first);
        assert!(matches!(ended, Err(Error::WouldBlock)), "{ended:?}");
        assert_eq!(walk(&db, 300, backward).0, 10);
    }
}

#[test]
fn a_large_block_is_not_read_at_once() {
    let env = MemoryEnv::new();
    let db = Db::open(DIRECTORY, options(&env)).unwrap();
    db.put(b"large", &noise(1, 2 << 20), Durability::Process).unwrap();
    db.put(b"small", &noise(2, 2 << 10), Durability::Process).unwrap();
    db.compact_range(None, None).unwrap();
    db.close().unwrap();
    // Without a cache, so that it is read each time.
    let db = Db::open(DIRECTORY, Options { block_cache_size: 0, ..options(&env) }).unwrap();
    // Opens the tables.
    db.get(b"large").unwrap().unwrap();
    db.get(b"small").unwrap().unwrap();
    assert_eq!(db.try_get(b"large").unwrap(), Cached::Unknown);
    assert!(matches!(db.try_get(b"small").unwrap(), Cached::Hit(_)));
    assert!(matches!(walk(&db, 10, false), (0, Err(Error::WouldBlock))));
    // A newer version of the small one might be in it.
    assert!(matches!(walk(&db, 10, true), (0, Err(Error::WouldBlock))));
}
