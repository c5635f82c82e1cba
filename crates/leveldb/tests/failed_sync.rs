//! A sync that fails loses for good what it should have written: systems drop the pages, and the
//! next sync of the file succeeds without them. Everything acknowledged is still in memory, and has
//! to get from there to another file without anybody writing again.

// What a test calls is a test as well.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod support;

use std::time::{Duration, Instant};

use sigil_leveldb::env::{CrashMode, FaultEnv, FaultPlan, MemoryEnv, errno};
use sigil_leveldb::{Db, Durability, FileKind, IoOperation, Options};

use support::recovered::{becomes_healthy, options};
use support::watch::watched;
use support::workload::DIRECTORY;

const LIMIT: Duration = Duration::from_secs(120);
const PATIENCE: Duration = Duration::from_secs(20);

fn fail_next_sync_of_a_log(fault: &FaultEnv) {
    let plan = FaultPlan::fail_nth(0, errno::EIO).on(IoOperation::Sync).of(FileKind::Log(0));
    fault.set_plan(plan);
}

fn after_a_power_cut(memory: &MemoryEnv) -> Db {
    Db::open(DIRECTORY, options(memory.crash(CrashMode::Drop))).unwrap()
}

fn has(db: &Db, key: &[u8]) -> bool {
    db.get(key).unwrap().is_some()
}

#[test]
fn an_interval_write_becomes_durable_although_its_sync_failed() {
    watched(LIMIT, || {
        let memory = MemoryEnv::new();
        let fault = FaultEnv::on_memory(memory.clone());
        let db = Db::open(DIRECTORY, options(fault.clone())).unwrap();
        fail_next_sync_of_a_log(&fault);
        db.put(b"a", b"1", Durability::Interval).unwrap();
        let started = Instant::now();
        while !has(&after_a_power_cut(&memory), b"a") {
            assert!(started.elapsed() < PATIENCE, "{:?}", db.health());
            std::thread::sleep(Duration::from_millis(5));
        }
        becomes_healthy(&db).unwrap();
    });
}

/// A database that has given its log up after a failed sync. An unsynced write of `a` is in it, and
/// one of `b` failed.
fn with_a_log_given_up() -> (MemoryEnv, FaultEnv, Db) {
    let memory = MemoryEnv::new();
    let fault = FaultEnv::on_memory(memory.clone());
    let quiet = Options { sync_interval: Duration::from_secs(3_600), ..options(fault.clone()) };
    let db = Db::open(DIRECTORY, quiet).unwrap();
    db.put(b"a", b"1", Durability::Process).unwrap();
    fail_next_sync_of_a_log(&fault);
    assert_eq!(db.put(b"b", b"2", Durability::Sync).unwrap_err().errno(), Some(errno::EIO));
    (memory, fault, db)
}

#[test]
fn a_sync_write_after_a_failed_one_is_not_acknowledged_without_what_came_before() {
    watched(LIMIT, || {
        let (memory, fault, db) = with_a_log_given_up();
        assert!(has(&db, b"a") && !has(&db, b"b"));
        // The first write has to become a table before a new log may promise anything.
        fault.set_plan(FaultPlan::fail_from(0, errno::EIO).of(FileKind::Table(0)));
        assert!(db.put(b"c", b"3", Durability::Sync).is_err());
        fault.clear_plan();
        let started = Instant::now();
        while db.put(b"c", b"3", Durability::Sync).is_err() {
            assert!(started.elapsed() < PATIENCE, "{:?}", db.health());
            std::thread::sleep(Duration::from_millis(5));
        }
        let left = after_a_power_cut(&memory);
        assert!(has(&left, b"a") && !has(&left, b"b") && has(&left, b"c"));
    });
}

#[test]
fn closing_after_a_failed_sync_keeps_everything() {
    watched(LIMIT, || {
        let memory = MemoryEnv::new();
        let fault = FaultEnv::on_memory(memory.clone());
        let db = Db::open(DIRECTORY, options(fault.clone())).unwrap();
        db.put(b"a", b"1", Durability::Process).unwrap();
        fail_next_sync_of_a_log(&fault);
        db.close().unwrap();
        assert!(has(&after_a_power_cut(&memory), b"a"));
    });
}

/// The log has not everything then, and nobody else has made it a table yet.
#[test]
fn closing_after_a_log_was_given_up_keeps_everything() {
    watched(LIMIT, || {
        let (memory, fault, db) = with_a_log_given_up();
        fault.set_plan(FaultPlan::fail_from(0, errno::EIO).of(FileKind::Table(0)));
        // A few attempts, so that the next one is some time away.
        for _ in 0..5 {
            let _ = db.flush();
        }
        fault.clear_plan();
        db.close().unwrap();
        assert!(has(&after_a_power_cut(&memory), b"a"));
    });
}
