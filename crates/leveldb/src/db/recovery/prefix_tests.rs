//! An opening tells its memtables what keys will begin with, from what is there: tables first, then a
//! log. Without that, keys that all begin alike are compared byte by byte until the first rotation.

use std::sync::Arc;

use crate::db::Db;
use crate::env::{Env, MemoryEnv};
use crate::options::{Durability, Options};

fn open(env: &Arc<dyn Env>) -> Db {
    let options = Options { create_if_missing: true, env: Arc::clone(env), ..Options::default() };
    Db::open("/database", options).unwrap()
}

/// Writes the keys, and says what the memtable of the next opening expects.
fn expected_after(env: &Arc<dyn Env>, keys: &[&str], flush: bool) -> String {
    let db = open(env);
    for key in keys {
        db.put(key.as_bytes(), b"value", Durability::Process).unwrap();
    }
    if flush {
        db.flush().unwrap();
    }
    db.close().unwrap();
    let db = open(env);
    let active = Arc::clone(&db.handle.core.view.load().active);
    let expected = String::from_utf8(active.expected_prefix().to_vec()).unwrap();
    for key in keys {
        assert!(db.get(key.as_bytes()).unwrap().is_some(), "{key}");
    }
    db.close().unwrap();
    expected
}

#[test]
fn the_tables_tell_what_keys_begin_with() {
    let env: Arc<dyn Env> = Arc::new(MemoryEnv::new());
    assert_eq!(expected_after(&env, &["record:3", "record:5"], true), "record:");
    assert_eq!(expected_after(&env, &["record:17", "record:2"], true), "record:");
    // What is in a log only is not asked: two keys of it may have more in common by chance.
    assert_eq!(expected_after(&env, &["zebra:1", "zebra:2"], false), "record:");
    assert_eq!(expected_after(&env, &["relay"], true), "");
}

#[test]
fn a_log_tells_it_where_there_are_no_tables() {
    for (keys, expected) in [
        (&[][..], ""),
        (&["record:1"], ""),
        (&["record:1", "record:1"], ""),
        (&["record:1", "record:2", "record:13"], "record:"),
        (&["a", "b"], ""),
    ] {
        let env: Arc<dyn Env> = Arc::new(MemoryEnv::new());
        assert_eq!(expected_after(&env, keys, false), expected, "{keys:?}");
    }
}
