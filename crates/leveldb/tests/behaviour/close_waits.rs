//! Closing waits for calls that use the files of the database, a checkpoint or a verification, and for
//! the threads of the database: the lock is let go when nobody is at the files any more.

use std::thread;
use std::time::Duration;

use sigil_leveldb::env::{Env, MemoryEnv};
use sigil_leveldb::{Db, Durability, Error, FileKind, IoOperation, Options, Result};

use super::{DIRECTORY, noise, open, options, wait_until};
use crate::gate::{Gate, Stopped, on_thread};
use crate::tap::Call;
use crate::task::spawn_known;

const CALLER: &str = "caller";

/// Closes while a call of `act` hangs, and gives its outcome.
fn close_during<T: Send>(
    memory: &MemoryEnv,
    read_only: bool,
    stopped: Stopped,
    act: impl Fn(&Db) -> Result<T> + Sync,
) -> Result<T> {
    let (gate, env) = Gate::before(memory.clone());
    let db = Db::open(DIRECTORY, Options { read_only, ..options(&env) }).unwrap();
    thread::scope(|scope| {
        let _shut = gate.shut(stopped);
        let caller = thread::Builder::new().name(CALLER.into());
        let acting = caller.spawn_scoped(scope, || act(&db)).unwrap();
        wait_until("it hangs", Duration::from_secs(20), || gate.waiting() > 0);
        let (closing, task) = spawn_known(scope, || db.close());
        wait_until("it is closing", Duration::from_secs(20), || db.is_closed());
        task.comes_to_wait();
        assert!(!closing.is_finished(), "closed while somebody is at the files");
        if !read_only {
            let second = Db::open(DIRECTORY, options(memory));
            assert!(matches!(second, Err(Error::Locked { .. })), "{second:?}");
        }
        gate.open();
        closing.join().unwrap().unwrap();
        assert_eq!(memory.open_files().total(), 0);
        acting.join().unwrap()
    })
}

fn filled() -> MemoryEnv {
    let memory = MemoryEnv::new();
    let db = open(&memory);
    for index in 0..1_000_u32 {
        db.put(&index.to_be_bytes(), &noise(index.into(), 300), Durability::Process).unwrap();
    }
    db.compact_range(None, None).unwrap();
    db.close().unwrap();
    memory
}

#[test]
fn closing_waits_for_a_checkpoint_which_ends_early_and_leaves_nothing() {
    let memory = filled();
    let is_link = |call: &Call| call.operation == IoOperation::Link;
    let made = close_during(&memory, false, is_link, |db| db.checkpoint("/copy"));
    assert!(matches!(made, Err(Error::Closed)), "{made:?}");
    assert!(memory.list("/copy".as_ref()).is_err());
    let db = open(&memory);
    assert!(db.verify().unwrap().is_whole());
    assert_eq!(db.range(..).unwrap().count(), 1_000);
}

#[test]
fn closing_waits_for_a_verification_which_ends_early() {
    let is_read = |call: &Call| {
        on_thread(CALLER)
            && call.operation == IoOperation::Read
            && matches!(FileKind::of(&call.path), FileKind::Table(_))
    };
    for read_only in [false, true] {
        let verified = close_during(&filled(), read_only, is_read, Db::verify);
        assert!(matches!(verified, Err(Error::Closed)), "{verified:?}");
    }
}

fn is_table(call: &Call) -> bool {
    matches!(FileKind::of(&call.path), FileKind::Table(_))
}

#[test]
fn closing_waits_for_the_thread_that_flushes() {
    let is_flush = |call: &Call| on_thread("sigil-flush") && is_table(call);
    let flushed = close_during(&filled(), false, is_flush, |db| {
        db.put(b"a", b"1", Durability::Process)?;
        db.flush()
    });
    assert!(matches!(flushed, Err(Error::Closed)), "{flushed:?}");
}

#[test]
fn closing_waits_for_the_thread_that_compacts() {
    let is_compaction = |call: &Call| {
        on_thread("sigil-compact") && call.operation == IoOperation::Write && is_table(call)
    };
    let compacted = close_during(&filled(), false, is_compaction, |db| {
        db.put(&7_u32.to_be_bytes(), b"1", Durability::Process)?;
        db.compact_range(None, None)
    });
    // It may have hung in the last thing that it had to do.
    assert!(matches!(compacted, Ok(()) | Err(Error::Closed)), "{compacted:?}");
}

#[test]
fn closing_waits_for_the_thread_that_removes_what_was_held() {
    let is_removal = |call: &Call| {
        on_thread("sigil-upkeep") && call.operation == IoOperation::Remove && is_table(call)
    };
    let held = close_during(&filled(), false, is_removal, |db| {
        let cursor = db.iter(..)?;
        db.put(&7_u32.to_be_bytes(), b"1", Durability::Process)?;
        db.compact_range(None, None)?;
        drop(cursor);
        Ok(())
    });
    held.unwrap();
}
