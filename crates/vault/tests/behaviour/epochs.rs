//! An old copy of the directory that was put back is recognised by the host's counter.

use std::path::Path;

use sigil_leveldb::env::MemoryEnv;
use sigil_storage::{Error, Options, Store};

use crate::common::{PASSWORD, ROOT, files, message, options, recent};

fn open(env: &MemoryEnv, host: u64) -> Result<Store, Error> {
    Store::open(ROOT, PASSWORD, Options { expected_epoch: Some(host), ..options(env) })
}

#[test]
fn a_copy_that_was_put_back_is_refused() {
    let env = MemoryEnv::new();
    let store = open(&env, 0).unwrap();
    store.write(message("1", 1.0, "x", "y")).unwrap();
    store.close().unwrap();
    let copy = env.deep_clone();
    let store = open(&env, 1).unwrap();
    let host = store.epoch().unwrap();
    store.close().unwrap();
    assert_eq!(host, 2);
    let error = open(&copy, host).unwrap_err();
    assert!(matches!(error, Error::RolledBack { found: 1, expected: 2 }), "{error:?}");
    // Whoever has no counter sees the old state.
    let store = Store::open(ROOT, PASSWORD, options(&copy)).unwrap();
    assert_eq!(recent(&store, 10), ["1"]);
}

#[test]
fn old_data_under_a_new_header_is_refused() {
    let env = MemoryEnv::new();
    open(&env, 0).unwrap().close().unwrap();
    let copy = env.deep_clone();
    open(&env, 1).unwrap().close().unwrap();
    let data = Path::new(ROOT).join("data-1");
    for (path, _) in files(&env, &data) {
        sigil_leveldb::env::Env::remove(&env, &path).unwrap();
    }
    for (path, bytes) in files(&copy, &data) {
        env.write_file(&path, bytes).unwrap();
    }
    assert!(matches!(open(&env, 2), Err(Error::RolledBack { found: 1, expected: 2 })));
}

/// The host is told last, so a crash before that leaves the store ahead, which is fine.
#[test]
fn a_host_that_was_not_told_is_behind_and_that_is_accepted() {
    let env = MemoryEnv::new();
    for host in [0, 0, 1, 2] {
        let store = open(&env, host).unwrap();
        assert!(store.epoch().unwrap() > host);
        store.close().unwrap();
    }
}

#[test]
fn closing_can_begin_an_epoch_too() {
    let env = MemoryEnv::new();
    let store = open(&env, 0).unwrap();
    let copy = env.deep_clone();
    let host = store.begin_epoch().unwrap();
    store.close().unwrap();
    assert!(matches!(open(&copy, host), Err(Error::RolledBack { .. })));
    open(&env, host).unwrap();
}

/// Counters that are damaged are counted anew. The epoch is the header's then, and the last backup
/// the newest file.
#[test]
fn damaged_counters_are_no_rollback() {
    let env = MemoryEnv::new();
    let store = open(&env, 0).unwrap();
    store.write(message("1", 1.0, "x", "y")).unwrap();
    store.backup().unwrap();
    let stats = store.stats().unwrap();
    store.close().unwrap();
    crate::common::change_record(&env, "data-1", b"c", |record| record[20] ^= 1);
    for host in [1, 2, 3] {
        let store = open(&env, host).unwrap();
        assert_eq!(store.epoch().unwrap(), host + 1);
        let counted = store.stats().unwrap();
        assert_eq!((counted.messages, counted.last_backup), (1, stats.last_backup));
        store.close().unwrap();
    }
}

#[test]
fn a_store_that_is_gone_is_not_made_anew_for_a_host_that_remembers_it() {
    let env = MemoryEnv::new();
    assert!(matches!(open(&env, 3), Err(Error::RolledBack { found: 0, expected: 3 })));
    assert!(files(&env, Path::new("/")).is_empty());
    open(&env, 0).unwrap();
}
