//! What can never work is refused before anything is written, and a closed store says so.

use sigil_leveldb::env::MemoryEnv;
use sigil_storage::{Change, Error, Kind, Options, Query, Store};

use crate::common::{PASSWORD, ROOT, item, message, message_with, open, options, recent};

#[test]
fn what_is_too_large_is_refused_and_the_rest_of_its_group_is_not() {
    let env = MemoryEnv::new();
    let store =
        Store::open(ROOT, PASSWORD, Options { max_value_size: 100, ..options(&env) }).unwrap();
    let results = store.write_all(&[
        message("1", 1.0, "x", "y"),
        message_with("2", 2.0, "x", "y", &[0; 101]),
        item(Kind::Peer, "p", &[0; 101]),
        message_with("3", 3.0, "x", "y", &[b'3'; 100]),
    ]);
    assert!(results[0].is_ok() && results[3].is_ok());
    for result in &results[1..3] {
        assert!(matches!(result, Err(Error::TooLarge { size: 101, limit: 100 })));
    }
    assert_eq!(store.stats().unwrap().messages, 2);
    assert!(store.verify().unwrap().is_whole());
}

#[test]
fn ids_and_times_that_are_none() {
    let store = open(&MemoryEnv::new());
    for change in [
        message("", 1.0, "x", "y"),
        message("1", f64::NAN, "x", "y"),
        item(Kind::Peer, "", b""),
        item(Kind::Message, "1", b""),
        Change::DeleteMessage { id: String::new() },
    ] {
        assert!(matches!(store.write(change), Err(Error::Invalid(_))));
    }
    assert!(recent(&store, 10).is_empty());
}

#[test]
fn a_closed_store_says_so() {
    let store = open(&MemoryEnv::new());
    store.close().unwrap();
    store.close().unwrap();
    let closed = |error: Error| matches!(error, Error::Closed);
    assert!(closed(store.write(message("1", 1.0, "x", "y")).unwrap_err()));
    assert!(closed(store.get(Kind::Message, "1").unwrap_err()));
    assert!(closed(store.messages(&Query { limit: 1, ..Query::default() }).unwrap_err()));
    assert!(closed(store.items(Kind::Peer).unwrap_err()));
    assert!(closed(store.stats().unwrap_err()));
    assert!(closed(store.backup().unwrap_err()));
    assert!(closed(store.clear().unwrap_err()));
    assert!(closed(store.purge().unwrap_err()));
    assert!(closed(store.rotate_key().unwrap_err()));
    assert!(closed(store.change_password(PASSWORD, b"new").unwrap_err()));
    assert!(closed(store.verify().unwrap_err()));
}
