//! The header stands in two files, and either is enough: whatever fails while a header is written,
//! and whichever file is lost afterwards, the other leads to everything that was acknowledged, with
//! the password that is in force.
// The lints know tests by their attribute; most of this is called by tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::{Path, PathBuf};

use sigil_leveldb::IoOperation;
use sigil_leveldb::env::{CrashMode, Env, FaultEnv, FaultPlan, MemoryEnv, errno};
use sigil_storage::{Error, Event, Result, Store};

use common::{
    Events, PASSWORD, ROOT, backup_in, content, eventually, message, open, options, with_backup,
};

#[path = "common/mod.rs"]
mod common;

const NEW: &[u8] = b"new password";

type Work = fn(&Store, &MemoryEnv) -> Result<()>;

const WORKS: [(&str, Work); 4] = [
    ("restoring", |store, env| store.restore(&backup_in(env), None).map(drop)),
    ("clearing", |store, _| store.clear()),
    ("changing the password", |store, _| store.change_password(PASSWORD, NEW)),
    ("rotating", |store, _| store.rotate_key()),
];

fn file(name: &str) -> PathBuf {
    Path::new(ROOT).join(name)
}

/// Nothing can be made where the second file is made before it gets its name.
fn block(env: &MemoryEnv) {
    let _ = env.remove(&file("keys-b.new"));
    env.create_dir_all(&file("keys-b.new")).unwrap();
}

fn unblock(env: &MemoryEnv) {
    // A power cut may have taken it.
    let _ = env.remove_dir(&file("keys-b.new"));
}

/// The ways in which one file of the header is lost.
fn losses(env: &MemoryEnv) -> Vec<(String, MemoryEnv)> {
    let mut all = Vec::new();
    for name in ["keys-a", "keys-b"] {
        let missing = env.deep_clone();
        let _ = missing.remove(&file(name));
        all.push((format!("without {name}"), missing));
        let damaged = env.deep_clone();
        damaged.write_file(&file(name), vec![7; 300]).unwrap();
        all.push((format!("with a damaged {name}"), damaged));
    }
    all
}

/// The password that opens, and what there is.
fn found(env: &MemoryEnv) -> (&'static [u8], Vec<String>) {
    let (password, store) = match Store::open(ROOT, PASSWORD, options(env)) {
        Err(Error::KeyWrong) => (NEW, Store::open(ROOT, NEW, options(env)).unwrap()),
        store => (PASSWORD, store.unwrap()),
    };
    let found = content(&store).unwrap();
    assert!(store.verify().unwrap().is_whole());
    store.close().unwrap();
    (password, found)
}

/// The disk fails at each step, once or from then on until the work has ended.
#[test]
fn either_file_is_enough_after_any_failure() {
    let before = with_backup();
    let old = content(&open(&before.deep_clone())).unwrap();
    for (name, work) in WORKS {
        let goes_over = name == "changing the password";
        for nth in 0.. {
            let mut was_reached = false;
            for plan in [FaultPlan::fail_nth, FaultPlan::fail_from] {
                let memory = before.deep_clone();
                let fault = FaultEnv::on_memory(memory.clone());
                let store = Store::open(ROOT, PASSWORD, options(&fault)).unwrap();
                let operations = fault.op_count();
                fault.set_plan(plan(nth, errno::EIO));
                let done = work(&store, &memory).is_ok();
                was_reached |= fault.op_count() - operations > nth;
                fault.clear_plan();
                let acknowledged = store.write(message("then", 500.0, "x", "y")).is_ok();
                let expected = content(&store).unwrap();
                let crashed = memory.crash(CrashMode::Drop);
                drop(store);
                for (loss, env) in losses(&crashed) {
                    let (password, found) = found(&env);
                    let at = format!("{name}, failed at {nth}, done {done}, {loss}");
                    if done || acknowledged {
                        assert_eq!(found, expected, "{at}");
                    }
                    if done {
                        assert_eq!(password == NEW, goes_over, "{at}");
                    } else if !acknowledged {
                        assert!(found == old || name == "restoring" || found.is_empty(), "{at}");
                    }
                }
            }
            if !was_reached {
                assert!(nth > 8, "{name}");
                break;
            }
        }
    }
}

