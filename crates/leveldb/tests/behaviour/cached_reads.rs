//! `get_if_cached` and `try_get` answer at once or not at all: they never wait for a disk, and never
//! say that a key is absent because they did not ask one.

use sigil_leveldb::env::{FaultEnv, MemoryEnv};
use sigil_leveldb::{Cached, Db, Durability, FileKind, IoOperation, Options};

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
    fault.set_cold(true);
    (fault, db)
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
    // The compaction thread opens tables to learn of their deletions; this waits for its end.
    db.compact_range(Some(b"x"), Some(b"y")).unwrap();
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
