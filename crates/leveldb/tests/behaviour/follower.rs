//! What following means for the calls that concern a writer and its follower differently.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sigil_leveldb::env::{Env, FaultEnv, FaultPlan, MemoryEnv, RealEnv, errno};
use sigil_leveldb::{Db, Durability, Error, FileKind, IoOperation, Options, destroy};

use super::{DIRECTORY, noise, open, options};
use crate::tap::{Call, TapEnv};

fn follow(env: &(impl Env + Clone)) -> Db {
    Db::open(DIRECTORY, Options { read_only: true, ..options(env) }).unwrap()
}

#[test]
fn refreshing_a_writer_changes_nothing() {
    let db = open(&MemoryEnv::new());
    db.put(b"a", b"1", Durability::Process).unwrap();
    assert!(!db.refresh().unwrap());
    assert_eq!(db.get(b"a").unwrap().unwrap(), "1");
}

#[test]
fn a_follower_makes_no_checkpoint_and_the_place_stays_empty() {
    let env = MemoryEnv::new();
    let db = open(&env);
    db.put(b"a", b"1", Durability::Process).unwrap();
    let follower = follow(&env);
    assert!(matches!(follower.checkpoint("/copy"), Err(Error::ReadOnly)));
    assert!(env.list("/copy".as_ref()).is_err());
    db.checkpoint("/copy").unwrap();
    let copy = Db::open("/copy", options(&env)).unwrap();
    assert_eq!(copy.get(b"a").unwrap().unwrap(), "1");
}

#[test]
fn a_refresh_that_fails_leaves_what_was_shown_and_can_be_tried_again() {
    let memory = MemoryEnv::new();
    let db = open(&memory);
    db.put(b"a", b"1", Durability::Process).unwrap();
    let fault = FaultEnv::on_memory(memory);
    let follower = follow(&fault);
    let before = follower.snapshot().unwrap();
    db.put(b"a", b"2", Durability::Process).unwrap();
    db.compact_range(None, None).unwrap();
    fault.set_plan(FaultPlan::fail_from(0, errno::EIO).of(FileKind::Table(0)));
    assert_eq!(follower.refresh().unwrap_err().errno(), Some(errno::EIO));
    assert_eq!(follower.get(b"a").unwrap().unwrap(), "1");
    fault.clear_plan();
    assert!(follower.refresh().unwrap());
    assert_eq!(follower.get(b"a").unwrap().unwrap(), "2");
    assert_eq!(follower.get_many_at(&before, &[b"a"]).unwrap(), [Some("1".into())]);
    assert_eq!(follower.range_at(&before, ..).unwrap().count(), 1);
}

/// The writer may be between two steps, such as naming a table and removing the log that it is made of.
#[test]
fn a_file_that_is_missing_for_a_moment_is_looked_for_again() {
    const ENOENT: i32 = 2;
    let memory = MemoryEnv::new();
    let db = open(&memory);
    let put = |value: &[u8]| {
        db.put(b"a", value, Durability::Process).unwrap();
        db.flush().unwrap();
    };
    put(b"1");
    let fault = FaultEnv::on_memory(memory);
    let miss_a_table = || {
        let plan = FaultPlan::fail_nth(0, ENOENT).on(IoOperation::Open);
        fault.set_plan(plan.of(FileKind::Table(0)));
    };
    miss_a_table();
    let follower = follow(&fault);
    assert_eq!(follower.get(b"a").unwrap().unwrap(), "1");
    put(b"2");
    miss_a_table();
    assert!(follower.refresh().unwrap());
    assert_eq!(follower.get(b"a").unwrap().unwrap(), "2");
    let opened = fault.op_count_of(IoOperation::Open, Some(FileKind::Table(0)));
    assert!(opened >= 2 + 2, "{opened}: it was not missing");
}

const KEYS: u64 = 400;

