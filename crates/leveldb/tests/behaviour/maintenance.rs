//! Calls that look after a database, given what makes no sense: they refuse it or do nothing, and the
//! database is as it was.

use sigil_leveldb::env::{Env, MemoryEnv};
use sigil_leveldb::{Durability, Error};

use super::{DIRECTORY, open};

#[test]
fn a_checkpoint_is_not_made_in_the_directory_of_a_database() {
    let env = MemoryEnv::new();
    let db = open(&env);
    db.put(b"a", b"1", Durability::Process).unwrap();
    let before = env.list(DIRECTORY.as_ref()).unwrap();
    for own in [DIRECTORY, "/db/", "/./db", "//db"] {
        let made = db.checkpoint(own);
        assert!(matches!(made, Err(Error::InvalidArgument(_))), "{own}: {made:?}");
    }
    assert_eq!(env.list(DIRECTORY.as_ref()).unwrap(), before);
    db.checkpoint("/other").unwrap();
    assert!(matches!(db.checkpoint("/other"), Err(Error::AlreadyExists { .. })));
    assert_eq!(db.get(b"a").unwrap().unwrap(), "1");
}

#[test]
fn compacting_a_range_that_ends_before_it_begins_does_nothing() {
    let env = MemoryEnv::new();
    let db = open(&env);
    for _ in 0..2 {
        for key in [b"a", b"m", b"z"] {
            db.put(key, b"1", Durability::Process).unwrap();
        }
        db.flush().unwrap();
    }
    let tables = || db.property("leveldb.sstables").unwrap();
    let before = tables();
    db.compact_range(Some(b"n"), Some(b"b")).unwrap();
    assert_eq!(tables(), before);
    db.compact_range(Some(b"m"), Some(b"m")).unwrap();
    assert_ne!(tables(), before, "both ends are included");
}
