//! A process is killed, the next one goes on at once, and then the power is cut. What the first one
//! had handed to the system only was durable for no one; the second has to make it so before it
//! builds on it.

use sigil_leveldb::env::{CrashMode, FaultEnv, FaultPlan, MemoryEnv};
use sigil_leveldb::{Db, Durability};

use super::{DIRECTORY, noise, open, options};

fn power_cuts(seeds: u64) -> impl Iterator<Item = CrashMode> {
    (0..seeds).map(|seed| CrashMode::Torn { seed }).chain([CrashMode::Drop])
}

#[test]
fn writes_after_a_restart_never_outlive_those_before_it() {
    for mode in power_cuts(40) {
        let first = MemoryEnv::new();
        let db = open(&first);
        db.put(b"a", &[1; 5_000], Durability::Process).unwrap();
        let second = first.crash(CrashMode::Keep);
        let db_after = open(&second);
        db_after.put(b"b", b"2", Durability::Sync).unwrap();
        let db_last = open(&second.crash(mode));
        assert!(db_last.get(b"b").unwrap().is_some(), "a synced write is lost");
        assert!(db_last.get(b"a").unwrap().is_some(), "an older write is lost, a newer is not");
    }
}

/// Writes through two flushes and a compaction, until the disk freezes. Says how many writes were
/// acknowledged as durable.
fn work(fault: &FaultEnv) -> u32 {
    let Ok(db) = Db::open(DIRECTORY, options(fault)) else { return 0 };
    let mut acknowledged = 0;
    for round in 0..2_u32 {
        for index in round * 5..round * 5 + 5 {
            let value = noise(index.into(), 500);
            if db.put(&index.to_be_bytes(), &value, Durability::Sync).is_err() {
                return acknowledged;
            }
            acknowledged = index + 1;
        }
        let _ = db.flush();
    }
    let _ = db.compact_range(None, None);
    acknowledged
}

#[test]
fn a_kill_anywhere_and_a_power_cut_after_the_restart_lose_no_synced_write() {
    let fault = FaultEnv::on_memory(MemoryEnv::new());
    assert_eq!(work(&fault), 10);
    for operation in 0..fault.op_count() {
        let memory = MemoryEnv::new();
        let fault = FaultEnv::on_memory(memory.clone());
        fault.set_plan(FaultPlan::halt_at(operation));
        let acknowledged = work(&fault);
        let after_kill = memory.crash(CrashMode::Keep);
        let _second = open(&after_kill);
        for mode in power_cuts(8) {
            let db = open(&after_kill.crash(mode));
            for index in 0..acknowledged {
                let found = db.get(&index.to_be_bytes()).unwrap();
                assert!(found.is_some(), "{index} is lost: killed at {operation}, then {mode:?}");
            }
        }
    }
}
