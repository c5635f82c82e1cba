//! Records that cannot be read: they are named, and what is beside them is given.

use sigil_leveldb::env::{FaultEnv, MemoryEnv};
use sigil_leveldb::{Durability, IoOperation};
use sigil_storage::{Event, Kind, Options, Query, Store};

use crate::common::{
    Events, PASSWORD, ROOT, delete, get, item, message, message_with, noise, of_peer, open,
    options, recent,
};
use crate::{is_unreadable, meddle, sample, spoil};

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

/// What cannot be read is met by every list that comes by. Only the first looks for its id.
#[test]
fn an_unreadable_message_does_not_make_every_list_read_everything() {
    let env = MemoryEnv::new();
    let store = open(&env);
    for id in 0..2_000_u32 {
        let value = noise(id, 2_000);
        let (id, time) = (id.to_string(), f64::from(id));
        store.write(message_with(&id, time, "alice", "bob", &value)).unwrap();
    }
    store.purge().unwrap();
    store.close().unwrap();
    meddle(&env, b'm', |db, records| spoil(db, &records[1_999]));
    let counting = FaultEnv::on_memory(env);
    let options = Options { block_cache_size: 0, ..options(&counting) };
    let store = Store::open(ROOT, PASSWORD, options).unwrap();
    let reads = || {
        let before = counting.op_count_of(IoOperation::Read, None);
        let page = store.messages(&Query { limit: 3, ..Query::default() }).unwrap();
        assert_eq!(page.unreadable, ["1999"]);
        counting.op_count_of(IoOperation::Read, None) - before
    };
    let first = reads();
    // The background reads tables, too, for a while.
    let later = (0..50).map(|_| reads()).min().unwrap();
    assert!(first > 10 && later < first / 4, "{first} {later}");
    // The next version can be read, and a list says nothing of the last.
    store.write(message("1999", 1.5, "alice", "bob")).unwrap();
    assert!(store.messages(&Query { limit: 3, ..Query::default() }).unwrap().unreadable.is_empty());
}
