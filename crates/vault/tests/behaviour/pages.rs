//! Paging: every message once, without reading those before it again.

use sigil_leveldb::env::MemoryEnv;
use sigil_storage::{Before, Error, Query, Store};

use crate::common::{delete, message, message_with, open};

fn page(
    store: &Store,
    peer: Option<&str>,
    before: Option<Before<'_>>,
) -> (Vec<String>, Option<Vec<u8>>) {
    let page = store.messages(&Query { peer, limit: 3, before }).unwrap();
    let text = |value: &bytes::Bytes| String::from_utf8(value.to_vec()).unwrap();
    (page.values.iter().map(text).collect(), page.cursor)
}

fn sample() -> Store {
    let store = open(&MemoryEnv::new());
    for index in 0..8 {
        // Two of each time.
        store.write(message(&index.to_string(), f64::from(index / 2), "x", "y")).unwrap();
    }
    store
}

#[test]
fn pages_follow_each_other() {
    let store = sample();
    for peer in [None, Some("y")] {
        let (first, cursor) = page(&store, peer, None);
        assert_eq!(first, ["7", "6", "5"]);
        let cursor = cursor.unwrap();
        // What comes meanwhile changes nothing, nor does the removal of where the page ended.
        store.write(message("new", 9.0, "x", "y")).unwrap();
        store.write(delete("5")).unwrap();
        let (second, cursor) = page(&store, peer, Some(Before::Cursor(&cursor)));
        assert_eq!(second, ["4", "3", "2"]);
        let (third, cursor) = page(&store, peer, Some(Before::Cursor(&cursor.unwrap())));
        assert_eq!((third, cursor), (vec!["1".to_owned(), "0".to_owned()], None));
        store.write(delete("new")).unwrap();
        store.write(message("5", 2.0, "x", "y")).unwrap();
        store.write(message("4", 1.9, "x", "y")).unwrap();
        store.write(message("4", 2.0, "x", "y")).unwrap();
        store.write(message("5", 1.9, "x", "y")).unwrap();
        store.write(message("5", 2.0, "x", "y")).unwrap();
    }
}

#[test]
fn a_page_begins_behind_a_message_or_a_time() {
    let store = sample();
    assert_eq!(page(&store, None, Some(Before::Id("4"))).0, ["3", "2", "1"]);
    assert_eq!(page(&store, None, Some(Before::Time(2.0))).0, ["3", "2", "1"]);
    assert_eq!(page(&store, None, Some(Before::Time(1.5))).0, ["3", "2", "1"]);
    assert_eq!(page(&store, Some("x"), Some(Before::Time(99.0))).0, ["7", "6", "5"]);
    assert!(page(&store, None, Some(Before::Time(0.0))).0.is_empty());
}

#[test]
fn a_page_that_begins_nowhere_is_an_error() {
    let store = sample();
    let before = |before| store.messages(&Query { peer: None, limit: 3, before: Some(before) });
    assert!(matches!(before(Before::Id("none")), Err(Error::NotFound)));
    assert!(matches!(before(Before::Cursor(b"abc")), Err(Error::Invalid(_))));
    assert!(matches!(before(Before::Time(f64::NAN)), Err(Error::Invalid(_))));
}

/// Whoever goes through everything can bound what he holds.
#[test]
fn a_page_ends_where_its_bytes_do() {
    let store = open(&MemoryEnv::new());
    for id in 0..10 {
        let value = vec![b'x'; if id == 5 { 5_000 } else { 100 }];
        let change = message_with(&id.to_string(), f64::from(id), "alice", "bob", &value);
        store.write(change).unwrap();
    }
    let (mut sizes, mut cursor) = (Vec::new(), None);
    loop {
        let before = cursor.as_deref().map(Before::Cursor);
        let query = Query { limit: 4, before, ..Query::default() };
        let page = store.messages_up_to(&query, 300).unwrap();
        sizes.push(page.values.len());
        cursor = page.cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(sizes, [3, 2, 3, 2]);
}
