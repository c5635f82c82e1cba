//! One record that cannot be read does not take the others with it: lists give the rest and name
//! it, a direct question for it is an error, and saving it again makes it good.
//!
//! Most records are changed here through the engine, by someone who has write access and no key: moved,
//! swapped, removed, replaced by what stood there before.
// The lints know tests by their attribute; most of this is called by tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod block;
mod entries;
mod made_up;
mod records;

use bytes::Bytes;
use sigil_leveldb::env::MemoryEnv;
use sigil_leveldb::{Db, Durability, Entries, Range};
use sigil_storage::{Error, Kind};

use common::{database, item, message, open};

#[path = "../common/mod.rs"]
mod common;

pub(crate) fn sample() -> MemoryEnv {
    let env = MemoryEnv::new();
    let store = open(&env);
    for id in 0..5 {
        store.write(message(&id.to_string(), f64::from(id), "alice", "bob")).unwrap();
        store.write(item(Kind::Session, &format!("s{id}"), &[id])).unwrap();
    }
    store.close().unwrap();
    env
}

/// The records of a space, in their order.
pub(crate) fn records(db: &Db, space: u8) -> Vec<(Vec<u8>, Bytes)> {
    Entries::forward(db.iter(Range::prefix(&[space])).unwrap()).map(Result::unwrap).collect()
}

/// Changes the records of a space as someone without keys can.
pub(crate) fn meddle(env: &MemoryEnv, space: u8, change: impl FnOnce(&Db, &[(Vec<u8>, Bytes)])) {
    let db = database(env, "data-1");
    change(&db, &records(&db, space));
    db.close().unwrap();
}

pub(crate) fn spoil(db: &Db, (key, value): &(Vec<u8>, Bytes)) {
    let mut changed = value.to_vec();
    let last = changed.len() - 1;
    changed[last] ^= 1;
    db.put(key, &changed, Durability::Sync).unwrap();
}

pub(crate) fn is_unreadable<T: std::fmt::Debug>(result: Result<T, Error>) {
    assert!(matches!(result, Err(Error::Unreadable(_))), "{result:?}");
}
