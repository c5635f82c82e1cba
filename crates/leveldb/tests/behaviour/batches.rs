//! A batch is one write, however many entries it has, none included.

use sigil_leveldb::env::{CrashMode, FaultEnv, FaultPlan, MemoryEnv, errno};
use sigil_leveldb::{Db, Durability, FileKind, IoOperation, WriteBatch};

use super::{DIRECTORY, open, options};

#[test]
fn an_empty_batch_writes_nothing_and_still_syncs() {
    let memory = MemoryEnv::new();
    let fault = FaultEnv::on_memory(memory.clone());
    let db = Db::open(DIRECTORY, options(&fault)).unwrap();
    db.put(b"a", b"1", Durability::Process).unwrap();
    let written = fault.op_count_of(IoOperation::Write, Some(FileKind::Log(0)));
    db.write(WriteBatch::new(), Durability::Process).unwrap();
    db.try_write(&mut WriteBatch::new(), Durability::Process).unwrap();
    assert!(open(&memory.crash(CrashMode::Drop)).get(b"a").unwrap().is_none());
    db.write(WriteBatch::new(), Durability::Sync).unwrap();
    assert!(open(&memory.crash(CrashMode::Drop)).get(b"a").unwrap().is_some());
    assert_eq!(fault.op_count_of(IoOperation::Write, Some(FileKind::Log(0))), written);
    drop(db);
    assert_eq!(open(&memory).recovery_report().writes, 1);
}

#[test]
fn of_several_entries_for_a_key_the_last_counts() {
    let db = open(&MemoryEnv::new());
    let mut batch = WriteBatch::new();
    batch.put(b"a", b"1");
    batch.delete(b"a");
    batch.put(b"b", b"1");
    batch.put(b"b", b"2");
    batch.put(b"c", b"1");
    batch.delete(b"c");
    batch.put(b"c", b"3");
    db.write(batch, Durability::Process).unwrap();
    for _ in 0..2 {
        assert_eq!(db.get(b"a").unwrap(), None);
        assert_eq!(db.get(b"b").unwrap().unwrap(), "2");
        assert_eq!(db.get(b"c").unwrap().unwrap(), "3");
        db.compact_range(None, None).unwrap();
    }
}

#[test]
fn a_batch_larger_than_the_write_buffer_is_one_write() {
    let env = MemoryEnv::new();
    let db = open(&env);
    let mut batch = WriteBatch::new();
    for index in 0..5_000_u32 {
        batch.put(&index.to_be_bytes(), &[7; 100]);
    }
    db.write(batch, Durability::Sync).unwrap();
    let after = open(&env.crash(CrashMode::Drop));
    assert_eq!(after.range(..).unwrap().count(), 5_000);
}

/// Another write with the same numbers could be taken for it, by whoever finds both.
#[test]
fn the_numbers_of_a_write_that_failed_are_not_used_again() {
    for (durability, operation) in
        [(Durability::Process, IoOperation::Write), (Durability::Sync, IoOperation::Sync)]
    {
        let memory = MemoryEnv::new();
        let fault = FaultEnv::on_memory(memory.clone());
        let db = Db::open(DIRECTORY, options(&fault)).unwrap();
        db.put(b"a", b"1", Durability::Process).unwrap();
        let before = db.snapshot().unwrap().sequence();
        let mut batch = WriteBatch::new();
        (0..3_u8).for_each(|key| batch.put(&[key], b"1"));
        let plan = FaultPlan::fail_nth(0, errno::EIO).on(operation);
        fault.set_plan(plan.of(FileKind::Log(0)));
        assert_eq!(db.write(batch, durability).unwrap_err().errno(), Some(errno::EIO));
        assert_eq!(db.snapshot().unwrap().sequence(), before, "none of it is visible");
        db.put(b"b", b"1", Durability::Process).unwrap();
        assert_eq!(db.snapshot().unwrap().sequence(), before + 3 + 1);
        drop(db);
        let db = open(&memory);
        assert_eq!(db.snapshot().unwrap().sequence(), before + 3 + 1);
        assert_eq!(db.range(..).unwrap().count(), 2);
    }
}
