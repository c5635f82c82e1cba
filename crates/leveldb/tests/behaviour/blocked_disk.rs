//! Reading goes on while nothing can be written: a disk that hangs in the log, in a flush or in a
//! compaction holds up whoever writes, and no reader and no cursor.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use sigil_leveldb::env::{FaultEnv, MemoryEnv};
use sigil_leveldb::{Cached, Db, Durability, FileKind, IoOperation, Options};

use super::{DIRECTORY, noise, options, wait_until};
use crate::gate::{Gate, Stopped, on_thread};
use crate::tap::Call;
use crate::watch::watched;

const KEYS: u32 = 600;

fn writes_to(call: &Call, is: fn(&FileKind) -> bool) -> bool {
    matches!(call.operation, IoOperation::Write | IoOperation::Sync)
        && is(&FileKind::of(&call.path))
}

fn is_log(call: &Call) -> bool {
    writes_to(call, |kind| matches!(kind, FileKind::Log(_)))
}

fn is_flush(call: &Call) -> bool {
    on_thread("sigil-flush") && writes_to(call, |kind| matches!(kind, FileKind::Table(_)))
}

fn is_compaction(call: &Call) -> bool {
    on_thread("sigil-compact") && writes_to(call, |kind| matches!(kind, FileKind::Table(_)))
}

fn open() -> (Arc<Gate>, Db) {
    let (gate, env) = Gate::before(FaultEnv::on_memory(MemoryEnv::new()));
    // No block cache: every read of a table asks the disk.
    let options = Options { block_cache_size: 0, max_pending_memtables: 1, ..options(&env) };
    let db = Db::open(DIRECTORY, options).unwrap();
    // Twice, so that there is something to compact.
    for _ in 0..2 {
        for index in 0..KEYS {
            db.put(&index.to_be_bytes(), &noise(index.into(), 300), Durability::Process).unwrap();
        }
        db.flush().unwrap();
    }
    (gate, db)
}

/// Reads everything, in every way, on threads of their own. That this ends is the test.
fn read_all(db: &Db) {
    thread::scope(|scope| {
        scope.spawn(|| {
            for index in 0..KEYS {
                assert!(db.get(&index.to_be_bytes()).unwrap().is_some());
            }
        });
        scope.spawn(|| assert!(db.range(..).unwrap().count() >= KEYS as usize));
        scope.spawn(|| assert!(db.range(..).unwrap().rev().count() >= KEYS as usize));
        scope.spawn(|| {
            let snapshot = db.snapshot().unwrap();
            let keys: Vec<_> = (0..KEYS).map(u32::to_be_bytes).collect();
            assert!(db.get_many_at(&snapshot, &keys).unwrap().iter().all(Option::is_some));
        });
        scope.spawn(|| {
            for index in 0..KEYS {
                let key = index.to_be_bytes();
                assert_ne!(db.get_if_cached(&key).unwrap(), Cached::Absent);
                // The disk of this test holds everything in memory. A table that is not open yet has
                // to be opened by one who may wait; a compaction can put another in its place.
                let is_hit = |_| {
                    db.get(&key).unwrap();
                    let cached = db.try_get(&key).unwrap();
                    assert_ne!(cached, Cached::Absent);
                    matches!(cached, Cached::Hit(_))
                };
                assert!((0..100).any(is_hit));
            }
        });
    });
}

/// Does `act` while the calls that `stopped` chooses hang, and reads meanwhile.
fn reads_go_on(stopped: Stopped, act: fn(&Db)) {
    watched(Duration::from_secs(60), move || check_reads(stopped, act));
}

fn check_reads(stopped: Stopped, act: fn(&Db)) {
    let (gate, db) = open();
    thread::scope(|scope| {
        let _shut = gate.shut(stopped);
        let acting = scope.spawn(|| act(&db));
        wait_until("it hangs", Duration::from_secs(20), || gate.waiting() > 0);
        for _ in 0..3 {
            read_all(&db);
        }
        assert!(gate.waiting() > 0 && !acting.is_finished(), "it did not hang all the time");
        gate.open();
    });
    read_all(&db);
}

fn is_manifest(call: &Call) -> bool {
    writes_to(call, |kind| matches!(kind, FileKind::Manifest(_)))
}

fn put_many(db: &Db) {
    for index in KEYS..KEYS + 2_000 {
        db.put(&index.to_be_bytes(), &noise(index.into(), 300), Durability::Process).unwrap();
    }
}

#[test]
fn reads_go_on_while_the_log_hangs() {
    reads_go_on(is_log, |db| db.put(b"last", b"1", Durability::Sync).unwrap());
}

#[test]
fn reads_go_on_while_a_flush_hangs_and_writers_wait_for_it() {
    reads_go_on(is_flush, put_many);
}

#[test]
fn reads_go_on_while_the_manifest_hangs() {
    reads_go_on(is_manifest, |db| {
        db.put(b"last", b"1", Durability::Process).unwrap();
        db.flush().unwrap();
    });
}

#[test]
fn reads_go_on_while_a_compaction_hangs() {
    reads_go_on(is_compaction, |db| db.compact_range(None, None).unwrap());
}

/// Between the inputs of a compaction there is a gap, which its output will cover: what is flushed
/// meanwhile must not go there.
#[test]
fn a_flush_keeps_out_of_the_way_of_a_compaction() {
    watched(Duration::from_secs(60), || {
        let (gate, env) = Gate::before(FaultEnv::on_memory(MemoryEnv::new()));
        let db = Db::open(DIRECTORY, options(&env)).unwrap();
        let put = |key: &[u8], value: &[u8]| db.put(key, value, Durability::Process).unwrap();
        for value in [b"1", b"2"] {
            for key in [b"a", b"z"] {
                put(key, value);
                db.flush().unwrap();
            }
        }
        thread::scope(|scope| {
            let _shut = gate.shut(is_compaction);
            let compacting = scope.spawn(|| db.compact_range(None, None));
            wait_until("it hangs", Duration::from_secs(20), || gate.waiting() > 0);
            put(b"m", b"1");
            db.flush().unwrap();
            let tables = db.property("leveldb.num-files-at-level0").unwrap().unwrap();
            assert_eq!(tables, "1", "{:?}", db.property("leveldb.sstables"));
            gate.open();
            compacting.join().unwrap().unwrap();
        });
        for (key, value) in [(b"a", "2"), (b"m", "1"), (b"z", "2")] {
            assert_eq!(db.get(key).unwrap().unwrap(), value);
        }
        assert!(db.verify().unwrap().is_whole());
    });
}
