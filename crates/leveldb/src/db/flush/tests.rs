//! Memtables that are flushed together, with one among them that has no writes.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::db::Db;
use crate::env::{CrashMode, MemoryEnv, errno};
use crate::error::{Error, IoOperation};
use crate::options::{Durability, Options};

fn open(env: MemoryEnv) -> Db {
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
