//! A destruction that is interrupted at any call, by a crash or by the system. What is left opens
//! with everything or not at all, destroying it again finishes, and whatever else is in the directory
//! is never touched.

// What a test calls is a test as well.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;

use sigil_leveldb::env::{CrashMode, Env, FaultEnv, FaultPlan, MemoryEnv, errno};
use sigil_leveldb::{Bytes, Db, Durability, Error, Options, Result, destroy};

const DIRECTORY: &str = "/data/db";
const NOTES: &str = "/data/db/notes.txt";

type Content = Vec<(Vec<u8>, Bytes)>;

fn options(env: &(impl Env + Clone)) -> Options {
    Options { env: Arc::new(env.clone()), ..Options::default() }
}

/// A database with tables, of which some hide values of others, and with newer writes in its log.
fn database() -> MemoryEnv {
    let env = MemoryEnv::new();
    let db = Db::open(DIRECTORY, Options { create_if_missing: true, ..options(&env) }).unwrap();
    for round in 0..3_u8 {
        for key in 0..40_u8 {
            match key % 5 == round {
                true => db.delete(&[key], Durability::Process).unwrap(),
                false => db.put(&[key], &[round; 100], Durability::Process).unwrap(),
            }
        }
        match round {
            0 => db.compact_range(None, None).unwrap(),
            1 => db.flush().unwrap(),
            _ => db.sync().unwrap(),
        }
    }
    db.close().unwrap();
    env.write_file(Path::new("/data/other"), "not in the directory").unwrap();
    env
}

fn content(env: &MemoryEnv) -> Result<Content> {
    Db::open(DIRECTORY, options(env))?.range(..)?.collect()
}

fn check(left: &MemoryEnv, has_notes: bool, expected: &Content, context: &str) {
    match content(&left.deep_clone()) {
        Ok(found) => assert!(found == *expected, "{context}: {} entries", found.len()),
        Err(Error::DoesNotExist { .. } | Error::Corruption { .. }) => {}
        Err(error) => panic!("{context}: {error}"),
    }
    destroy(DIRECTORY, &options(left)).unwrap();
    is_destroyed(left, has_notes, context);
}

fn is_destroyed(env: &MemoryEnv, has_notes: bool, context: &str) {
    for mode in [CrashMode::Keep, CrashMode::Drop, CrashMode::Torn { seed: 7 }] {
        let left = env.crash(mode);
        let gone = content(&left);
        assert!(matches!(gone, Err(Error::DoesNotExist { .. })), "{context}, {mode:?}: {gone:?}");
        let notes = left.read_file(Path::new(NOTES));
        assert_eq!(notes.as_deref(), has_notes.then_some(&b"mine"[..]), "{context}, {mode:?}");
        assert!(left.read_file(Path::new("/data/other")).is_some(), "{context}, {mode:?}");
    }
    let names = env.list(DIRECTORY.as_ref());
    match has_notes {
        true => assert_eq!(names.unwrap(), [Path::new("notes.txt")], "{context}"),
        false => assert!(names.is_err(), "{context}: {names:?}"),
    }
}

/// Destroys the database once for every call there is, with a plan that hits that call.
fn at_every_call(
    plan: impl Fn(u64) -> FaultPlan,
    look: impl Fn(&MemoryEnv, bool, &Content, Result<()>, u64),
) {
    for has_notes in [true, false] {
        let database = database();
        if has_notes {
            database.write_file(Path::new(NOTES), "mine").unwrap();
        }
        let expected = content(&database.deep_clone()).unwrap();
        assert!(expected.len() > 20);
        for at in 0.. {
            let memory = database.deep_clone();
            let env = FaultEnv::on_memory(memory.clone());
            env.set_plan(plan(at));
            let outcome = destroy(DIRECTORY, &options(&env));
            look(&memory, has_notes, &expected, outcome, at);
            if env.op_count() <= at {
                assert!(at > 10, "{at} calls");
                break;
            }
        }
    }
}

#[test]
fn a_crash_at_any_call() {
    at_every_call(FaultPlan::halt_at, |memory, has_notes, expected, outcome, at| {
        let torn = (0..20).map(|seed| CrashMode::Torn { seed: at * 1_000 + seed });
        for mode in [CrashMode::Keep, CrashMode::Drop].into_iter().chain(torn) {
            let context = format!("{mode:?} at {at}, {outcome:?}");
            check(&memory.crash(mode), has_notes, expected, &context);
        }
    });
}

#[test]
fn a_call_that_fails() {
    for errno in [errno::EIO, errno::ENOSPC] {
        let plan = |at| FaultPlan::fail_nth(at, errno);
        at_every_call(plan, |memory, has_notes, expected, outcome, at| {
            let context = format!("{errno} at {at}, {outcome:?}");
            match &outcome {
                Err(error) => assert_eq!(error.errno(), Some(errno), "{context}"),
                // What is left of it is no database: the lock file, or an empty directory.
                Ok(()) => assert!(content(&memory.deep_clone()).is_err(), "{context}"),
            }
            check(memory, has_notes, expected, &context);
        });
    }
}
