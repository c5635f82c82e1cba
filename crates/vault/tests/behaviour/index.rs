//! What is derived from a message goes and comes with it: no stale entry, none that is missing, no
//! message twice.

use sigil_leveldb::env::MemoryEnv;
use sigil_storage::Kind;

use crate::common::{delete, get, message, message_with, of_peer, open, recent};

#[test]
fn a_message_that_is_saved_again_leaves_nothing_where_it_was() {
    let store = open(&MemoryEnv::new());
    store.write(message("1", 1.0, "alice", "bob")).unwrap();
    store.write(message("2", 2.0, "alice", "bob")).unwrap();
    store.write(message("1", 3.0, "carol", "dave")).unwrap();
    assert_eq!(recent(&store, 10), ["1", "2"]);
    assert_eq!(of_peer(&store, "alice", 10), ["2"]);
    assert_eq!(of_peer(&store, "carol", 10), ["1"]);
    store.write(message("1", 3.0, "", "bob")).unwrap();
    assert_eq!(of_peer(&store, "bob", 10), ["1", "2"]);
    assert!(of_peer(&store, "carol", 10).is_empty());
    assert_eq!(store.stats().unwrap().messages, 2);
    assert!(store.verify().unwrap().is_whole());
}

/// Where a message was found before is not where it is for ever.
#[test]
fn a_message_is_found_by_its_id_wherever_it_went() {
    let env = MemoryEnv::new();
    let store = open(&env);
    let text = |id: &str| get(&store, Kind::Message, id).unwrap().map(|it| it[0]);
    let save = |id: &str, time: f64, value: u8| {
        store.write(message_with(id, time, "alice", "bob", &[value])).unwrap();
    };
    save("1", 1.0, 1);
    assert_eq!((text("1"), text("2")), (Some(1), None));
    save("1", 1.0, 2);
    assert_eq!(text("1"), Some(2));
    save("2", 2.0, 3);
    save("1", 3.0, 4);
    assert_eq!((text("1"), text("2")), (Some(4), Some(3)));
    store.write(delete("1")).unwrap();
    store.write(delete("2")).unwrap();
    assert_eq!((text("1"), text("2")), (None, None));
    // Who comes first stands where another stood that came first.
    save("3", 1.0, 5);
    assert_eq!(text("3"), Some(5));
    store.write(delete("3")).unwrap();
    save("4", 0.5, 6);
    assert_eq!((text("3"), text("4")), (None, Some(6)));
    store.rotate_key().unwrap();
    assert_eq!(text("4"), Some(6));
    store.clear().unwrap();
    assert_eq!(text("4"), None);
}

#[test]
fn the_answer_is_as_long_as_asked_for_after_deletions() {
    let store = open(&MemoryEnv::new());
    for index in 0..10 {
        store.write(message(&index.to_string(), f64::from(index), "x", "y")).unwrap();
    }
    for index in 5..9 {
        store.write(delete(&index.to_string())).unwrap();
    }
    assert_eq!(of_peer(&store, "x", 3), ["9", "4", "3"]);
    assert_eq!(recent(&store, 3), ["9", "4", "3"]);
    assert!(store.verify().unwrap().is_whole());
}

#[test]
fn sender_and_recipient_find_it_once_each() {
    let store = open(&MemoryEnv::new());
    store.write(message("1", 1.0, "alice", "bob")).unwrap();
    store.write(message("2", 2.0, "bob", "bob")).unwrap();
    assert_eq!(of_peer(&store, "bob", 10), ["2", "1"]);
    assert_eq!(of_peer(&store, "alice", 10), ["1"]);
    assert!(of_peer(&store, "ali", 10).is_empty());
    assert!(of_peer(&store, "alice:", 10).is_empty());
    store.write(delete("2")).unwrap();
    assert_eq!(of_peer(&store, "bob", 10), ["1"]);
}

#[test]
fn changes_in_one_group_see_each_other() {
    let store = open(&MemoryEnv::new());
    let changes = [
        message("1", 1.0, "alice", "bob"),
        message("1", 9.0, "carol", "bob"),
        message("2", 5.0, "alice", "bob"),
        delete("1"),
        message("3", 2.0, "alice", "bob"),
        delete("none"),
        message("1", 4.0, "alice", ""),
    ];
    assert!(store.write_all(&changes).iter().all(Result::is_ok));
    assert_eq!(recent(&store, 10), ["2", "1", "3"]);
    assert_eq!(of_peer(&store, "bob", 10), ["2", "3"]);
    assert_eq!(store.stats().unwrap().messages, 3);
    assert!(store.verify().unwrap().is_whole());
}

#[test]
fn threads_that_change_the_same_messages_leave_everything_consistent() {
    let store = open(&MemoryEnv::new());
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let store = &store;
            scope.spawn(move || {
                for round in 0..60 {
                    let id = (round % 7).to_string();
                    let time = f64::from((round * 31 + thread * 17) % 50);
                    let (sender, recipient) = (format!("p{thread}"), format!("p{}", round % 3));
                    store.write(message(&id, time, &sender, &recipient)).unwrap();
                    if round % 5 == thread {
                        store.write(delete(&id)).unwrap();
                    }
                    recent(store, 5);
                    of_peer(store, "p1", 5);
                    store.get(Kind::Message, &id).unwrap();
                }
            });
        }
    });
    let verification = store.verify().unwrap();
    assert!(verification.is_whole(), "{verification:?}");
    assert_eq!(store.stats().unwrap().messages, recent(&store, 100).len() as u64);
}
