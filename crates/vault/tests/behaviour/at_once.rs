//! A small page that can be had without waiting is the one that would have been waited for, and what
//! is not small, would have to be waited for or is damaged is not had at once.

use sigil_leveldb::env::{FaultEnv, MemoryEnv};
use sigil_storage::{Before, Error, Options, Query, Store};

use crate::common::{
    Events, PASSWORD, ROOT, delete, message, message_with, open, options, with_changed_bytes,
};

const COUNT: u32 = 300;

fn fill(store: &Store) {
    for id in 0..COUNT {
        let peer = ["bob", "carol", "alice"][id as usize % 3];
        store.write(message(&id.to_string(), f64::from(id * 7 % 100), "alice", peer)).unwrap();
    }
    for id in (0..COUNT).step_by(11) {
        store.write(delete(&id.to_string())).unwrap();
    }
}

fn queries<'a>(cursor: &'a [u8]) -> Vec<Query<'a>> {
    let starts =
        [None, Some(Before::Cursor(cursor)), Some(Before::Id("100")), Some(Before::Id("?"))];
    let peers = [None, Some("alice"), Some("carol"), Some("nobody")];
    let mut queries = Vec::new();
    for before in starts {
        for peer in peers {
            queries.extend([0, 1, 50, 200].map(|limit| Query { peer, limit, before }));
        }
    }
    queries
}

/// Asks both ways; gives how many answers were had at once.
fn compare(store: &Store) -> usize {
    let first = store.messages(&Query { limit: 10, ..Query::default() }).unwrap();
    let mut had = 0;
    for query in queries(&first.cursor.unwrap()) {
        let waited = format!("{:?}", store.messages(&query));
        match store.messages_at_once(&query) {
            Ok(Some(page)) => {
                had += 1;
                assert_eq!(format!("{:?}", Ok::<_, Error>(page)), waited, "{query:?}");
            }
            Ok(None) => {}
            Err(error) => assert_eq!(format!("{:?}", Err::<(), _>(error)), waited, "{query:?}"),
        }
    }
    had
}

#[test]
fn it_is_the_page_that_would_have_been_waited_for() {
    let env = MemoryEnv::new();
    let store = open(&env);
    fill(&store);
    // In the memtable, and in tables.
    assert_eq!(compare(&store), 48);
    store.purge().unwrap();
    assert_eq!(compare(&store), 48);
    store.write(message("late", 50.0, "carol", "bob")).unwrap();
    assert_eq!(compare(&store), 48);
    store.close().unwrap();
    let query = Query { limit: 1, ..Query::default() };
    assert!(matches!(store.messages_at_once(&query), Err(Error::Closed)));
}

#[test]
fn what_is_on_the_disk_alone_is_not_waited_for() {
    let whole = MemoryEnv::new();
    let store = open(&whole);
    fill(&store);
    store.purge().unwrap();
    store.close().unwrap();
    let env = FaultEnv::on_memory(whole);
    let store = Store::open(ROOT, PASSWORD, options(&env)).unwrap();
    env.set_cold(true);
    let query = Query { peer: Some("carol"), limit: 50, before: None };
    assert!(store.messages_at_once(&query).unwrap().is_none());
    let waited = store.messages(&query).unwrap();
    // Now it is in the caches.
    let page = store.messages_at_once(&query).unwrap().unwrap();
    assert_eq!(format!("{page:?}"), format!("{waited:?}"));
}

#[test]
fn what_takes_long_is_not_had_at_once() {
    let store = open(&MemoryEnv::new());
    let ask = |peer, limit, before| {
        store.messages_at_once(&Query { peer, limit, before }).unwrap().is_some()
    };
    fill(&store);
    assert!(ask(None, 200, None));
    assert!(!ask(None, 201, None));
    assert!(!ask(None, 1, Some(Before::Time(50.0))));
    // More bytes than are made at once, however small they are on the disk.
    for (id, peer, size) in [("one", "big", 300 << 10), ("two", "two", 200 << 10)] {
        store.write(message_with(id, 1e3, peer, "", &vec![b' '; size])).unwrap();
    }
    store.write(message_with("three", 1e3, "two", "", &vec![b' '; 100 << 10])).unwrap();
    assert!(!ask(Some("big"), 1, None));
    assert!(ask(Some("two"), 1, None));
    assert!(!ask(Some("two"), 2, None));
    // More than can be looked at, although nothing is left of it.
    for id in 0..1_200 {
        store.write(message(&format!("gone-{id}"), 2e3, "eve", "")).unwrap();
    }
    for id in 0..1_200 {
        store.write(delete(&format!("gone-{id}"))).unwrap();
    }
    assert!(!ask(Some("eve"), 1, None));
    assert!(store.messages(&Query { peer: Some("eve"), limit: 1, before: None }).is_ok());
}

#[test]
fn around_damage_it_is_not_had_at_once() {
    let whole = MemoryEnv::new();
    let store = open(&whole);
    fill(&store);
    store.purge().unwrap();
    store.close().unwrap();
    let (mut missed, mut had) = (0, 0);
    for env in with_changed_bytes(&whole, 40) {
        let events = Events::default();
        let watched: Options = events.watch(options(&env));
        let Ok(store) = Store::open(ROOT, PASSWORD, watched) else { continue };
        for peer in [None, Some("alice"), Some("carol")] {
            let query = Query { peer, limit: 200, before: None };
            events.take();
            let at_once = store.messages_at_once(&query);
            assert!(events.take().is_empty(), "it is told twice");
            let waited = store.messages(&query);
            match at_once {
                Ok(None) => missed += 1,
                Ok(Some(page)) => {
                    had += 1;
                    assert_eq!(format!("{page:?}"), format!("{:?}", waited.unwrap()));
                    assert!(events.take().is_empty());
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
    assert!(missed > 5 && had > 5, "{missed} {had}");
}
