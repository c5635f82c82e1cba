//! One record that cannot be read does not take the others with it: lists give the rest and name
//! it, a direct question for it is an error, and saving it again makes it good.
//!
//! Records are changed here through the engine, by someone who has write access and no key: moved,
//! swapped, removed, replaced by what stood there before.
// The lints know tests by their attribute; most of this is called by tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use sigil_leveldb::env::MemoryEnv;
use sigil_leveldb::{Db, Durability, Entries, Options as EngineOptions, Range};
use sigil_storage::{Error, Event, Kind, Query, Store};

use common::{
    Events, PASSWORD, ROOT, delete, files, get, item, message, of_peer, open, options, recent,
};

#[path = "common/mod.rs"]
mod common;

fn sample() -> MemoryEnv {
    let env = MemoryEnv::new();
    let store = open(&env);
    for id in 0..5 {
        store.write(message(&id.to_string(), f64::from(id), "alice", "bob")).unwrap();
        store.write(item(Kind::Session, &format!("s{id}"), &[id])).unwrap();
    }
    store.close().unwrap();
    env
}

fn engine(env: &MemoryEnv) -> Db {
    let options = EngineOptions { env: Arc::new(env.clone()), ..EngineOptions::default() };
    Db::open(Path::new(ROOT).join("data-1"), options).unwrap()
}

/// The records of a space, in their order.
fn records(db: &Db, space: u8) -> Vec<(Vec<u8>, Bytes)> {
    Entries::forward(db.iter(Range::prefix(&[space])).unwrap()).map(Result::unwrap).collect()
}

/// Changes the records of a space as someone without keys can.
fn meddle(env: &MemoryEnv, space: u8, change: impl FnOnce(&Db, &[(Vec<u8>, Bytes)])) {
    let db = engine(env);
    change(&db, &records(&db, space));
    db.close().unwrap();
}

fn spoil(db: &Db, (key, value): &(Vec<u8>, Bytes)) {
    let mut changed = value.to_vec();
    let last = changed.len() - 1;
    changed[last] ^= 1;
    db.put(key, &changed, Durability::Sync).unwrap();
}

fn is_unreadable<T: std::fmt::Debug>(result: Result<T, Error>) {
    assert!(matches!(result, Err(Error::Unreadable(_))), "{result:?}");
}

#[test]
fn a_message_that_cannot_be_read_is_named_and_the_others_are_given() {
    let env = sample();
    meddle(&env, b'm', |db, records| spoil(db, &records[3]));
    let events = Events::default();
    let store = Store::open(ROOT, PASSWORD, events.watch(options(&env))).unwrap();
    assert_eq!(recent(&store, 10), ["4", "2", "1", "0"]);
    // As many as were asked for, if there are so many.
    assert_eq!(of_peer(&store, "bob", 3), ["4", "2", "1"]);
    let events = events.take();
    assert_eq!(events.len(), 2);
    for event in events {
        let Event::Unreadable { kind: Kind::Message, ids, count: 1 } = event else {
            panic!("{event:?}")
        };
        assert_eq!(ids, ["3"]);
    }
    is_unreadable(get(&store, Kind::Message, "3"));
    let found = store.verify().unwrap();
    assert_eq!(found.unreadable, [(Kind::Message, Some("3".to_owned()))]);
    // Saving it again makes it good, wherever it goes.
    store.write(message("3", 9.0, "alice", "bob")).unwrap();
    assert_eq!(recent(&store, 10), ["3", "4", "2", "1", "0"]);
    assert_eq!(of_peer(&store, "bob", 10), ["3", "4", "2", "1", "0"]);
    assert!(store.verify().unwrap().unreadable.is_empty());
}

#[test]
fn it_can_be_deleted_too() {
    for space in [b'm', b'i'] {
        let env = sample();
        meddle(&env, space, |db, records| records.iter().for_each(|record| spoil(db, record)));
        let store = open(&env);
        for id in 0..5 {
            store.write(delete(&id.to_string())).unwrap();
        }
        assert!(recent(&store, 10).is_empty());
        assert_eq!(store.stats().unwrap().messages, 0);
        assert!(store.verify().unwrap().unreadable.is_empty());
    }
}

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

#[test]
fn records_that_were_swapped_are_not_believed() {
    let env = sample();
    for space in [b'm', b'i', b's'] {
        meddle(&env, space, |db, records| {
            db.put(&records[0].0, &records[1].1, Durability::Sync).unwrap();
            db.put(&records[1].0, &records[0].1, Durability::Sync).unwrap();
        });
    }
    let store = open(&env);
    assert_eq!(recent(&store, 10), ["4", "3", "2"]);
    assert_eq!(store.items(Kind::Session).unwrap().found.len(), 3);
    assert_eq!(store.items(Kind::Session).unwrap().unreadable.len(), 2);
    let answers: Vec<_> = (0..5).map(|id| get(&store, Kind::Message, &id.to_string())).collect();
    assert!(answers.iter().filter(|answer| answer.is_err()).count() >= 2);
    for (id, answer) in answers.into_iter().enumerate() {
        assert!(answer.is_err() || answer.unwrap().unwrap() == id.to_string().as_bytes());
    }
}

