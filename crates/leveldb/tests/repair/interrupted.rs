//! A repair that is killed, or that the system fails, at any single operation: nothing that could
//! be salvaged before is gone, and repairing again gives what an undisturbed repair gives.

use sigil_leveldb::env::{CrashMode, Env, FaultEnv, FaultPlan, MemoryEnv, errno};
use sigil_leveldb::{Compression, Db, Durability, FileKind, Options, inspect, repair};

use crate::sample::{Content, DIRECTORY, content, files, lost, options};

fn plain(env: impl Env) -> Options {
    Options { compression: Compression::None, ..options(env) }
}

fn is_table(kind: FileKind) -> bool {
    matches!(kind, FileKind::Table(_))
}

fn is_log(kind: FileKind) -> bool {
    matches!(kind, FileKind::Log(_))
}

/// What a test starts from: a database with a damaged table and a damaged log, and what repairing it
/// gives. Two older tables hold values of keys that only newer ones say are deleted.
struct Case {
    env: MemoryEnv,
    damaged: Vec<Vec<u8>>,
    expected: Content,
}

impl Case {
    fn new() -> Self {
        let env = MemoryEnv::new();
        let db = Db::open(DIRECTORY, Options { create_if_missing: true, ..plain(env.clone()) });
        let db = db.unwrap();
        let key = |index: u32| format!("key-{index:05}").into_bytes();
        for index in 0..200 {
            db.put(&key(index), &[index as u8; 60], Durability::Process).unwrap();
        }
        db.compact_range(None, None).unwrap();
        for index in (0..60).step_by(2) {
            db.delete(&key(index), Durability::Process).unwrap();
        }
        for index in 150..190 {
            db.put(&key(index), &[7; 60], Durability::Process).unwrap();
        }
        db.flush().unwrap();
        for index in 60..100 {
            db.delete(&key(index), Durability::Process).unwrap();
        }
        db.sync().unwrap();
        let env = env.crash(CrashMode::Drop);
        drop(db);
        let mut damaged = Vec::new();
        for (is_wanted, at) in [(is_table as fn(FileKind) -> bool, 2_000), (is_log, 300)] {
            for (path, bytes) in files(&env) {
                let mut changed = bytes.clone();
                if !is_wanted(FileKind::of(&path)) {
                    continue;
                }
                changed[at] ^= 1;
                env.write_file(&path, changed.clone()).unwrap();
                let found = inspect(DIRECTORY, &options(env.clone())).unwrap();
                if found.damages.len() > damaged.len() {
                    damaged.push(changed);
                    break;
                }
                // A table that was replaced, and is not removed yet.
                env.write_file(&path, bytes).unwrap();
            }
        }
        let repaired = env.deep_clone();
        let report = repair(DIRECTORY, &options(repaired.clone())).unwrap();
        assert_eq!((report.damages.len(), report.kept.len()), (2, 2), "{report}");
        Self { env, damaged, expected: content(&repaired) }
    }

    /// Repairs again, and checks that nothing was lost on the way there.
    fn check(&self, env: &MemoryEnv, context: &str) {
        repair(DIRECTORY, &options(env.clone())).unwrap();
        assert!(content(env) == self.expected, "{context}");
        let lost = lost(env);
        for bytes in &self.damaged {
            assert!(lost.values().any(|kept| kept == bytes), "{context}: {:?}", lost.keys());
        }
    }
}

#[test]
fn a_repair_that_is_killed_anywhere_loses_nothing() {
    let case = Case::new();
    let mut at = 0;
    loop {
        let memory = case.env.deep_clone();
        let env = FaultEnv::on_memory(memory.clone());
        env.set_plan(FaultPlan::halt_at(at));
        let finished = repair(DIRECTORY, &options(env.clone())).is_ok();
        for mode in [CrashMode::Keep, CrashMode::Drop, CrashMode::Torn { seed: at }] {
            case.check(&memory.crash(mode), &format!("{mode:?} at {at}"));
        }
        // What comes after the switch is done as far as it goes.
        if finished && env.op_count() <= at {
            break;
        }
        at += 1;
    }
    assert!(at > 50);
}

#[test]
fn a_repair_that_the_system_fails_says_so_and_can_be_done_again() {
    let case = Case::new();
    for errno in [errno::EIO, errno::ENOSPC] {
        for at in 0.. {
            let memory = case.env.deep_clone();
            let env = FaultEnv::on_memory(memory.clone());
            env.set_plan(FaultPlan::fail_nth(at, errno));
            let outcome = repair(DIRECTORY, &options(env.clone()));
            assert!(outcome.as_ref().err().is_none_or(|error| error.errno() == Some(errno)));
            case.check(&memory, &format!("{errno} at {at}: {outcome:?}"));
            if outcome.is_ok() && env.op_count() <= at {
                break;
            }
        }
    }
}

#[test]
fn a_disk_that_is_too_full_leaves_the_directory_as_it_was() {
    let case = Case::new();
    let before = files(&case.env);
    for free in (0..).step_by(499) {
        let memory = case.env.deep_clone();
        let env = FaultEnv::on_memory(memory.clone());
        env.set_free_space(Some(free));
        match repair(DIRECTORY, &options(env)) {
            Ok(_) => {
                assert!(free > 1_000);
                return;
            }
            Err(error) => assert!(error.is_out_of_space(), "{error}"),
        }
        assert!(files(&memory) == before, "{free}");
        assert!(lost(&memory).is_empty());
    }
}
