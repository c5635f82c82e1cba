//! A process is killed, the next one goes on at once, and then the power is cut. What the first one
//! left in its log was durable for no one; the second must make it so before it builds on it.

use sigil_leveldb::Durability;
use sigil_leveldb::env::{CrashMode, MemoryEnv};

use super::open;

#[test]
fn writes_after_a_restart_never_outlive_those_before_it() {
    for mode in (0..40).map(|seed| CrashMode::Torn { seed }).chain([CrashMode::Drop]) {
        let first = MemoryEnv::new();
        let db = open(&first);
        db.put(b"a", &[1; 5_000], Durability::Process).unwrap();
        let second = first.crash(CrashMode::Keep);
        let db_after = open(&second);
        db_after.put(b"b", b"2", Durability::Sync).unwrap();
        let third = second.crash(mode);
        let db_last = open(&third);
        assert!(db_last.get(b"b").unwrap().is_some(), "a synced write is lost");
        assert!(db_last.get(b"a").unwrap().is_some(), "an older write is lost, a newer is not");
    }
}
