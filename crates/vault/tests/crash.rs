//! A power cut after every single operation of the disk, during everything that changes the header
//! or replaces the data: the store opens, with all of the old or all of the new.
// The lints know tests by their attribute; most of this is called by tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use sigil_leveldb::env::{CrashMode, FaultEnv, FaultPlan, MemoryEnv, errno};
use sigil_storage::{Error, Event, Kind, Options, Result, Store};

use common::{
    Events, PASSWORD, ROOT, backup_in, content, delete, item, message, message_with, noise, open,
    options, with_backup,
};

#[path = "common/mod.rs"]
mod common;

const NEW: &[u8] = b"new password";

/// Opens with whichever of the two passwords is in force. Nothing had to be counted anew.
fn reopen(env: &MemoryEnv) -> Store {
    let events = Events::default();
    let options = || events.watch(options(env));
    let store = match Store::open(ROOT, PASSWORD, options()) {
        Err(Error::KeyWrong) => Store::open(ROOT, NEW, options()).unwrap(),
        store => store.unwrap(),
    };
    let recounted = events.take().iter().any(|event| matches!(event, Event::CountersRebuilt));
    assert!(!recounted, "the counters are missing");
    store
}

/// Cuts the power after each operation of `work`; what is found must be one of the two states.
fn cut_everywhere(work: impl Fn(&Store, &MemoryEnv) -> Result<()>) -> u64 {
    cut_everywhere_from(&with_backup(), work)
}

fn cut_everywhere_from(before: &MemoryEnv, work: impl Fn(&Store, &MemoryEnv) -> Result<()>) -> u64 {
    let old = content(&open(&before.deep_clone())).unwrap();
    let new = {
        let env = before.deep_clone();
        let store = open(&env);
        work(&store, &env).unwrap();
        content(&store).unwrap()
    };
    for halt in 0.. {
        let memory = before.deep_clone();
        let fault = FaultEnv::on_memory(memory.clone());
        let store = Store::open(ROOT, PASSWORD, options(&fault)).unwrap();
        fault.set_plan(FaultPlan::halt_at(halt));
        let done = work(&store, &memory).is_ok();
        for mode in [CrashMode::Keep, CrashMode::Drop, CrashMode::Torn { seed: halt }] {
            let crashed = memory.crash(mode);
            let store = reopen(&crashed);
            let found = content(&store).unwrap();
            let is_whole = found == new || found == old && !done;
            assert!(is_whole, "cut at {halt}, {mode:?}: {} entries", found.len());
            assert!(store.verify().unwrap().is_whole(), "cut at {halt}, {mode:?}");
            // And it is used on.
            store.write(message("on", 200.0, "x", "y")).unwrap();
        }
        if done {
            return halt;
        }
    }
    unreachable!()
}

#[test]
fn restoring() {
    assert!(cut_everywhere(|store, env| store.restore(&backup_in(env), None).map(drop)) > 10);
}

#[test]
fn clearing() {
    assert!(cut_everywhere(|store, _| store.clear()) > 10);
}

#[test]
fn changing_the_password() {
    let work = |store: &Store, _: &MemoryEnv| store.change_password(PASSWORD, NEW);
    assert!(cut_everywhere(work) >= 5);
}

#[test]
fn backing_up() {
    assert!(cut_everywhere(|store, _| store.backup().map(drop)) >= 5);
}

/// A save that gives other messages other places, of which more than one block of the log is full.
#[test]
fn saving_where_there_is_no_room() {
    let change = |step: u32| {
        let time = f64::from(step / 2);
        let time = if step.is_multiple_of(2) { time } else { 1e9 - time };
        message_with(&step.to_string(), time, "mallory", "me", &noise(step, 300))
    };
    let env = MemoryEnv::new();
    let store = open(&env);
    let mut steps = 0;
    while store.metrics().moved == 0 {
        store.write(change(steps)).unwrap();
        steps += 1;
    }
    let env = MemoryEnv::new();
    let store = open(&env);
    for step in 0..steps - 1 {
        store.write(change(step)).unwrap();
    }
    assert_eq!(store.metrics().moved, 0);
    store.close().unwrap();
    let work = |store: &Store, _: &MemoryEnv| {
        store.write(change(steps - 1))?;
        assert!(store.metrics().moved > 100);
        Ok(())
    };
    assert!(cut_everywhere_from(&env, work) >= 2);
}

