//! Which backups go, and when: never one that is needed, whatever became of the others.

use std::path::{Path, PathBuf};

use sigil_leveldb::env::{Env, FaultEnv, MemoryEnv};
use sigil_storage::{Error, Options, Store};

use crate::common::{BACKUPS, PASSWORD, ROOT, message_with, options};

fn open_keeping(env: &(impl Env + Clone), kept: usize) -> Store {
    Store::open(ROOT, PASSWORD, Options { backups_kept: kept, ..options(env) }).unwrap()
}

/// A store that nothing makes smaller.
fn filled(env: &(impl Env + Clone), kept: usize) -> Store {
    let store = open_keeping(env, kept);
    let mut state = 1_u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as u8
    };
    for id in 0..40_u8 {
        let value: Vec<u8> = (0..5_000).map(|_| noise()).collect();
        store.write(message_with(&id.to_string(), id.into(), "x", "y", &value)).unwrap();
    }
    store
}

fn names(env: &MemoryEnv) -> Vec<PathBuf> {
    let mut names = env.list(BACKUPS.as_ref()).unwrap_or_default();
    names.sort();
    names
}

fn is_whole(store: &Store, path: &Path) -> bool {
    store.verify_backup(path, None).is_ok_and(|report| report.messages == 40)
}

fn damage(env: &MemoryEnv, path: &Path) {
    let mut bytes = env.read_file(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    env.write_file(path, bytes).unwrap();
}

#[test]
fn a_good_one_is_there_although_the_newest_are_damaged() {
    for kept in [1, 2, 3] {
        let env = MemoryEnv::new();
        let store = filled(&env, kept);
        let made: Vec<_> = (0..kept).map(|_| store.backup().unwrap()).collect();
        for path in &made {
            damage(&env, path);
        }
        for _ in 0..3 {
            let newest = store.backup().unwrap();
            assert!(is_whole(&store, &newest));
            assert_eq!(names(&env).len(), kept);
            damage(&env, &newest);
        }
    }
}

/// While no new one can be made, none goes: not even if all but the oldest are damaged.
#[test]
fn the_only_good_one_stays_while_new_ones_fail() {
    let memory = MemoryEnv::new();
    let fault = FaultEnv::on_memory(memory.clone());
    let store = filled(&fault, 5);
    let made: Vec<_> = (0..5).map(|_| store.backup().unwrap()).collect();
    store.close().unwrap();
    made[1..].iter().for_each(|path| damage(&memory, path));
    let store = open_keeping(&fault, 1);
    fault.set_free_space(Some(50_000));
    for _ in 0..3 {
        store.backup().unwrap_err();
        assert_eq!(names(&memory).len(), 5);
        assert!(is_whole(&store, &made[0]));
    }
    fault.set_free_space(None);
    let newest = store.backup().unwrap();
    assert_eq!(names(&memory), [PathBuf::from(newest.file_name().unwrap())]);
    assert!(is_whole(&store, &newest));
}

/// The disk is full after so many bytes, from none to all that a backup takes.
#[test]
fn a_full_disk_leaves_no_piece_and_takes_no_backup() {
    let memory = MemoryEnv::new();
    let fault = FaultEnv::on_memory(memory.clone());
    let store = filled(&fault, 1);
    let mut last = store.backup().unwrap();
    let size = memory.size(&last).unwrap();
    let (mut full, mut made) = (0, 0);
    for free in (0..size + 20_000).step_by(15_000) {
        fault.set_free_space(Some(free));
        let outcome = store.backup();
        fault.set_free_space(None);
        match outcome {
            Ok(path) => {
                made += 1;
                last = path;
            }
            Err(Error::Engine(error)) => {
                full += 1;
                assert!(error.is_out_of_space(), "{error:?}");
            }
            Err(error) => panic!("{error:?}"),
        }
        assert_eq!(names(&memory), [PathBuf::from(last.file_name().unwrap())], "{free}");
        assert!(is_whole(&store, &last), "{free}");
    }
    assert!(full > 5 && made > 0, "{full} and {made}");
}

/// Whatever is no backup is nobody's to remove, and does not count as one that is kept.
#[test]
fn files_of_others_stay_and_do_not_count() {
    let env = MemoryEnv::new();
    let store = filled(&env, 2);
    env.create_dir_all(BACKUPS.as_ref()).unwrap();
    let foreign = [
        "backup-1.json",
        "backup-99999999999999.json",
        "backup-notes.partial",
        "backup-2.json.bak",
        "notes.txt",
    ];
    for name in foreign {
        env.write_file(&Path::new(BACKUPS).join(name), b"{\"messages\":[]}".to_vec()).unwrap();
    }
    let directory = Path::new(BACKUPS).join("backup-3.json");
    env.create_dir_all(&directory).unwrap();
    // This one is a piece of ours, of a process that was killed.
    env.write_file(&Path::new(BACKUPS).join("backup-4.json.partial"), b"SIG".to_vec()).unwrap();
    let made: Vec<_> = (0..4).map(|_| store.backup().unwrap()).collect();
    let left = names(&env);
    assert_eq!(left.len(), foreign.len() + 1 + 2, "{left:?}");
    assert!(foreign.iter().all(|name| left.contains(&PathBuf::from(name))), "{left:?}");
    assert!(made[2..].iter().all(|path| is_whole(&store, path)));
}
