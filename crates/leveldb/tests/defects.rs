//! A panic in a thread of the engine is a defect, and nobody waits for what that thread does not do any
//! more: the database closes, callers are told, and what was acknowledged is there afterwards. Other
//! tests take such a panic for a failure, so this is alone in its process.

// What a test calls is a test as well.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sigil_leveldb::env::MemoryEnv;
use sigil_leveldb::{Db, Durability, Error, FileKind, IoOperation, Options, Result};

use support::gate::on_thread;
use support::recovered::options;
use support::tap::{Call, TapEnv};
use support::workload::DIRECTORY;

fn closes(thread: &'static str, act: fn(&Db) -> Result<()>) {
    // [`support::watch`] would take the panic for a failure.
    let done = Arc::new(AtomicBool::new(false));
    let watch = std::thread::spawn({
        let done = done.clone();
        move || {
            std::thread::park_timeout(Duration::from_secs(60));
            if !done.load(Ordering::SeqCst) {
                std::process::abort();
            }
        }
    });
    let memory = MemoryEnv::new();
    let env = TapEnv::new(Arc::new(memory.clone()), move |call: Call| {
        let is_table = matches!(FileKind::of(&call.path), FileKind::Table(_));
        assert!(
            !(on_thread(thread) && is_table && call.operation == IoOperation::Create),
            "a defect, made on purpose"
        );
    });
    let db = Db::open(DIRECTORY, Options { max_pending_memtables: 1, ..options(env) }).unwrap();
    db.put(b"a", b"1", Durability::Process).unwrap();
    let told = act(&db);
    assert!(matches!(told, Err(Error::Closed)), "{told:?}");
    // The thread answers who waits for it before it is all unwound.
    while !db.is_closed() {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(matches!(db.put(b"b", b"1", Durability::Process), Err(Error::Closed)));
    let _ = db.close();
    drop(db);
    let db = Db::open(DIRECTORY, options(memory)).unwrap();
    assert_eq!(db.get(b"a").unwrap().unwrap(), "1");
    done.store(true, Ordering::SeqCst);
    watch.thread().unpark();
    watch.join().unwrap();
}

#[test]
fn a_panic_while_flushing_closes_the_database() {
    closes("sigil-flush", Db::flush);
}

#[test]
fn a_panic_while_flushing_answers_a_writer_who_waits_for_room() {
    closes("sigil-flush", |db| {
        loop {
            db.put(b"c", &[1; 5_000], Durability::Process)?;
        }
    });
}

#[test]
fn a_panic_while_compacting_closes_the_database() {
    closes("sigil-compact", |db| {
        for _ in 0..2 {
            db.put(b"c", b"1", Durability::Process)?;
            db.flush()?;
        }
        db.compact_range(None, None)
    });
}
