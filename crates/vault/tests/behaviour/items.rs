//! Sessions, proofs and peers: found again by their ids, after a restart too, and kept apart.

use sigil_leveldb::env::MemoryEnv;
use sigil_storage::{Cached, Change, Kind};

use crate::common::{get, item, open};

const KINDS: [Kind; 3] = [Kind::Session, Kind::Proof, Kind::Peer];

#[test]
fn they_are_there_after_a_restart() {
    let env = MemoryEnv::new();
    let store = open(&env);
    for kind in KINDS {
        store.write(item(kind, "same id", format!("{kind}").as_bytes())).unwrap();
        store.write(item(kind, "b", b"")).unwrap();
    }
    store.close().unwrap();
    let store = open(&env);
    for kind in KINDS {
        assert_eq!(get(&store, kind, "same id").unwrap().unwrap(), format!("{kind}").as_bytes());
        assert_eq!(get(&store, kind, "b").unwrap().unwrap(), b"");
        assert_eq!(get(&store, kind, "same").unwrap(), None);
        let items = store.items(kind).unwrap();
        let ids: Vec<_> = items.found.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(ids, ["b", "same id"]);
        assert!(items.unreadable.is_empty());
    }
}

#[test]
fn one_is_replaced_and_removed() {
    let store = open(&MemoryEnv::new());
    store.write(item(Kind::Session, "a", b"1")).unwrap();
    store.write(item(Kind::Session, "a", b"2")).unwrap();
    assert_eq!(store.stats().unwrap().sessions, 1);
    assert!(matches!(store.get_if_cached(Kind::Session, "a").unwrap(), Cached::Hit(v) if v == "2"));
    let delete = || Change::DeleteItem { kind: Kind::Session, id: "a".into() };
    store.write(delete()).unwrap();
    store.write(delete()).unwrap();
    assert_eq!(store.get_if_cached(Kind::Session, "a").unwrap(), Cached::Absent);
    assert_eq!(store.stats().unwrap().sessions, 0);
    assert!(store.items(Kind::Session).unwrap().found.is_empty());
}