#[test]
fn index_entries_that_were_made_up_show_nobody_the_messages_of_others() {
    let env = sample();
    let store = open(&env);
    store.write(message("secret", 9.0, "carol", "dave")).unwrap();
    store.close().unwrap();
    meddle(&env, b'p', |db, entries| {
        // Every peer is given every message.
        let names: Vec<_> = entries.iter().map(|(key, _)| key[..17].to_vec()).collect();
        let labels: Vec<_> = entries.iter().map(|(key, _)| key[17..].to_vec()).collect();
        for name in &names {
            for label in &labels {
                db.put(&[&name[..], label].concat(), b"", Durability::Sync).unwrap();
            }
        }
    });
    let store = open(&env);
    assert_eq!(of_peer(&store, "bob", 10), ["4", "3", "2", "1", "0"]);
    assert_eq!(of_peer(&store, "carol", 10), ["secret"]);
}

#[test]
fn an_index_entry_without_its_message_does_not_shorten_the_answer() {
    let env = sample();
    meddle(&env, b'm', |db, records| db.delete(&records[4].0, Durability::Sync).unwrap());
    let store = open(&env);
    assert_eq!(of_peer(&store, "bob", 3), ["3", "2", "1"]);
    is_unreadable(get(&store, Kind::Message, "4"));
    let found = store.verify().unwrap();
    assert_eq!(found.unreadable, [(Kind::Message, Some("4".to_owned()))]);
    assert_eq!(found.loose_ends, 2);
}

/// Keys that no store writes: short ones, odd ones, and one so long that whoever counts in it never
/// comes back.
#[test]
fn keys_that_were_made_up_stop_nothing() {
    let mut endless = vec![0; 4 << 20];
    endless.push(1);
    endless.resize((4 << 20) + 8, 1);
    for rest in [&b""[..], b"odd", &[0; 8], &[0xff; 9], &[7; 4_096], &endless] {
        for space in [b'm', b'p', b'i', b's', b'S'] {
            let env = sample();
            meddle(&env, space, |db, records| {
                let value = records[0].1.clone();
                db.put(&[&[space], rest].concat(), &value, Durability::Sync).unwrap();
            });
            let at = format!("{} and {} bytes", space as char, rest.len());
            let store = open(&env);
            assert_eq!(recent(&store, 10), ["4", "3", "2", "1", "0"], "{at}");
            assert_eq!(of_peer(&store, "bob", 3), ["4", "3", "2"], "{at}");
            assert_eq!(store.items(Kind::Session).unwrap().found.len(), 5, "{at}");
            for (id, time) in [("before", -1.0), ("between", 1.5), ("after", 9.0)] {
                store.write(message(id, time, "alice", "bob")).unwrap();
            }
            assert_eq!(recent(&store, 10).len(), 8, "{at}");
            assert!(!store.verify().unwrap().is_whole(), "{at}");
            let report = store.verify_backup(&store.backup().unwrap(), None).unwrap();
            assert_eq!((report.messages, report.sessions), (8, 5), "{at}");
            store.rotate_key().unwrap();
            store.close().unwrap();
            assert_eq!(recent(&open(&env), 10).len(), 8, "{at}");
        }
    }
}

#[test]
fn an_item_that_cannot_be_read_is_named() {
    let env = sample();
    meddle(&env, b's', |db, records| records[..2].iter().for_each(|record| spoil(db, record)));
    meddle(&env, b'S', |db, records| spoil(db, &records[4]));
    let store = open(&env);
    let items = store.items(Kind::Session).unwrap();
    assert_eq!((items.found.len(), items.unreadable.len()), (3, 2));
    for id in items.unreadable {
        is_unreadable(get(&store, Kind::Session, &id));
        store.write(item(Kind::Session, &id, b"new")).unwrap();
    }
    assert_eq!(store.items(Kind::Session).unwrap().found.len(), 5);
    assert_eq!(store.stats().unwrap().sessions, 5);
}

