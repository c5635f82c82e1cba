//! What a flush writes: what anybody can still read of the memtable, and nothing else.

use std::path::Path;

use sigil_leveldb::env::{Env, MemoryEnv};
use sigil_leveldb::{Db, Durability, Entries, Range, Result};

use super::{DIRECTORY, noise, open};

fn table_bytes(env: &MemoryEnv) -> u64 {
    let names = env.list(DIRECTORY.as_ref()).unwrap().into_iter();
    let tables = names.filter(|name| name.extension().is_some_and(|extension| extension == "ldb"));
    tables.map(|name| env.size(&Path::new(DIRECTORY).join(name)).unwrap()).sum()
}

/// Writes each of ten keys `times` times, and deletes the last five.
fn write_again_and_again(db: &Db, times: u64) {
    for time in 0..times {
        for key in 0..10 {
            db.put(&[key], &value(time, key), Durability::Process).unwrap();
        }
    }
    for key in 5..10 {
        db.delete(&[key], Durability::Process).unwrap();
    }
}

/// Does not compress.
fn value(time: u64, key: u8) -> Vec<u8> {
    noise(time << 8 | u64::from(key), 1_000)
}

fn contents(entries: Entries) -> Vec<(Vec<u8>, Vec<u8>)> {
    let entries: Vec<_> = entries.collect::<Result<_>>().unwrap();
    entries.into_iter().map(|(key, value)| (key.to_vec(), value.to_vec())).collect()
}

#[test]
fn values_that_newer_writes_replaced_are_not_flushed() {
    let env = MemoryEnv::new();
    let db = open(&env);
    write_again_and_again(&db, 5);
    db.flush().unwrap();
    let flushed = table_bytes(&env);
    assert!((5_000..7_000).contains(&flushed), "{flushed} bytes for five values of 1,000");
    let expected: Vec<_> = (0..5).map(|key| (vec![key], value(4, key))).collect();
    assert_eq!(contents(db.range(Range::all()).unwrap()), expected);
}

/// A deletion in the memtable is flushed: what it hides may be in a table.
#[test]
fn a_deletion_is_flushed_with_what_it_hides_left_out() {
    let env = MemoryEnv::new();
    let db = open(&env);
    db.put(b"key", b"in a table", Durability::Process).unwrap();
    db.flush().unwrap();
    db.put(b"key", b"in the memtable", Durability::Process).unwrap();
    db.delete(b"key", Durability::Process).unwrap();
    db.flush().unwrap();
    assert_eq!(db.get(b"key").unwrap(), None);
}

#[test]
fn who_reads_an_older_moment_goes_on_reading_it_after_a_flush() {
    let env = MemoryEnv::new();
    let db = open(&env);
    write_again_and_again(&db, 1);
    let snapshot = db.snapshot().unwrap();
    let before = contents(db.range(Range::all()).unwrap());
    let under_way = db.range(Range::all()).unwrap();
    write_again_and_again(&db, 3);
    let later = db.snapshot().unwrap();
    let after = contents(db.range(Range::all()).unwrap());
    for key in 0..10 {
        db.delete(&[key], Durability::Process).unwrap();
    }
    db.flush().unwrap();
    assert_eq!(contents(under_way), before);
    assert_eq!(contents(db.range_at(&snapshot, Range::all()).unwrap()), before);
    assert_eq!(contents(db.range_at(&later, Range::all()).unwrap()), after);
    assert_eq!(contents(db.range(Range::all()).unwrap()), []);
    // What the snapshots kept goes with them.
    drop((snapshot, later));
    db.compact_range(None, None).unwrap();
    assert_eq!(table_bytes(&env), 0);
}
