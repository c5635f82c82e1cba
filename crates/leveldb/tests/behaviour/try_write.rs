//! `try_write` writes on the spot or leaves everything as it was; it never waits.

use std::time::{Duration, Instant};

use sigil_leveldb::env::{FaultEnv, FaultPlan, MemoryEnv, errno};
use sigil_leveldb::{Db, Durability, Error, FileKind, IoOperation, Options, WriteBatch};

use super::{DIRECTORY, open, options, wait_until};

fn batch(key: &[u8], length: usize) -> WriteBatch {
    let mut batch = WriteBatch::new();
    batch.put(key, &vec![1; length]);
    batch
}

#[test]
fn a_write_that_needs_no_waiting_is_made_and_taken() {
    let env = MemoryEnv::new();
    let db = open(&env);
    let mut batch = batch(b"a", 10);
    db.try_write(&mut batch, Durability::Process).unwrap();
    assert!(batch.is_empty());
    assert!(db.get(b"a").unwrap().is_some());
    drop(db);
    assert!(open(&env).get(b"a").unwrap().is_some());
}

#[test]
fn a_synced_write_always_has_to_wait() {
    let db = open(&MemoryEnv::new());
    let mut batch = batch(b"a", 10);
    let answer = db.try_write(&mut batch, Durability::Sync);
    assert!(matches!(answer, Err(Error::WouldBlock)));
    assert_eq!(batch.len(), 1);
    assert!(db.get(b"a").unwrap().is_none());
    let answer = db.try_write(&mut WriteBatch::new(), Durability::Sync);
    assert!(matches!(answer, Err(Error::WouldBlock)));
}

#[test]
fn a_full_memtable_is_for_others_to_replace() {
    let db = open(&MemoryEnv::new());
    db.try_write(&mut batch(b"a", 100 << 10), Durability::Process).unwrap();
    let mut second = batch(b"b", 10);
    let answer = db.try_write(&mut second, Durability::Process);
    assert!(matches!(answer, Err(Error::WouldBlock)));
    assert_eq!(second.len(), 1);
    db.write(second, Durability::Process).unwrap();
    db.try_write(&mut batch(b"c", 10), Durability::Process).unwrap();
    assert!(db.get(b"b").unwrap().is_some() && db.get(b"c").unwrap().is_some());
}

#[test]
fn nobody_waits_while_flushes_fail_and_writing_goes_on_afterwards() {
    let fault = FaultEnv::on_memory(MemoryEnv::new());
    let options = Options { max_pending_memtables: 1, ..options(&fault) };
    let db = Db::open(DIRECTORY, options).unwrap();
    let plan = FaultPlan::fail_from(0, errno::EIO);
    fault.set_plan(plan.on(IoOperation::Create).of(FileKind::Table(0)));
    let (mut taken, mut longest) = (0_u32, Duration::ZERO);
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(500) {
        let mut batch = batch(&taken.to_be_bytes(), 10_000);
        let asked = Instant::now();
        let answer = db.try_write(&mut batch, Durability::Process);
        longest = longest.max(asked.elapsed());
        match answer {
            Ok(()) => taken += 1,
            // Another call makes room, as far as there is any.
            Err(Error::WouldBlock) => match db.write(batch, Durability::Process) {
                Ok(()) => taken += 1,
                Err(error) => assert!(matches!(error, Error::Io { .. }), "{error}"),
            },
            Err(error) => panic!("{error}"),
        }
    }
    assert!(taken < 100, "{taken}");
    assert!(longest < Duration::from_millis(100), "{longest:?}");
    fault.clear_plan();
    wait_until("writing again", Duration::from_secs(10), || {
        db.try_write(&mut batch(b"z", 10), Durability::Process).is_ok()
            || db.put(b"y", b"", Durability::Process).is_ok()
    });
    for index in 0..taken {
        assert!(db.get(&index.to_be_bytes()).unwrap().is_some(), "{index}");
    }
}