#[test]
fn without_the_second_file_nothing_has_happened() {
    for (name, work) in WORKS {
        let env = with_backup();
        let store = open(&env);
        let before = content(&store).unwrap();
        block(&env);
        let error = work(&store, &env).unwrap_err();
        assert!(matches!(error, Error::Engine(_)), "{name}: {error:?}");
        assert_eq!(content(&store).unwrap(), before, "{name}");
        store.write(message("then", 500.0, "x", "y")).unwrap();
        let expected = content(&store).unwrap();
        let crashed = env.crash(CrashMode::Drop);
        unblock(&crashed);
        for (loss, env) in losses(&crashed) {
            let refused = Store::open(ROOT, NEW, options(&env)).unwrap_err();
            assert!(matches!(refused, Error::KeyWrong), "{name}, {loss}: {refused:?}");
            assert_eq!(found(&env), (PASSWORD, expected.clone()), "{name}, {loss}");
        }
        // It is asked for again when the file can be written.
        unblock(&env);
        work(&store, &env).unwrap();
        store.close().unwrap();
        assert_eq!(env.read_file(&file("keys-a")), env.read_file(&file("keys-b")));
    }
}

/// The power goes between the two files, and the next opening cannot write the second either.
#[test]
fn an_opening_that_cannot_write_a_file_destroys_nothing_that_the_other_needs() {
    let before = with_backup();
    let mut told = 0;
    for (name, work) in WORKS {
        for halt in 0.. {
            let memory = before.deep_clone();
            let fault = FaultEnv::on_memory(memory.clone());
            let store = Store::open(ROOT, PASSWORD, options(&fault)).unwrap();
            fault.set_plan(FaultPlan::halt_at(halt));
            let done = work(&store, &memory).is_ok();
            let crashed = memory.crash(CrashMode::Drop);
            drop(store);
            let is_between =
                crashed.read_file(&file("keys-a")) != crashed.read_file(&file("keys-b"));
            if is_between {
                told += 1;
                goes_on_without_the_second(name, &crashed);
            }
            if done {
                break;
            }
        }
    }
    assert!(told >= 5, "{told}");
}

fn goes_on_without_the_second(name: &str, env: &MemoryEnv) {
    block(env);
    let events = Events::default();
    let options = || events.watch(options(env));
    let store = match Store::open(ROOT, PASSWORD, options()) {
        Err(Error::KeyWrong) => Store::open(ROOT, NEW, options()).unwrap(),
        store => store.unwrap(),
    };
    let is_told = |event: &Event| matches!(event, Event::HeaderCopyFailed(_));
    assert!(events.take().iter().any(is_told), "{name}");
    // What is not acknowledged may be missing; what is must be in both.
    let acknowledged = store.write(message("then", 500.0, "x", "y")).is_ok();
    assert!(acknowledged || ["restoring", "clearing"].contains(&name), "{name}");
    let _ = store.rotate_key();
    let expected = content(&store).unwrap();
    let crashed = env.crash(CrashMode::Drop);
    unblock(&crashed);
    for (loss, env) in losses(&crashed) {
        let (_, found) = found(&env);
        assert!(found == expected || !acknowledged, "{name}, {loss}");
    }
    // With the file writable closing makes both the same, and opening tidies up.
    unblock(env);
    store.close().unwrap();
    assert_eq!(env.read_file(&file("keys-a")), env.read_file(&file("keys-b")), "{name}");
    let (_, found) = found(env);
    assert_eq!(found, expected, "{name}");
    assert_eq!(env.list(ROOT.as_ref()).unwrap().len(), 4, "{name}: one directory is left");
}

/// What opening could not write the background writes, and what was refused until then is written.
#[test]
fn the_background_tries_it_again() {
    let before = with_backup();
    let mut told = 0;
    for halt in 0.. {
        let memory = before.deep_clone();
        let fault = FaultEnv::on_memory(memory.clone());
        let store = Store::open(ROOT, PASSWORD, options(&fault)).unwrap();
        fault.set_plan(FaultPlan::halt_at(halt));
        let done = store.clear().is_ok();
        let crashed = memory.crash(CrashMode::Drop);
        if crashed.read_file(&file("keys-a")) != crashed.read_file(&file("keys-b")) {
            told += u32::from(is_mended_although_opening_failed(&crashed));
        }
        if done {
            break;
        }
    }
    assert!(told > 0);
}

/// Lets one making of a file fail while the store opens, whichever is that of the header.
fn is_mended_although_opening_failed(env: &MemoryEnv) -> bool {
    for nth in 0..20 {
        let memory = env.deep_clone();
        let fault = FaultEnv::on_memory(memory.clone());
        let events = Events::default();
        fault.set_plan(FaultPlan::fail_nth(nth, errno::EIO).on(IoOperation::Create));
        let Ok(store) = Store::open(ROOT, PASSWORD, events.watch(options(&fault))) else {
            continue;
        };
        if !events.take().iter().any(|event| matches!(event, Event::HeaderCopyFailed(_))) {
            continue;
        }
        let write = || store.write(message("then", 500.0, "x", "y")).is_ok();
        eventually("the header is written again", write);
        assert_eq!(memory.read_file(&file("keys-a")), memory.read_file(&file("keys-b")));
        return true;
    }
    false
}