/// A database that differs from one with another seed in each value and a key and in nothing else: the
/// names, sizes and first and last keys of its tables are the same.
fn make(env: &(impl Env + Clone), root: &Path, seed: u64) {
    let db = Db::open(root, options(env)).unwrap();
    for index in 0..KEYS {
        db.put(&key(seed, index), &noise(seed * KEYS + index, 300), Durability::Process).unwrap();
    }
    db.compact_range(None, None).unwrap();
    db.put(&key(seed, KEYS), &noise(seed * KEYS + KEYS, 300), Durability::Process).unwrap();
}

fn key(seed: u64, index: u64) -> [u8; 16] {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&(index + 1).to_be_bytes());
    if index == 1 {
        key[8..].copy_from_slice(&seed.to_be_bytes());
    }
    key
}

fn content(seed: u64) -> Vec<([u8; 16], Vec<u8>)> {
    (0..=KEYS).map(|index| (key(seed, index), noise(seed * KEYS + index, 300))).collect()
}

/// Whether a scan finds exactly what the database with this seed has.
fn has(follower: &Db, seed: u64) -> bool {
    let found: Vec<_> = follower.range(..).unwrap().map(Result::unwrap).collect();
    let found = found.iter().map(|(key, value)| (&key[..], &value[..]));
    found.eq(content(seed).iter().map(|(key, value)| (&key[..], &value[..])))
}

fn shows(follower: &Db, seed: u64) {
    assert!(follower.verify().unwrap().is_whole());
    for (key, value) in content(seed) {
        // What is read again comes from elsewhere than what is read first.
        for _ in 0..3 {
            assert_eq!(&follower.get(&key).unwrap().expect("a key that exists")[..], value);
        }
    }
    assert!(has(follower, seed));
}

/// A follower that has read everything, blocks into its cache included, sees what stands in the
/// place of the database that it has opened.
fn sees_what_replaces<E: Env + Clone>(env: &E, root: &Path, replace: impl Fn(&E, &Path, u64)) {
    let directory = root.join("db");
    make(env, &directory, 0);
    let read_only = Options { read_only: true, ..options(env) };
    let follower = Db::open(&directory, read_only).unwrap();
    shows(&follower, 0);
    assert!(!follower.refresh().unwrap());
    for seed in 1..4 {
        let before = follower.snapshot().unwrap();
        replace(env, &directory, seed);
        assert!(follower.refresh().unwrap(), "nothing has changed for the follower");
        shows(&follower, seed);
        assert_eq!(follower.get_at(&before, &key(seed, 1)).unwrap(), None);
        assert!(!follower.refresh().unwrap());
    }
}

fn destroy_and_make<E: Env + Clone>(env: &E, directory: &Path, seed: u64) {
    destroy(directory, &options(env)).unwrap();
    make(env, directory, seed);
}

/// What another place has, put under the names of the database. Names are all that changes.
fn put_in_place<E: Env + Clone>(env: &E, directory: &Path, seed: u64) {
    let other = directory.with_file_name(format!("other-{seed}"));
    make(env, &other, seed);
    destroy(directory, &options(env)).unwrap();
    env.create_dir_all(directory).unwrap();
    for name in env.list(&other).unwrap() {
        env.hard_link(&other.join(&name), &directory.join(&name)).unwrap();
    }
}

#[test]
fn a_follower_sees_a_database_that_was_made_anew_in_its_place() {
    sees_what_replaces(&MemoryEnv::new(), Path::new("/"), destroy_and_make);
    let root = tempfile::tempdir().unwrap();
    sees_what_replaces(&RealEnv::new(), root.path(), destroy_and_make);
    let fault = FaultEnv::on_memory(MemoryEnv::new());
    sees_what_replaces(&fault, Path::new("/"), destroy_and_make);
}

#[test]
fn a_follower_sees_a_database_that_was_put_in_its_place() {
    sees_what_replaces(&MemoryEnv::new(), Path::new("/"), put_in_place);
    let root = tempfile::tempdir().unwrap();
    sees_what_replaces(&RealEnv::new(), root.path(), put_in_place);
}