/// Whatever has the name of a backup is whole, and there is always one, although only one is kept.
#[test]
fn a_backup_that_replaces_the_only_one() {
    use sigil_leveldb::env::Env;
    let before = with_backup();
    for halt in 0.. {
        let memory = before.deep_clone();
        let fault = FaultEnv::on_memory(memory.clone());
        let options = Options { backups_kept: 1, ..options(&fault) };
        let store = Store::open(ROOT, PASSWORD, options).unwrap();
        let operations = fault.op_count();
        fault.set_plan(FaultPlan::halt_at(halt));
        let made = store.backup();
        let was_reached = fault.op_count() - operations > halt;
        for mode in [CrashMode::Keep, CrashMode::Drop, CrashMode::Torn { seed: halt }] {
            let crashed = memory.crash(mode);
            let store = reopen(&crashed);
            let names = crashed.list(common::BACKUPS.as_ref()).unwrap();
            let backups: Vec<_> =
                names.iter().filter(|name| name.extension().is_some_and(|e| e == "json")).collect();
            assert!(!backups.is_empty(), "cut at {halt}, {mode:?}");
            for name in backups {
                let path = std::path::Path::new(common::BACKUPS).join(name);
                store.verify_backup(&path, None).unwrap();
            }
        }
        if made.is_ok() && !was_reached {
            assert!(halt > 10);
            return;
        }
    }
}

/// Making a store: what was cut off is made anew, and nothing is left that nobody can open.
#[test]
fn making_a_store() {
    for halt in 0.. {
        let memory = MemoryEnv::new();
        let fault = FaultEnv::on_memory(memory.clone());
        fault.set_plan(FaultPlan::halt_at(halt));
        let made = Store::open(ROOT, PASSWORD, options(&fault));
        for mode in [CrashMode::Keep, CrashMode::Drop, CrashMode::Torn { seed: halt }] {
            let crashed = memory.crash(mode);
            let store = Store::open(ROOT, PASSWORD, options(&crashed)).unwrap();
            store.write(message("1", 1.0, "x", "y")).unwrap();
            store.close().unwrap();
            assert_eq!(content(&open(&crashed)).unwrap().len(), 1, "cut at {halt}");
        }
        if made.is_ok() {
            assert!(halt > 10);
            return;
        }
    }
}

/// A disk that fails once: whatever the answer was, what was acknowledged is there afterwards.
#[test]
fn a_failing_disk_loses_nothing_that_was_acknowledged() {
    let before = with_backup();
    let works: [fn(&Store, &MemoryEnv) -> Result<()>; 5] = [
        |store, env| store.restore(&backup_in(env), None).map(drop),
        |store, _| store.clear(),
        |store, _| store.change_password(PASSWORD, NEW),
        |store, _| store.rotate_key(),
        |store, _| store.backup().map(drop),
    ];
    for work in works {
        for nth in 0.. {
            let memory = before.deep_clone();
            let fault = FaultEnv::on_memory(memory.clone());
            let store = Store::open(ROOT, PASSWORD, options(&fault)).unwrap();
            let operations = fault.op_count();
            fault.set_plan(FaultPlan::fail_nth(nth, errno::EIO));
            let done = work(&store, &memory).is_ok();
            let was_reached = fault.op_count() - operations > nth;
            fault.clear_plan();
            let acknowledged = store.write(message("then", 500.0, "x", "y")).is_ok();
            let expected = content(&store);
            drop(store);
            for mode in [CrashMode::Keep, CrashMode::Torn { seed: nth }] {
                let found = content(&reopen(&memory.crash(mode))).unwrap();
                if acknowledged {
                    assert_eq!(&found, expected.as_ref().unwrap(), "failed at {nth}");
                }
            }
            if done && !was_reached {
                break;
            }
        }
    }
}

/// The power goes without a word: what was acknowledged is there, with everything that belongs to it.
#[test]
fn what_was_acknowledged_survives_a_power_cut() {
    let env = MemoryEnv::new();
    let store = open(&env);
    for round in 0..30 {
        let (id, time) = (round.to_string(), f64::from(round));
        store.write(message(&id, time, "alice", "bob")).unwrap();
        store.write(item(Kind::Session, &id, id.as_bytes())).unwrap();
        match round % 10 {
            4 => store.write(delete(&(round - 1).to_string())).unwrap(),
            7 => store.rotate_key().unwrap(),
            9 => store.purge().unwrap(),
            _ => {}
        }
        let expected = content(&store).unwrap();
        for mode in [CrashMode::Drop, CrashMode::Torn { seed: round as u64 }] {
            let found = reopen(&env.crash(mode));
            assert_eq!(content(&found).unwrap(), expected, "{round}, {mode:?}");
            assert!(found.verify().unwrap().is_whole(), "{round}, {mode:?}");
        }
    }
}
