//! Keys and index entries that no store has written: they show nobody what is not theirs, and stop
//! nothing.

use sigil_leveldb::Durability;
use sigil_storage::Kind;

use crate::common::{get, message, of_peer, open, recent};
use crate::{is_unreadable, meddle, sample};

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
