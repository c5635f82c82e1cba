//! `try_write` writes on the spot or leaves everything as it was; it never waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sigil_leveldb::env::{Env, FaultEnv, FaultPlan, MemoryEnv, errno};
use sigil_leveldb::{
    Db, Durability, Error, FileKind, IoOperation, Options, ReserveSize, TRY_WRITE_LIMIT, WriteBatch,
};

use super::{DIRECTORY, open, options, wait_until};
use crate::tap::{Call, TapEnv};

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
    let (mut taken, mut refusals) = (0_u32, Vec::new());
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(500) {
        let mut batch = batch(&taken.to_be_bytes(), 10_000);
        let asked = Instant::now();
        let answer = db.try_write(&mut batch, Durability::Process);
        let took = asked.elapsed();
        match answer {
            Ok(()) => taken += 1,
            // Another call makes room, as far as there is any.
            Err(Error::WouldBlock) => {
                refusals.push(took);
                match db.write(batch, Durability::Process) {
                    Ok(()) => taken += 1,
                    Err(error) => assert!(matches!(error, Error::Io { .. }), "{error}"),
                }
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert!(taken < 100, "{taken}");
    refusals.sort();
    assert!(refusals.last() < Some(&Duration::from_millis(100)), "{refusals:?}");
    assert!(refusals[refusals.len() / 2] < Duration::from_millis(20), "{refusals:?}");
    fault.clear_plan();
    wait_until("writing again", Duration::from_secs(10), || {
        db.try_write(&mut batch(b"z", 10), Durability::Process).is_ok()
            || db.put(b"y", b"", Durability::Process).is_ok()
    });
    for index in 0..taken {
        assert!(db.get(&index.to_be_bytes()).unwrap().is_some(), "{index}");
    }
}

#[test]
fn what_takes_long_because_it_is_large_is_refused() {
    let fault = FaultEnv::on_memory(MemoryEnv::new());
    let options = Options { write_buffer_size: 64 << 20, ..options(&fault) };
    let db = Db::open(DIRECTORY, options).unwrap();
    let before = fault.op_count();
    let mut large = batch(b"a", TRY_WRITE_LIMIT);
    let answer = db.try_write(&mut large, Durability::Process);
    assert!(matches!(answer, Err(Error::WouldBlock)), "{answer:?}");
    assert_eq!((large.len(), fault.op_count()), (1, before));
    db.write(large, Durability::Process).unwrap();
    let mut many = WriteBatch::new();
    while many.byte_size() + 32 <= TRY_WRITE_LIMIT {
        many.put(&many.len().to_be_bytes(), b"v");
    }
    db.try_write(&mut many, Durability::Process).unwrap();
    assert!(many.is_empty());
}

/// Removing a large file takes long: that is not done on the thread that must not wait.
#[test]
fn a_full_disk_is_somebody_elses_work() {
    let memory = MemoryEnv::new();
    let fault = FaultEnv::on_memory(memory.clone());
    let removed_here = Arc::<AtomicBool>::default();
    let env = TapEnv::new(Arc::new(fault.clone()), {
        let (removed_here, here) = (removed_here.clone(), std::thread::current().id());
        move |call: Call| {
            if call.operation == IoOperation::Remove && std::thread::current().id() == here {
                removed_here.store(true, Ordering::SeqCst);
            }
        }
    });
    let db =
        Db::open(DIRECTORY, Options { reserve_size: ReserveSize::Bytes(1 << 20), ..options(&env) })
            .unwrap();
    db.put(b"a", b"1", Durability::Process).unwrap();
    removed_here.store(false, Ordering::SeqCst);
    let fill_up = || {
        fault.set_free_space(Some(5));
        assert!(memory.size("/db/RESERVE".as_ref()).is_ok());
    };
    fill_up();
    let answer = db.try_write(&mut batch(b"b", 100), Durability::Process);
    assert!(answer.as_ref().is_err_and(Error::is_out_of_space), "{answer:?}");
    wait_until("the space is given up", Duration::from_secs(10), || {
        db.health().reserve_releases == 1 && db.health().is_healthy()
    });
    // A deletion would be made with the space that `write` gives up for it.
    fill_up();
    let mut deletion = WriteBatch::new();
    deletion.delete(b"a");
    let answer = db.try_write(&mut deletion, Durability::Process);
    assert!(matches!(answer, Err(Error::WouldBlock)), "{answer:?}");
    assert!(!removed_here.load(Ordering::SeqCst));
    db.write(deletion, Durability::Process).unwrap();
    assert_eq!(db.get(b"a").unwrap(), None);
}
