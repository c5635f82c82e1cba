//! Backups: whole, restored by the password alone wherever they are, and kept in bounds.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sigil_leveldb::env::{Env, MemoryEnv};
use sigil_storage::{BackupReport, Error, Event, Kind, Options, Store};

use crate::common::{
    BACKUPS, Events, PASSWORD, ROOT, content, delete, eventually, item, message, message_with,
    of_peer, open, options, recent,
};

fn filled(env: &MemoryEnv) -> Store {
    let store = open(env);
    for index in 0..50 {
        let time = f64::from(index * 37 % 50);
        store.write(message(&index.to_string(), time, "alice", "bob")).unwrap();
    }
    for kind in [Kind::Session, Kind::Proof, Kind::Peer] {
        store.write(item(kind, "a", b"value")).unwrap();
    }
    store
}

fn names(env: &MemoryEnv) -> Vec<PathBuf> {
    let mut names = env.list(BACKUPS.as_ref()).unwrap_or_default();
    names.sort();
    names
}

#[test]
fn a_backup_brings_everything_back() {
    let env = MemoryEnv::new();
    let store = filled(&env);
    let before = content(&store).unwrap();
    let path = store.backup().unwrap();
    let report = store.verify_backup(&path, None).unwrap();
    assert_eq!(
        BackupReport { created: 0, bytes: 0, ..report },
        BackupReport { messages: 50, sessions: 1, proofs: 1, peers: 1, ..BackupReport::default() }
    );
    assert_eq!(store.stats().unwrap().last_backup, Some(report.created));
    store.write(delete("7")).unwrap();
    store.write(message("later", 99.0, "alice", "bob")).unwrap();
    store.restore(&path, None).unwrap();
    let mut store = store;
    for _ in 0..2 {
        assert_eq!(content(&store).unwrap(), before);
        assert_eq!(of_peer(&store, "bob", 100).len(), 50);
        assert_eq!(store.get(Kind::Message, "7").unwrap().unwrap(), "7");
        assert_eq!(store.stats().unwrap().messages, 50);
        let verification = store.verify().unwrap();
        assert!(verification.is_whole(), "{verification:?}");
        store.close().unwrap();
        store = open(&env);
    }
}

#[test]
fn the_password_alone_restores_it_elsewhere() {
    let (here, there) = (MemoryEnv::new(), MemoryEnv::new());
    let store = filled(&here);
    let path = store.backup().unwrap();
    let before = content(&store).unwrap();
    there.write_file(&path, here.read_file(&path).unwrap()).unwrap();
    let other = open(&there);
    other.write(message("other", 1.0, "x", "y")).unwrap();
    other.restore(&path, None).unwrap();
    assert_eq!(content(&other).unwrap(), before);
    other.write(message("after", 1_000.0, "alice", "bob")).unwrap();
    other.write(message("between", 20.5, "alice", "bob")).unwrap();
    assert_eq!(recent(&other, 1), ["after"]);
    assert!(other.verify().unwrap().is_whole());
    other.close().unwrap();
    assert_eq!(content(&open(&there)).unwrap().len(), before.len() + 2);
}

#[test]
fn a_backup_keeps_the_password_that_it_was_made_with() {
    let env = MemoryEnv::new();
    let store = filled(&env);
    let path = store.backup().unwrap();
    store.change_password(PASSWORD, b"new").unwrap();
    assert!(matches!(store.restore(&path, None), Err(Error::KeyWrong)));
    assert!(matches!(store.verify_backup(&path, Some(b"wrong")), Err(Error::KeyWrong)));
    store.write(delete("1")).unwrap();
    store.restore(&path, Some(PASSWORD)).unwrap();
    assert_eq!(store.stats().unwrap().messages, 50);
    store.verify_backup(&store.backup().unwrap(), None).unwrap();
}