/// The files are the same ones, with other bytes in them.
#[test]
fn a_follower_sees_a_database_that_was_copied_over_its_files() {
    let copy_over = |_: &RealEnv, directory: &Path, seed: u64| {
        let env = RealEnv::new();
        let other = directory.with_file_name(format!("other-{seed}"));
        make(&env, &other, seed);
        let names = env.list(&other).unwrap();
        for old in env.list(directory).unwrap().iter().filter(|old| !names.contains(old)) {
            env.remove(&directory.join(old)).unwrap();
        }
        for name in names {
            std::fs::copy(other.join(&name), directory.join(&name)).unwrap();
        }
    };
    let root = tempfile::tempdir().unwrap();
    sees_what_replaces(&RealEnv::new(), root.path(), copy_over);
}

/// Half of one and half of the other is what nobody may be shown, at whichever call it is replaced.
#[test]
fn a_follower_that_is_opened_while_the_database_is_replaced_sees_one_of_the_two() {
    let (mut number, mut replaced) = (0, true);
    while replaced {
        let memory = MemoryEnv::new();
        let directory = Path::new(DIRECTORY);
        make(&memory, directory, 0);
        let done = Arc::<AtomicBool>::default();
        let env = TapEnv::new(Arc::new(memory.clone()), {
            let done = done.clone();
            move |call: Call| {
                if call.number == number {
                    put_in_place(&memory, directory, 1);
                    done.store(true, Ordering::SeqCst);
                }
            }
        });
        let follower = Db::open(directory, Options { read_only: true, ..options(&env) }).unwrap();
        assert!(has(&follower, 0) || has(&follower, 1), "replaced at call {number}");
        (number, replaced) = (number + 1, done.load(Ordering::SeqCst) || number == 0);
    }
    assert!(number > 10, "{number}");
}

/// The database that is put back has smaller sequence numbers than what the follower has seen.
#[test]
fn a_follower_goes_back_with_a_checkpoint_that_is_restored() {
    let env = MemoryEnv::new();
    let db = open(&env);
    db.put(b"a", b"old", Durability::Process).unwrap();
    db.checkpoint("/copy").unwrap();
    for _ in 0..100 {
        db.put(b"a", b"new", Durability::Process).unwrap();
        db.put(b"b", b"new", Durability::Process).unwrap();
    }
    db.flush().unwrap();
    drop(db);
    let follower = follow(&env);
    let seen = follower.snapshot().unwrap();
    destroy(DIRECTORY, &options(&env)).unwrap();
    let copy = Db::open("/copy", options(&env)).unwrap();
    copy.checkpoint(DIRECTORY).unwrap();
    assert!(follower.refresh().unwrap());
    assert_eq!(follower.get(b"a").unwrap().unwrap(), "old");
    assert_eq!(follower.get(b"b").unwrap(), None);
    assert_eq!(follower.get_at(&seen, b"b").unwrap().unwrap(), "new");
    let db = open(&env);
    db.put(b"a", b"newest", Durability::Process).unwrap();
    assert!(follower.refresh().unwrap());
    assert_eq!(follower.get(b"a").unwrap().unwrap(), "newest");
}

#[test]
fn the_memory_of_a_follower_counts_its_tables() {
    let env = MemoryEnv::new();
    make(&env, Path::new(DIRECTORY), 0);
    let uncached = Options { read_only: true, block_cache_size: 0, ..options(&env) };
    let follower = Db::open(DIRECTORY, uncached).unwrap();
    let usage = || {
        let usage = follower.property("leveldb.approximate-memory-usage").unwrap().unwrap();
        usage.parse::<u64>().unwrap()
    };
    // Its filters alone have ten bits a key, and what the log has are a few hundred bytes.
    assert!(usage() > 300 + 104 + KEYS * 10 / 8, "{}", usage());
}
