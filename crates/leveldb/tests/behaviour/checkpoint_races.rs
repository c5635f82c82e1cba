//! Several checkpoints into one directory at once: one of them is made, the others are told that
//! the place is taken, and neither the database that they are taken of nor what somebody else put
//! into the directory is touched.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use sigil_leveldb::env::{Env, FaultEnv, FaultPlan, MemoryEnv, RealEnv, errno};
use sigil_leveldb::{Db, Durability, Error, FileKind, IoOperation};

use super::{noise, options};
use crate::tap::{Call, TapEnv};

const KEYS: u32 = 500;

fn fill(db: &Db, seed: u32) {
    for index in 0..KEYS {
        let value = noise((seed + index).into(), 300);
        db.put(&index.to_be_bytes(), &value, Durability::Process).unwrap();
    }
    db.flush().unwrap();
}

fn holds(db: &Db, seed: u32) {
    assert!(db.verify().unwrap().is_whole());
    for index in 0..KEYS {
        let value = db.get(&index.to_be_bytes()).unwrap().unwrap();
        assert_eq!(value, noise((seed + index).into(), 300));
    }
}

fn open_in(env: &TapEnv, directory: &Path) -> Db {
    Db::open(directory, options(env)).unwrap()
}

/// Databases that all try at once: each waits a little after it has looked whether the place is
/// empty. Whoever made the copy, it is of one database and whole.
fn race(disk: Arc<dyn Env>, root: &Path, seeds: &[u32], handles: usize) {
    let copy = root.join("copy");
    let env = TapEnv::new(disk, {
        let copy = copy.clone();
        move |call: Call| {
            let after_the_look = matches!(call.operation, IoOperation::Link | IoOperation::Create);
            if call.operation == IoOperation::CreateDir && call.path == copy
                || after_the_look && call.path.parent() == Some(&copy)
            {
                thread::sleep(Duration::from_millis(5));
            }
        }
    });
    let place = |seed: &u32| root.join(format!("db-{seed}"));
    let dbs: Vec<_> = seeds.iter().map(|seed| open_in(&env, &place(seed))).collect();
    dbs.iter().zip(seeds).for_each(|(db, seed)| fill(db, *seed));
    let outcomes: Vec<_> = thread::scope(|scope| {
        let tries = dbs.iter().flat_map(|db| (0..handles).map(move |_| db.clone()));
        let tries = tries.map(|db| {
            scope.spawn({
                let copy = &copy;
                move || db.checkpoint(copy)
            })
        });
        let tries: Vec<_> = tries.collect();
        tries.into_iter().map(|made| made.join().unwrap()).collect()
    });
    let made = outcomes.iter().position(Result::is_ok).unwrap();
    for (index, outcome) in outcomes.iter().enumerate() {
        let is_taken = matches!(outcome, Err(Error::AlreadyExists { path }) if *path == copy);
        assert!(index == made || is_taken, "{outcomes:?}");
    }
    dbs.iter().zip(seeds).for_each(|(db, seed)| holds(db, *seed));
    drop(dbs);
    for (seed, handle) in seeds.iter().zip(0..) {
        holds(&open_in(&env, &place(seed)), *seed);
        if made / handles == handle {
            holds(&open_in(&env, &copy), *seed);
        }
    }
}

#[test]
fn of_many_checkpoints_into_one_directory_one_is_made() {
    for _ in 0..5 {
        race(Arc::new(MemoryEnv::new()), Path::new("/"), &[7], 4);
        let directory = tempfile::tempdir().unwrap();
        race(Arc::new(RealEnv::new()), directory.path(), &[7], 4);
    }
}

#[test]
fn checkpoints_of_different_databases_are_not_mixed() {
    for _ in 0..5 {
        race(Arc::new(MemoryEnv::new()), Path::new("/"), &[1_000, 2_000, 3_000], 1);
    }
}