/// A backup has the password of when it was begun, and is read back with that one.
#[test]
fn a_password_that_changes_meanwhile_fails_no_backup() {
    let env = MemoryEnv::new();
    let store = filled(&env);
    for index in 0..2_000 {
        store.write(message(&format!("more {index}"), 100.0, "alice", "bob")).unwrap();
    }
    let done = std::sync::atomic::AtomicBool::new(false);
    let changes = std::thread::scope(|scope| {
        let changes = scope.spawn(|| {
            let mut changes = 0_u32;
            while !done.load(std::sync::atomic::Ordering::Acquire) {
                store.change_password(PASSWORD, b"other").unwrap();
                store.change_password(b"other", PASSWORD).unwrap();
                changes += 2;
            }
            changes
        });
        let made: Vec<_> = (0..24).map(|_| store.backup()).collect();
        done.store(true, std::sync::atomic::Ordering::Release);
        for path in made {
            let path = path.unwrap();
            let is_opened_by = |word: &[u8]| store.verify_backup(&path, Some(word)).is_ok();
            assert!(is_opened_by(PASSWORD) || is_opened_by(b"other"));
        }
        changes.join().unwrap()
    });
    assert!(changes > 10, "{changes}");
}

#[test]
fn a_backup_is_of_one_moment() {
    let env = MemoryEnv::new();
    let store = filled(&env);
    // Two that always change together.
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (store, done) = (&store, &done);
        scope.spawn(move || {
            let mut round = 0;
            while !done.load(std::sync::atomic::Ordering::Acquire) {
                let change = |id| message(id, f64::from(100 + round % 3), "alice", "bob");
                store.write_all(&[change("one"), change("two")]);
                store.write_all(&[delete("one"), delete("two")]);
                round += 1;
            }
        });
        for _ in 0..10 {
            let report = store.verify_backup(&store.backup().unwrap(), None).unwrap();
            assert!([50, 52].contains(&report.messages), "{report:?}");
        }
        done.store(true, std::sync::atomic::Ordering::Release);
    });
}

#[test]
fn what_is_damaged_restores_nothing() {
    let env = MemoryEnv::new();
    let store = filled(&env);
    let before = content(&store).unwrap();
    let path = store.backup().unwrap();
    let bytes = env.read_file(&path).unwrap();
    let damaged = Path::new(BACKUPS).join("damaged");
    let refuse = |bytes: Vec<u8>| {
        env.write_file(&damaged, bytes).unwrap();
        let error = store.restore(&damaged, None).unwrap_err();
        let typed =
            matches!(error, Error::BackupDamaged { .. } | Error::Unsupported(_) | Error::KeyWrong);
        assert!(typed, "{error:?}");
    };
    for index in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[index] ^= 1;
        refuse(changed);
    }
    for length in (0..bytes.len()).step_by(11) {
        refuse(bytes[..length].to_vec());
    }
    refuse([&bytes[..], b"more"].concat());
    assert_eq!(content(&store).unwrap(), before);
    assert_eq!(env.list(ROOT.as_ref()).unwrap().len(), 4);
    assert!(matches!(store.restore(Path::new("/none"), None), Err(Error::Engine(_))));
}

#[test]
fn the_newest_are_kept_and_files_of_others_are_not_touched() {
    let env = MemoryEnv::new();
    filled(&env).close().unwrap();
    let foreign = Path::new(BACKUPS).join("backup-1.json");
    env.write_file(&foreign, b"{}".to_vec()).unwrap();
    let store = Store::open(ROOT, PASSWORD, Options { backups_kept: 3, ..options(&env) }).unwrap();
    let made: Vec<_> = (0..6).map(|_| store.backup().unwrap()).collect();
    let kept = names(&env);
    assert_eq!(kept.len(), 4);
    assert!(env.size(&foreign).is_ok());
    assert!(made[3..].iter().all(|path| env.size(path).is_ok()));
}

