//! A closed handle says so, from every method and on every thread, also while it is being closed:
//! nobody hangs, nobody panics, and nothing is taken for absent because the database is gone.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sigil_leveldb::env::{FaultEnv, FaultPlan, MemoryEnv, errno};
use sigil_leveldb::{Db, Durability, Error, Options, Range, Result, Snapshot, WriteBatch};

use super::{DIRECTORY, open, options};

fn is_closed<T>(result: Result<T>) -> bool {
    matches!(result, Err(Error::Closed))
}

fn check_every_method(db: &Db, snapshot: &Snapshot) {
    let mut batch = WriteBatch::new();
    batch.put(b"a", b"b");
    assert!(db.is_closed());
    assert!(is_closed(db.get(b"a")));
    assert!(is_closed(db.get_at(snapshot, b"a")));
    assert!(is_closed(db.get_many(&[b"a"])));
    assert!(is_closed(db.get_many_at(snapshot, &[b"a"])));
    assert!(is_closed(db.get_if_cached(b"a")));
    assert!(is_closed(db.get_if_cached_at(snapshot, b"a")));
    assert!(is_closed(db.try_get(b"a")));
    assert!(is_closed(db.try_get_at(snapshot, b"a")));
    assert!(is_closed(db.put(b"a", b"b", Durability::Process)));
    assert!(is_closed(db.put(b"a", b"b", Durability::Sync)));
    assert!(is_closed(db.delete(b"a", Durability::Process)));
    assert!(is_closed(db.write(batch.clone(), Durability::Process)));
    assert!(is_closed(db.write(WriteBatch::new(), Durability::Process)));
    assert!(is_closed(db.try_write(&mut batch, Durability::Process)));
    assert_eq!(batch.len(), 1);
    assert!(is_closed(db.iter(Range::all())));
    assert!(is_closed(db.iter_at(snapshot, Range::all())));
    assert!(is_closed(db.range(..)));
    assert!(is_closed(db.range_at(snapshot, ..)));
    assert!(is_closed(db.snapshot()));
    assert!(is_closed(db.approximate_size(b"a", b"b")));
    assert!(is_closed(db.compact_range(None, None)));
    assert!(is_closed(db.sync()));
    assert!(is_closed(db.flush()));
    assert!(is_closed(db.checkpoint("/copy")));
    assert!(is_closed(db.verify()));
    assert!(is_closed(db.refresh()));
    assert!(is_closed(db.property("leveldb.stats")));
    assert!(is_closed(db.property("nothing")));
    // These have no error to give, and do not fail.
    db.health();
    db.recovery_report();
    db.close().unwrap();
}

#[test]
fn every_method_of_a_closed_handle_says_so() {
    let db = open(&MemoryEnv::new());
    db.put(b"a", b"1", Durability::Process).unwrap();
    let snapshot = db.snapshot().unwrap();
    let mut cursor = db.iter(Range::all()).unwrap();
    cursor.seek_to_first().unwrap();
    let clone = db.clone();
    db.close().unwrap();
    check_every_method(&clone, &snapshot);
    assert!(is_closed(cursor.next()));
    assert!(!cursor.valid());
    assert!(is_closed(cursor.seek_to_first()));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| check_every_method(&db, &snapshot));
        }
    });
}

#[test]
fn whoever_closes_again_is_told_what_the_first_was_told() {
    let fault = FaultEnv::on_memory(MemoryEnv::new());
    let db = open(&fault);
    db.put(b"a", b"1", Durability::Process).unwrap();
    fault.set_plan(FaultPlan::fail_from(0, errno::EIO));
    let clone = db.clone();
    let first = db.close().unwrap_err();
    fault.clear_plan();
    for db in [&db, &clone] {
        let again = db.close().unwrap_err();
        assert_eq!(again.to_string(), first.to_string());
        assert!(db.is_closed() && is_closed(db.get(b"a")));
    }
    drop((db, clone));
    assert!(open(&fault).get(b"a").unwrap().is_some(), "what was acknowledged is in the log");
}

#[test]
fn a_closed_follower_says_so_too() {
    let env = MemoryEnv::new();
    let _writer = open(&env);
    let follower = Db::open(DIRECTORY, Options { read_only: true, ..options(&env) }).unwrap();
    let snapshot = follower.snapshot().unwrap();
    follower.close().unwrap();
    check_every_method(&follower, &snapshot);
}

#[test]
fn a_key_is_there_until_the_handle_is_closed_and_never_absent() {
    for round in 0..60 {
        let db = open(&MemoryEnv::new());
        db.put(b"a", b"1", Durability::Process).unwrap();
        if round % 2 == 0 {
            db.flush().unwrap();
        }
        let start = Barrier::new(4);
        std::thread::scope(|scope| {
            scope.spawn(|| read(&start, || Ok(db.get(b"a")?.is_some())));
            scope.spawn(|| read(&start, || Ok(db.get_many(&[b"a"])?.iter().all(Option::is_some))));
            scope.spawn(|| read(&start, || Ok(db.range(..)?.next().transpose()?.is_some())));
            start.wait();
            std::thread::sleep(Duration::from_micros(50 * round % 700));
            db.close().unwrap();
        });
    }
}

/// Reads until the answer is that the handle is closed.
fn read(start: &Barrier, found: impl Fn() -> Result<bool>) {
    start.wait();
    loop {
        match found() {
            Ok(found) => assert!(found, "a key that is there was not found"),
            Err(Error::Closed) => return,
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn whoever_waits_is_answered_when_the_handle_is_closed() {
    for _ in 0..10 {
        let env = MemoryEnv::new();
        let db = &open(&env);
        let closing = &AtomicBool::new(false);
        let until_closed = |act: &dyn Fn() -> Result<()>| {
            let error = loop {
                if let Err(error) = act() {
                    break error;
                }
            };
            assert!(matches!(error, Error::Closed), "{error}");
            assert!(closing.load(Ordering::SeqCst), "closed before it was closed");
        };
        std::thread::scope(|scope| {
            for index in 0..3_u8 {
                let put = move || db.put(&[index], &[index; 3_000], Durability::Sync);
                scope.spawn(move || until_closed(&put));
            }
            scope.spawn(move || until_closed(&|| db.flush()));
            scope.spawn(move || until_closed(&|| db.compact_range(None, None)));
            scope.spawn(move || until_closed(&|| db.sync()));
            scope.spawn(move || until_closed(&|| db.verify().map(drop)));
            std::thread::sleep(Duration::from_millis(20));
            closing.store(true, Ordering::SeqCst);
            // Two at once: each finds the database closed when it returns.
            scope.spawn(|| db.close().unwrap());
            db.close().unwrap();
            assert!(db.is_closed());
            open(&env).close().unwrap();
        });
    }
}
