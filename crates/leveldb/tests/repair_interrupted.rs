//! A repair that is killed, or that the system fails, at any single operation: nothing that could
//! be salvaged before is gone, and repairing again gives what an undisturbed repair gives.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sigil_leveldb::env::{CrashMode, Env, FaultEnv, FaultPlan, MemoryEnv, errno};
use sigil_leveldb::{
    Compression, Db, Durability, Entries, Error, FileKind, Options, Range, inspect, repair,
};

const DIRECTORY: &str = "/db";

fn options(env: impl Env) -> Options {
    Options {
        write_buffer_size: 16 << 10,
        target_file_size: 64 << 10,
        block_size: 1 << 10,
        compression: Compression::None,
        env: Arc::new(env),
        ..Options::default()
    }
}

type Content = BTreeMap<Vec<u8>, Vec<u8>>;

fn content(env: &MemoryEnv) -> Content {
    let db = Db::open(DIRECTORY, options(env.clone())).unwrap();
    assert!(db.verify().unwrap().is_whole());
    let entries = Entries::forward(db.iter(Range::all()).unwrap());
    entries.map(|entry| entry.map(|(key, value)| (key.to_vec(), value.to_vec())).unwrap()).collect()
}

fn files(env: &MemoryEnv, directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let names = env.list(directory).unwrap_or_default();
    let paths = names.iter().map(|name| directory.join(name));
    paths.filter_map(|path| Some((path.clone(), env.read_file(&path)?))).collect()
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
        let db = Db::open(DIRECTORY, Options { create_if_missing: true, ..options(env.clone()) });
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
        for (path, bytes) in files(&env, Path::new(DIRECTORY)) {
            let at = match FileKind::of(&path) {
                FileKind::Table(_) => 2_000,
                FileKind::Log(_) => 300,
                _ => continue,
            };
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            env.write_file(&path, changed.clone()).unwrap();
            if inspect(DIRECTORY, &options(env.clone())).unwrap().damages.len() > damaged.len() {
                damaged.push(changed);
            }
            // One table is enough; one that was replaced and not removed yet is not.
            if damaged.len() > 1 && matches!(FileKind::of(&path), FileKind::Table(_)) {
                env.write_file(&path, bytes).unwrap();
                damaged.pop();
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
        let lost = files(env, &Path::new(DIRECTORY).join("lost"));
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
    let before = files(&case.env, Path::new(DIRECTORY));
    for free in (0..).step_by(499) {
        let memory = case.env.deep_clone();
        let env = FaultEnv::on_memory(memory.clone());
        env.set_free_space(Some(free));
        match repair(DIRECTORY, &options(env)) {
            Ok(_) => {
                assert!(free > 5_000);
                return;
            }
            Err(error) => assert!(error.is_out_of_space(), "{error}"),
        }
        let mut after = files(&memory, Path::new(DIRECTORY));
        after.retain(|path, _| FileKind::of(path) != FileKind::Lock);
        let mut before = before.clone();
        before.retain(|path, _| FileKind::of(path) != FileKind::Lock);
        assert!(after == before, "{free}: {:?}", after.keys());
        assert!(files(&memory, &Path::new(DIRECTORY).join("lost")).is_empty());
    }
}

#[test]
fn a_repair_refuses_what_is_open_or_not_there() {
    let env = MemoryEnv::new();
    assert!(matches!(repair(DIRECTORY, &options(env.clone())), Err(Error::DoesNotExist { .. })));
    env.create_dir_all(Path::new(DIRECTORY)).unwrap();
    assert!(matches!(repair(DIRECTORY, &options(env.clone())), Err(Error::DoesNotExist { .. })));
    assert!(env.list(Path::new(DIRECTORY)).unwrap().is_empty());
    let case = Case::new();
    let db = Db::open("/other", Options { create_if_missing: true, ..options(case.env.clone()) });
    assert!(matches!(repair("/other", &options(case.env.clone())), Err(Error::Locked { .. })));
    drop(db);
    let read_only = Options { read_only: true, ..options(case.env.clone()) };
    assert!(matches!(repair(DIRECTORY, &read_only), Err(Error::ReadOnly)));
}