#[test]
fn a_block_of_the_database_that_is_damaged_hides_no_more_than_it_has() {
    let whole = MemoryEnv::new();
    let store = open(&whole);
    let count = 200;
    for id in 0..count {
        // Nothing that could be compressed: a block is to have only a few of them.
        let value: Vec<u8> = (0..300_u32)
            .map(|at| (at.wrapping_add(id as u32 * 300).wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        let change = common::message_with(&id.to_string(), f64::from(id), "alice", "bob", &value);
        store.write(change).unwrap();
    }
    store.purge().unwrap();
    store.close().unwrap();
    let tables = files(&whole, &Path::new(ROOT).join("data-1"));
    let (path, bytes) =
        tables.iter().find(|(path, _)| path.extension().is_some_and(|e| e == "ldb")).unwrap();
    let (mut hidden, mut rescued) = (0, 0);
    for index in (0..bytes.len()).step_by(bytes.len() / 40) {
        let env = whole.deep_clone();
        let mut changed = bytes.clone();
        changed[index] ^= 1;
        env.write_file(path, changed).unwrap();
        let events = Events::default();
        let Ok(store) = Store::open(ROOT, PASSWORD, events.watch(options(&env))) else { continue };
        // A backup has the rest, and takes it to where nothing is damaged.
        if let Ok(path) = store.backup() {
            let report = store.verify_backup(&path, None).unwrap();
            assert!(report.messages >= count as u64 - 20);
            assert!(report.messages == count as u64 || report.skipped > 0);
            rescued += u32::from(report.skipped > 0);
        }
        // What comes is saved, and is the newest.
        store.write(message("new", 1e9, "carol", "dave")).unwrap();
        assert_eq!(of_peer(&store, "carol", 9), ["new"]);
        store.write(delete("new")).unwrap();
        events.take();
        for peer in [None, Some("bob")] {
            let query = Query { peer, limit: 1_000, before: None };
            let Ok(page) = store.messages(&query) else { continue };
            let missing = count as usize - page.values.len();
            assert!(missing <= 20, "{missing} are missing");
            if missing > 0 {
                hidden += 1;
                let told = events.take();
                assert!(!told.is_empty(), "{missing} are missing without a word");
            }
        }
    }
    assert!(hidden > 5 && rescued > 5, "{hidden} {rescued}");
}

#[test]
fn counters_that_were_changed_are_counted_again() {
    let env = sample();
    meddle(&env, b'c', |db, records| spoil(db, &records[0]));
    let events = Events::default();
    let store = Store::open(ROOT, PASSWORD, events.watch(options(&env))).unwrap();
    let stats = store.stats().unwrap();
    assert_eq!((stats.messages, stats.sessions), (5, 5));
    assert!(events.take().iter().any(|event| matches!(event, Event::CountersRebuilt)));
    store.write(message("5", 5.0, "", "")).unwrap();
    assert!(store.verify().unwrap().is_whole());
}

#[test]
fn a_backup_is_made_of_what_can_be_read_and_says_so() {
    let env = sample();
    meddle(&env, b'm', |db, records| spoil(db, &records[3]));
    let store = open(&env);
    let path = store.backup().unwrap();
    let report = store.verify_backup(&path, None).unwrap();
    assert_eq!((report.messages, report.skipped), (4, 1));
    store.restore(&path, None).unwrap();
    assert_eq!(recent(&store, 10), ["4", "2", "1", "0"]);
    assert!(store.verify().unwrap().is_whole());
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
    store.write(common::message_with("1", 9.0, "alice", "bob", b"new")).unwrap();
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
        store.write(common::message_with("1", 9.0, "alice", "bob", b"new")).unwrap();
        assert_eq!(recent(&store, 2), ["new", "4"], "{is_moved}");
        assert_eq!(recent(&store, 10).len(), if is_moved { 4 } else { 5 });
    }
}

/// What cannot be read is met by every list that comes by. Only the first looks for its id.
#[test]
fn an_unreadable_message_does_not_make_every_list_read_everything() {
    use sigil_leveldb::IoOperation;
    use sigil_leveldb::env::FaultEnv;
    let env = MemoryEnv::new();
    let store = open(&env);
    for id in 0..2_000_u32 {
        let value: Vec<u8> = (0..2_000_u32)
            .map(|at| ((at + id * 2_000).wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        let (id, time) = (id.to_string(), f64::from(id));
        store.write(common::message_with(&id, time, "alice", "bob", &value)).unwrap();
    }
    store.purge().unwrap();
    store.close().unwrap();
    meddle(&env, b'm', |db, records| spoil(db, &records[1_999]));
    let counting = FaultEnv::on_memory(env);
    let options = sigil_storage::Options { block_cache_size: 0, ..options(&counting) };
    let store = Store::open(ROOT, PASSWORD, options).unwrap();
    let reads = || {
        let before = counting.op_count_of(IoOperation::Read, None);
        let page = store.messages(&Query { limit: 3, ..Query::default() }).unwrap();
        assert_eq!(page.unreadable, ["1999"]);
        counting.op_count_of(IoOperation::Read, None) - before
    };
    let (first, second) = (reads(), reads());
    assert!(first > 10 && second < first / 4, "{first} {second}");
    // The next version can be read, and a list says nothing of the last.
    store.write(message("1999", 1.5, "alice", "bob")).unwrap();
    assert!(store.messages(&Query { limit: 3, ..Query::default() }).unwrap().unreadable.is_empty());
}
