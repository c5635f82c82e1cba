//! Changing the key of the records while the store is in use; going on after a crash.

use std::sync::atomic::{AtomicBool, Ordering};

use sigil_leveldb::env::{CrashMode, FaultEnv, FaultPlan, MemoryEnv};
use sigil_storage::{Error, Options, Store};

use crate::common::{
    PASSWORD, ROOT, content, delete, eventually, files, get, message, open, options, recent,
};

fn fill(store: &Store, count: usize) {
    let changes: Vec<_> =
        (0..count).map(|id| message(&id.to_string(), id as f64, "x", "y")).collect();
    store.write_all(&changes).into_iter().for_each(Result::unwrap);
}

/// How long the header is: with two keys it is longer.
fn length(env: &MemoryEnv) -> usize {
    env.read_file(format!("{ROOT}/keys-a").as_ref()).unwrap().len()
}

#[test]
fn everything_has_the_new_key_and_the_old_one_is_gone() {
    let env = MemoryEnv::new();
    let store = open(&env);
    fill(&store, 1_000);
    let before = content(&store).unwrap();
    let with_one = length(&env);
    store.rotate_key().unwrap();
    assert_eq!(length(&env), with_one);
    // Each message with its id, and the counters.
    assert!(store.metrics().resealed >= 2_000);
    store.rotate_key().unwrap();
    assert_eq!(content(&store).unwrap(), before);
    assert!(store.verify().unwrap().is_whole());
    store.close().unwrap();
    let store = open(&env);
    assert_eq!(content(&store).unwrap(), before);
}

#[test]
fn others_read_and_write_meanwhile() {
    let store = open(&MemoryEnv::new());
    fill(&store, 3_000);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let work = scope.spawn(|| {
            let mut round: usize = 0;
            while !done.load(Ordering::Acquire) {
                let id = (round * 7 % 3_000).to_string();
                assert_eq!(recent(&store, 50).len(), 50);
                get(&store, sigil_storage::Kind::Message, &id).unwrap();
                store.write(delete(&id)).unwrap();
                store.write(message(&id, round as f64, "x", "y")).unwrap();
                round += 1;
            }
            round
        });
        // One look at everything may begin before a rotation and end after the next.
        let look = scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                assert!(store.verify().unwrap().is_whole());
            }
        });
        for _ in 0..12 {
            store.rotate_key().unwrap();
        }
        done.store(true, Ordering::Release);
        assert!(work.join().unwrap() > 0);
        look.join().unwrap();
    });
    assert_eq!(store.stats().unwrap().messages, 3_000);
    assert!(store.verify().unwrap().is_whole());
}

/// The power goes after every so many operations of the disk, and the next opening goes on.
#[test]
fn an_interrupted_rotation_is_finished_by_the_next_opening() {
    let ready = MemoryEnv::new();
    let store = open(&ready);
    fill(&store, 600);
    let before = content(&store).unwrap();
    store.close().unwrap();
    let mut halted = 0;
    for halt in 0.. {
        let memory = ready.deep_clone();
        let fault = FaultEnv::on_memory(memory.clone());
        let store = Store::open(ROOT, PASSWORD, options(&fault)).unwrap();
        fault.set_plan(FaultPlan::halt_at(halt));
        if store.rotate_key().is_ok() {
            break;
        }
        halted += 1;
        let mode = if halt % 2 == 0 { CrashMode::Drop } else { CrashMode::Torn { seed: halt } };
        let crashed = memory.crash(mode);
        drop(store);
        let store = open(&crashed);
        assert_eq!(content(&store).unwrap(), before, "halted at {halt}");
        let single = length(&ready);
        eventually(&format!("it is finished after {halt}"), || length(&crashed) == single);
        assert_eq!(content(&store).unwrap(), before, "halted at {halt}");
    }
    assert!(halted > 5, "{halted}");
}

#[test]
fn a_worn_key_is_replaced_by_itself() {
    let env = MemoryEnv::new();
    let store = open(&env);
    fill(&store, 100);
    store.close().unwrap();
    let store =
        Store::open(ROOT, PASSWORD, Options { rotate_after: 150, ..options(&env) }).unwrap();
    eventually("the key is replaced", || store.metrics().resealed >= 200);
    assert_eq!(recent(&store, 1_000).len(), 100);
}

#[test]
fn closing_does_not_wait_for_a_rotation() {
    let env = MemoryEnv::new();
    let store = open(&env);
    fill(&store, 20_000);
    let with_one = length(&env);
    std::thread::scope(|scope| {
        // One after another, so that one is under way whenever it is closed.
        let rotations = scope.spawn(|| (0..100).find_map(|_| store.rotate_key().err()));
        while store.metrics().resealed == 0 {
            std::thread::yield_now();
        }
        store.close().unwrap();
        assert!(matches!(rotations.join().unwrap(), Some(Error::Closed)));
    });
    let store = open(&env);
    assert_eq!(store.stats().unwrap().messages, 20_000);
    eventually("the next opening goes on", || length(&env) == with_one);
    assert!(store.verify().unwrap().is_whole());
}

/// Whoever cannot close yet says that it will: what takes long ends, and the rest goes on.
#[test]
fn closing_that_was_begun_ends_rotations_and_nothing_else() {
    let store = open(&MemoryEnv::new());
    fill(&store, 10);
    store.begin_closing();
    assert!(matches!(store.rotate_key(), Err(Error::Closed)));
    assert!(matches!(store.backup(), Err(Error::Closed)));
    fill(&store, 20);
    assert_eq!(recent(&store, 100).len(), 20);
    store.close().unwrap();
}

/// What the old key had encrypted leaves the files too, by itself.
#[test]
fn old_bytes_go_in_the_background() {
    let env = MemoryEnv::new();
    let store = open(&env);
    fill(&store, 500);
    store.purge().unwrap();
    let tables = || files(&env, format!("{ROOT}/data-1").as_ref());
    let table = tables().into_iter().map(|(_, bytes)| bytes).max_by_key(Vec::len).unwrap();
    let trace = &table[table.len() / 2..][..24];
    let is_there = || tables().iter().any(|(_, bytes)| bytes.windows(24).any(|at| at == trace));
    assert!(is_there());
    store.rotate_key().unwrap();
    eventually("the old bytes are gone", || !is_there());
}

/// A key that was used as often as it may be encrypts nothing any more until it is replaced; reading
/// and deleting go on.
#[test]
fn an_exhausted_key_saves_nothing_until_it_is_replaced() {
    use sigil_leveldb::env::Env;
    let env = MemoryEnv::new();
    let store = open(&env);
    fill(&store, 3);
    store.close().unwrap();
    // Counters that were lost are taken for half of the most; here for all of it.
    crate::common::change_record(&env, "data-1", b"c", |record| record[20] ^= 1);
    // The background cannot replace the key meanwhile.
    let blocked = std::path::PathBuf::from(format!("{ROOT}/keys-a.new"));
    env.create_dir_all(&blocked).unwrap();
    let options = Options { rotate_after: 1 << 32, ..options(&env) };
    let store = Store::open(ROOT, PASSWORD, options).unwrap();
    for _ in 0..2 {
        let refused = store.write(message("new", 9.0, "x", "y"));
        assert!(matches!(refused, Err(Error::KeyExhausted)), "{refused:?}");
    }
    store.write(delete("2")).unwrap();
    assert_eq!(recent(&store, 9), ["1", "0"]);
    env.remove_dir(&blocked).unwrap();
    store.rotate_key().unwrap();
    store.write(message("new", 9.0, "x", "y")).unwrap();
    assert_eq!(recent(&store, 9), ["new", "1", "0"]);
}
