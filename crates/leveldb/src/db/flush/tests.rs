//! Memtables that are flushed together: where one among them has no writes, and where they do not fit.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::db::Db;
use crate::env::{CrashMode, Env, FaultEnv, MemoryEnv, errno};
use crate::error::{Error, IoOperation};
use crate::options::{Durability, Options};

fn open(env: impl Env) -> Db {
    let options = Options { create_if_missing: true, env: Arc::new(env), ..Options::default() };
    Db::open("/db", options).unwrap()
}

fn full() -> Error {
    let error = std::io::Error::from_raw_os_error(errno::ENOSPC);
    Error::io(IoOperation::Write, "/db/000003.log".as_ref())(error)
}

/// A log that was given up before its first write leaves such a memtable, and it is the newest.
#[test]
fn the_last_write_is_known_whichever_memtable_has_it() {
    let env = MemoryEnv::new();
    let db = open(env.clone());
    let core = &db.handle.core;
    let flushing = core.flushing.lock();
    for key in [b"a", b"b"] {
        db.put(key, b"value", Durability::Process).unwrap();
        core.commits.log().begin_again(core).unwrap();
    }
    core.commits.log().begin_again(core).unwrap();
    core.health.write_failed(&full());
    assert_eq!(core.view.load().pending.len(), 3);
    drop(flushing);
    while super::flush_oldest(core).unwrap() {}
    assert_eq!(core.view.load().tables_up_to, Some(2));
    assert_eq!(core.versions.lock().last_sequence(), core.visible.load(Ordering::Acquire));

    let reopened = open(env.crash(CrashMode::Keep));
    for key in [b"a", b"b"] {
        assert!(reopened.get(key).unwrap().is_some());
    }
    db.put(b"c", b"value", Durability::Process).unwrap();
    assert!(open(env.crash(CrashMode::Keep)).get(b"c").unwrap().is_some());
}

/// Each frees its log for the next.
#[test]
fn where_all_do_not_fit_the_oldest_is_flushed_alone() {
    let memory = MemoryEnv::new();
    let fault = FaultEnv::on_memory(memory.clone());
    let db = open(fault.clone());
    let core = &db.handle.core;
    let flushing = core.flushing.lock();
    for seed in 1..=3_u32 {
        db.put(&[seed as u8], &noise(seed), Durability::Process).unwrap();
        core.commits.log().begin_again(core).unwrap();
    }
    fault.set_free_space(Some(3 * LENGTH as u64 / 2));
    core.health.write_failed(&full());
    let (memtables, table) = {
        let view = core.view.load_full();
        let oldest = view.pending.last().unwrap();
        let (memtables, table) = super::write_some(core, &view.pending, oldest).unwrap();
        (memtables.to_vec(), table)
    };
    assert_eq!((memtables.len(), memtables[0].last_sequence()), (1, 1));
    assert!(table.is_some());
    drop(flushing);
}

const LENGTH: usize = 100_000;

/// Bytes that do not compress.
fn noise(seed: u32) -> Vec<u8> {
    let mut state = u64::from(seed);
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(LENGTH).collect()
}