/// A database whose checkpoints into `/copy` meet what `meddle` does when a table is about to be
/// linked; it gets the paths of both.
fn meddled(inner: Arc<dyn Env>, meddle: impl Fn(&Path, &Path) + Send + Sync + 'static) -> Db {
    let env = TapEnv::new(inner, move |call: Call| {
        if call.operation == IoOperation::Link {
            meddle(&Path::new("/db").join(call.path.file_name().unwrap()), &call.path);
        }
    });
    let db = open_in(&env, Path::new("/db"));
    fill(&db, 0);
    db
}

#[test]
fn a_file_that_somebody_else_has_put_there_stays_as_it_is() {
    let memory = MemoryEnv::new();
    let db = meddled(Arc::new(memory.clone()), {
        let memory = memory.clone();
        move |_, to| memory.write_file(to, *b"mine").unwrap()
    });
    let refused = db.checkpoint("/copy").unwrap_err();
    assert!(matches!(refused, Error::AlreadyExists { .. }), "{refused}");
    let left = memory.list("/copy".as_ref()).unwrap();
    let [left] = &left[..] else { panic!("{left:?}") };
    assert_eq!(memory.read_file(&Path::new("/copy").join(left)).unwrap(), b"mine");
    holds(&db, 0);
}

/// A file system of a network that sends a call again is told that the name exists, by itself.
#[test]
fn a_link_that_was_made_although_it_is_said_to_exist_is_made() {
    let memory = MemoryEnv::new();
    let db = meddled(Arc::new(memory.clone()), {
        let memory = memory.clone();
        move |from, to| memory.hard_link(from, to).unwrap()
    });
    db.checkpoint("/copy").unwrap();
    holds(&Db::open("/copy", options(&memory)).unwrap(), 0);
    holds(&db, 0);
}

#[test]
fn a_checkpoint_that_fails_removes_what_it_made_and_no_more() {
    let is_manifest = |path: &PathBuf| matches!(FileKind::of(path), FileKind::Manifest(_));
    for (exists, with_mine) in [(false, false), (true, false), (false, true)] {
        let memory = MemoryEnv::new();
        let fault = FaultEnv::on_memory(memory.clone());
        let db = meddled(Arc::new(fault.clone()), {
            let memory = memory.clone();
            move |_, _| {
                if with_mine {
                    memory.write_file("/copy/mine".as_ref(), *b"mine").unwrap();
                }
            }
        });
        if exists {
            memory.create_dir_all("/copy".as_ref()).unwrap();
        }
        fault.set_plan(FaultPlan::fail_nth(0, errno::EIO).on(IoOperation::Rename));
        assert_eq!(db.checkpoint("/copy").unwrap_err().errno(), Some(errno::EIO));
        let left = memory.list("/copy".as_ref());
        match (exists, with_mine) {
            (false, false) => assert!(left.is_err(), "{left:?}"),
            (true, _) => assert!(left.unwrap().is_empty()),
            (_, true) => assert_eq!(left.unwrap(), [PathBuf::from("mine")]),
        }
        assert!(memory.list("/db".as_ref()).unwrap().iter().any(is_manifest));
        holds(&db, 0);
    }
}

/// Where linking is not possible, the copies are as exclusive as links are.
#[test]
fn copies_where_links_are_not_possible_are_whole() {
    let memory = MemoryEnv::new();
    let fault = FaultEnv::on_memory(memory.clone());
    let db = meddled(Arc::new(fault.clone()), |_, _| {});
    fault.set_plan(FaultPlan::fail_from(0, errno::EMFILE).on(IoOperation::Link));
    db.checkpoint("/copy").unwrap();
    holds(&Db::open("/copy", options(&memory)).unwrap(), 0);
    let names = memory.list("/copy".as_ref()).unwrap();
    let is_table = |name: &&PathBuf| matches!(FileKind::of(name), FileKind::Table(_));
    for table in names.iter().filter(is_table) {
        let identity = |root: &str| memory.identity(&Path::new(root).join(table)).unwrap();
        assert!(!identity("/copy").is_same_file(&identity("/db")));
    }
}
