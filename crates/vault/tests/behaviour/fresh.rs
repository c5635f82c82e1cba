//! What was changed is never shown as it was before, whatever was read of it and is still in memory.

use std::sync::atomic::{AtomicBool, Ordering};

use sigil_leveldb::env::MemoryEnv;
use sigil_storage::{Page, Query, Store};

use crate::common::{delete, message, message_with, open};

const ROUNDS: u64 = 800;

fn write(store: &Store, id: &str, time: f64, number: u64) {
    store.write(message_with(id, time, "al", "bo", &number.to_le_bytes())).unwrap();
}

fn numbers(page: &Page) -> Vec<u64> {
    let number = |value: &bytes::Bytes| u64::from_le_bytes(value[..].try_into().unwrap());
    page.values.iter().map(number).collect()
}

fn ask(store: &Store, at_once: bool) -> Vec<u64> {
    let query = Query { peer: Some("bo"), limit: 10, before: None };
    let page = if at_once { store.messages_at_once(&query).unwrap() } else { None };
    numbers(&page.unwrap_or_else(|| store.messages(&query).unwrap()))
}

#[test]
fn a_list_has_what_was_written_before_it() {
    let store = open(&MemoryEnv::new());
    write(&store, "a", 1.0, 1);
    write(&store, "b", 2.0, 2);
    for at_once in [true, false] {
        for number in 10..60 {
            write(&store, "a", 1.0, number);
            assert_eq!(ask(&store, at_once), [2, number]);
            assert_eq!(ask(&store, at_once), [2, number]);
            // To another place, and back.
            write(&store, "a", 3.0, number);
            assert_eq!(ask(&store, at_once), [number, 2]);
            store.write(delete("a")).unwrap();
            assert_eq!(ask(&store, at_once), [2]);
            write(&store, "c", 3.0, 7);
            assert_eq!(ask(&store, at_once), [7, 2]);
            store.write(delete("c")).unwrap();
            write(&store, "a", 1.0, 0);
            assert_eq!(ask(&store, at_once), [2, 0]);
            store.write(message("of others", 9.0, "x", "y")).unwrap();
        }
        store.rotate_key().unwrap();
        store.purge().unwrap();
    }
}

#[test]
fn a_number_stands_for_one_value() {
    let store = open(&MemoryEnv::new());
    write(&store, "a", 1.0, 1);
    write(&store, "b", 2.0, 2);
    let numbers = |peer, at_once| {
        let query = Query { peer, limit: 10, before: None };
        let page = if at_once { store.messages_at_once(&query).unwrap() } else { None };
        page.unwrap_or_else(|| store.messages(&query).unwrap()).numbers
    };
    let first = numbers(None, false);
    assert_ne!(first[0], first[1]);
    for (peer, at_once) in [(None, true), (Some("bo"), false), (Some("bo"), true)] {
        assert_eq!(numbers(peer, at_once), first);
    }
    write(&store, "a", 1.0, 3);
    let second = numbers(Some("bo"), true);
    assert_eq!(second[0], first[0]);
    assert!(!first.contains(&second[1]));
    assert_eq!(numbers(None, true), second);
    store.clear().unwrap();
    write(&store, "a", 1.0, 4);
    let third = numbers(None, true);
    assert!(third.iter().all(|number| !first.contains(number) && !second.contains(number)));
}

/// The later message is written first, and both get the same number: a list that is of one moment
/// has the later one at most one ahead, and never behind.
#[test]
fn a_list_is_of_one_moment_while_others_write() {
    let store = open(&MemoryEnv::new());
    write(&store, "second", 1.0, 0);
    write(&store, "first", 2.0, 0);
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for reader in 0..3 {
            let (store, ended) = (&store, &ended);
            scope.spawn(move || {
                let mut last = vec![0, 0];
                let mut read = 0;
                while !ended.load(Ordering::Relaxed) || read == 0 {
                    let seen = ask(store, reader > 0);
                    assert!(seen[0] == seen[1] || seen[0] == seen[1] + 1, "{seen:?}");
                    assert!(seen >= last, "{seen:?} after {last:?}");
                    last = seen;
                    read += 1;
                }
            });
        }
        for number in 1..ROUNDS {
            write(&store, "first", 2.0, number);
            write(&store, "second", 1.0, number);
            if number % 5 == 0 {
                store.write(message(&format!("{number}"), 0.0, "x", "y")).unwrap();
            }
        }
        ended.store(true, Ordering::Relaxed);
    });
}
