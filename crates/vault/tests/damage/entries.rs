//! The way from an id to its message, damaged, gone or leading elsewhere: the message is not lost, and
//! saving it again does not make two of it.

use sigil_leveldb::Durability;
use sigil_storage::{Kind, Store};

use crate::common::{delete, get, message, message_with, of_peer, open, recent};
use crate::{is_unreadable, meddle, sample, spoil};

#[test]
fn a_damaged_way_to_a_message_does_not_make_two_of_it() {
    let env = sample();
    meddle(&env, b'i', |db, records| records.iter().for_each(|record| spoil(db, record)));
    let store = open(&env);
    is_unreadable(get(&store, Kind::Message, "2"));
    assert_eq!(recent(&store, 10).len(), 5);
    store.write(message("2", 9.0, "alice", "bob")).unwrap();
    assert_eq!(recent(&store, 10), ["2", "4", "3", "1", "0"]);
    assert_eq!(get(&store, Kind::Message, "2").unwrap().unwrap(), b"2");
    assert_eq!(store.stats().unwrap().messages, 5);
}

/// A message whose `i` entry cannot be read goes into a backup without its id, and is found by it
/// when it comes back.
#[test]
fn a_message_without_its_entry_is_found_after_a_restore() {
    for is_removed in [false, true] {
        let env = sample();
        meddle(&env, b'i', |db, records| {
            for record in records {
                if is_removed {
                    db.delete(&record.0, Durability::Sync).unwrap();
                } else {
                    spoil(db, record);
                }
            }
        });
        let store = open(&env);
        store.restore(&store.backup().unwrap(), None).unwrap();
        is_found_and_replaced(&store);
    }
}

#[test]
fn a_message_without_its_entry_is_found_after_a_verification() {
    let env = sample();
    meddle(&env, b'i', |db, records| {
        records.iter().for_each(|record| db.delete(&record.0, Durability::Sync).unwrap());
    });
    meddle(&env, b'p', |db, records| db.delete(&records[0].0, Durability::Sync).unwrap());
    let store = open(&env);
    assert_eq!(get(&store, Kind::Message, "1").unwrap(), None);
    assert_eq!(store.verify().unwrap().loose_ends, 6);
    assert!(store.verify().unwrap().is_whole());
    assert_eq!(of_peer(&store, "alice", 9).len(), 5);
    assert_eq!(of_peer(&store, "bob", 9).len(), 5);
    is_found_and_replaced(&store);
    store.close().unwrap();
    assert_eq!(recent(&open(&env), 10), ["4", "3", "0"]);
}

fn is_found_and_replaced(store: &Store) {
    assert!(store.verify().unwrap().is_whole());
    assert_eq!(get(store, Kind::Message, "1").unwrap().unwrap(), b"1");
    // The id is not known, and nobody is told an empty one.
    store.write(message_with("1", 9.0, "alice", "bob", b"new")).unwrap();
    assert_eq!(recent(store, 10), ["new", "4", "3", "2", "0"]);
    store.write(delete("1")).unwrap();
    store.write(delete("2")).unwrap();
    assert_eq!(recent(store, 10), ["4", "3", "0"]);
    assert_eq!(store.stats().unwrap().messages, 3);
    assert!(store.verify().unwrap().is_whole());
}

/// An entry that leads elsewhere, such as an older one that was put back, does not make two of one.
#[test]
fn an_entry_that_leads_elsewhere_makes_no_second_message() {
    for (is_moved, is_verified) in [(false, false), (false, true), (true, false), (true, true)] {
        let env = sample();
        let mut old = Vec::new();
        meddle(&env, b'i', |_, records| old = records.to_vec());
        let store = open(&env);
        store.write(message("1", 7.0, "alice", "bob")).unwrap();
        if is_moved {
            // Something else is where it was.
            store.write(delete("3")).unwrap();
        }
        store.close().unwrap();
        meddle(&env, b'i', |db, _| {
            old.iter().for_each(|(key, value)| db.put(key, value, Durability::Sync).unwrap());
        });
        let store = open(&env);
        if is_verified {
            let found = store.verify().unwrap();
            assert!(found.loose_ends >= 1, "{found:?}");
            assert_eq!(get(&store, Kind::Message, "1").unwrap().unwrap(), b"1");
        }
        store.write(message_with("1", 9.0, "alice", "bob", b"new")).unwrap();
        assert_eq!(recent(&store, 2), ["new", "4"], "{is_moved}");
        assert_eq!(recent(&store, 10).len(), if is_moved { 4 } else { 5 });
    }
}
