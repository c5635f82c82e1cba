//! The threads of a database end with it: when it is closed, when its last handle is dropped, and
//! when opening it fails. They are told by their names, so this is alone in its process.

// A test panics where something is not as it should be.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]
#![cfg(target_os = "linux")]

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sigil_leveldb::env::MemoryEnv;
use sigil_leveldb::{Db, Durability, Options};

fn options(env: &MemoryEnv) -> Options {
    Options { create_if_missing: true, env: Arc::new(env.clone()), ..Options::default() }
}

/// The names of the engine's threads that there are.
fn threads() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    // A thread can end before it is asked for its name.
    let names = tasks.filter_map(|task| fs::read_to_string(task.unwrap().path().join("comm")).ok());
    let mut names: Vec<_> = names.map(|name| name.trim().to_owned()).collect();
    names.retain(|name| name.starts_with("sigil-"));
    names.sort();
    names
}

/// A thread takes its name a moment after it was started, and leaves the list a moment after it was
/// joined.
fn are(expected: &[&str]) {
    let begun = Instant::now();
    while threads() != expected {
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}, not {expected:?}", threads());
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn no_thread_outlives_its_database() {
    let env = MemoryEnv::new();
    let mine = ["sigil-compact", "sigil-flush", "sigil-sync", "sigil-upkeep"];
    for close in [true, false] {
        let db = Db::open("/db", options(&env)).unwrap();
        db.put(b"a", b"1", Durability::Interval).unwrap();
        are(&mine);
        let read_only = Db::open("/db", Options { read_only: true, ..options(&env) }).unwrap();
        assert!(Db::open("/db", options(&env)).is_err());
        are(&mine);
        if close {
            db.close().unwrap();
            are(&[]);
        }
        drop(db);
        are(&[]);
        drop(read_only);
    }
}