#[test]
fn a_backup_that_fails_costs_none_of_the_others() {
    use sigil_leveldb::env::{FaultEnv, FaultPlan, errno};
    let memory = MemoryEnv::new();
    let fault = FaultEnv::on_memory(memory.clone());
    filled(&memory).close().unwrap();
    let options = Options { backups_kept: 1, ..options(&fault) };
    let store = Store::open(ROOT, PASSWORD, options).unwrap();
    let before = fault.op_count();
    store.backup().unwrap();
    let operations = fault.op_count() - before;
    let mut failures = 0;
    for nth in 0..operations + 3 {
        fault.set_plan(FaultPlan::fail_nth(nth, errno::EIO));
        failures += u32::from(store.backup().is_err());
        fault.clear_plan();
        let names = names(&memory);
        let is_whole =
            |name: &PathBuf| store.verify_backup(&Path::new(BACKUPS).join(name), None).is_ok();
        assert!(names.iter().any(is_whole), "{nth}: {names:?}");
    }
    assert!(failures > 5, "{failures} of {operations}");
    store.backup().unwrap();
    assert_eq!(names(&memory).len(), 1);
}

#[test]
fn automatic_backups_come_in_their_time() {
    let env = MemoryEnv::new();
    let events = Events::default();
    filled(&env).close().unwrap();
    let interval = Some(Duration::from_millis(30));
    let options = Options { backup_interval: interval, backups_kept: 2, ..options(&env) };
    let store = Store::open(ROOT, PASSWORD, events.watch(options)).unwrap();
    eventually("backups are made", || store.metrics().backups_made >= 4);
    store.close().unwrap();
    assert_eq!(names(&env).len(), 2);
    let made = events.take();
    assert!(made.len() >= 4 && made.iter().all(|event| matches!(event, Event::BackupMade(_))));
    std::thread::sleep(Duration::from_millis(100));
    assert!(events.take().is_empty(), "the timer went on after closing");
}

#[test]
fn an_automatic_backup_that_fails_is_told_and_counted() {
    let env = MemoryEnv::new();
    let events = Events::default();
    // A file is where the directory should be.
    env.write_file(Path::new(BACKUPS), b"".to_vec()).unwrap();
    let interval = Some(Duration::from_millis(10));
    let options = events.watch(Options { backup_interval: interval, ..options(&env) });
    let store = Store::open(ROOT, PASSWORD, options).unwrap();
    eventually("backups fail", || store.metrics().backups_failed >= 2);
    assert!(store.metrics().backup_failure.is_some());
    store.close().unwrap();
    assert!(events.take().iter().all(|event| matches!(event, Event::BackupFailed(_))));
}

/// A backup can be made again: closing leaves no piece of it and does not wait for the rest.
#[test]
fn closing_does_not_wait_for_a_backup() {
    use sigil_leveldb::env::FaultEnv;
    let env = MemoryEnv::new();
    let counting = FaultEnv::on_memory(env.clone());
    let store = Store::open(ROOT, PASSWORD, options(&counting)).unwrap();
    let mut state = 1_u64;
    for id in 0..4_000_u32 {
        let noise = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as u8
        });
        let value: Vec<u8> = noise.take(3_000).collect();
        store.write(message_with(&id.to_string(), id.into(), "x", "y", &value)).unwrap();
    }
    let counted = |work: &dyn Fn()| {
        let before = counting.mutation_count();
        work();
        counting.mutation_count() - before
    };
    let all = counted(&|| drop(store.backup().unwrap()));
    let is_partial = |name: &PathBuf| name.extension().is_some_and(|end| end == "partial");
    std::thread::scope(|scope| {
        // One after another, so that one is under way whenever it is closed.
        let backups = scope.spawn(|| (0..100).find_map(|_| store.backup().err()));
        while !names(&env).iter().any(is_partial) {
            std::thread::yield_now();
        }
        let rest = counted(&|| store.close().unwrap());
        assert!(rest < all / 2, "{rest} of {all}");
        assert!(matches!(backups.join().unwrap(), Some(Error::Closed)));
    });
    assert!(!names(&env).iter().any(is_partial));
    assert_eq!(store.metrics().backups_failed, 0);
    let store = open(&env);
    let report = store.verify_backup(&store.backup().unwrap(), None).unwrap();
    assert_eq!(report.messages, 4_000);
}
