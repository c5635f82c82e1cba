//! What point reads find again and again is kept by its key, past the tables. It is told as long as
//! it is the newest, and to nobody who must not see it yet.

use sigil_leveldb::env::{FaultEnv, MemoryEnv};
use sigil_leveldb::{Cached, Db, Durability, Options};

use super::{DIRECTORY, noise, open, options};

const KEY: &[u8] = b"0500";

/// A database in whose tables all keys have values.
fn filled(db: &Db) {
    for index in 0..1_000_u32 {
        let value = noise(index.into(), 200);
        db.put(format!("{index:04}").as_bytes(), &value, Durability::Process).unwrap();
    }
    db.flush().unwrap();
}

/// Reads it so often that it is kept.
fn read(db: &Db) -> Option<Vec<u8>> {
    let values = [(); 4].map(|()| db.get(KEY).unwrap().map(|value| value.to_vec()));
    assert!(values.windows(2).all(|pair| pair[0] == pair[1]));
    values[0].clone()
}

#[test]
fn a_key_that_is_read_again_and_again_needs_no_block() {
    let fault = FaultEnv::on_memory(MemoryEnv::new());
    let options = Options { block_cache_size: 64 << 10, ..options(&fault) };
    let db = Db::open(DIRECTORY, options).unwrap();
    filled(&db);
    db.compact_range(None, None).unwrap();
    read(&db).unwrap();
    assert!(matches!(db.get_if_cached(b"0501").unwrap(), Cached::Hit(_)));
    // More blocks than the cache holds. The one of the key is asked for no more, and falls out.
    for round in 0..3_000_u32 {
        let other = (round * 7) % 400;
        db.get(format!("{other:04}").as_bytes()).unwrap().unwrap();
        assert!(matches!(db.get_if_cached(KEY).unwrap(), Cached::Hit(_)));
    }
    assert_eq!(db.get_if_cached(b"0501").unwrap(), Cached::Unknown);
    assert_eq!(read(&db).unwrap(), noise(500, 200));
}

#[test]
fn what_is_written_later_is_what_is_read() {
    let db = open(&MemoryEnv::new());
    filled(&db);
    for round in 0..4_u8 {
        db.put(KEY, &[round; 100], Durability::Process).unwrap();
        assert_eq!(read(&db).unwrap(), [round; 100]);
        db.flush().unwrap();
        assert_eq!(read(&db).unwrap(), [round; 100]);
        db.compact_range(None, None).unwrap();
        assert_eq!(read(&db).unwrap(), [round; 100]);
        db.delete(KEY, Durability::Process).unwrap();
        assert_eq!(read(&db), None);
        db.flush().unwrap();
        assert_eq!(read(&db), None);
        db.compact_range(None, None).unwrap();
        assert_eq!(read(&db), None);
    }
}

#[test]
fn a_snapshot_reads_what_was_and_leaves_no_trace_of_it() {
    let db = open(&MemoryEnv::new());
    filled(&db);
    let before = db.snapshot().unwrap();
    let at = |snapshot| db.get_at(snapshot, KEY).unwrap().map(|value| value.to_vec());
    for _ in 0..4 {
        assert_eq!(at(&before).unwrap(), noise(500, 200));
    }
    db.put(KEY, b"later", Durability::Process).unwrap();
    db.flush().unwrap();
    let between = db.snapshot().unwrap();
    for _ in 0..4 {
        assert_eq!(at(&before).unwrap(), noise(500, 200));
    }
    assert_eq!(read(&db).unwrap(), b"later");
    db.delete(KEY, Durability::Process).unwrap();
    db.flush().unwrap();
    assert_eq!(read(&db), None);
    for _ in 0..4 {
        assert_eq!(at(&before).unwrap(), noise(500, 200));
        assert_eq!(at(&between).unwrap(), b"later");
    }
    drop((before, between));
    db.compact_range(None, None).unwrap();
    assert_eq!(read(&db), None);
}

#[test]
fn a_database_that_is_opened_with_writes_in_its_log_reads_those() {
    let env = MemoryEnv::new();
    let db = open(&env);
    filled(&db);
    read(&db).unwrap();
    db.put(KEY, b"in the log", Durability::Process).unwrap();
    db.close().unwrap();
    let db = open(&env);
    assert_eq!(read(&db).unwrap(), b"in the log");
    db.flush().unwrap();
    assert_eq!(read(&db).unwrap(), b"in the log");
}
