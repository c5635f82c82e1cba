//! Passwords and headers: a store is as it was after a restart, and whatever does not fit leaves it
//! as it is.

use std::path::{Path, PathBuf};

use sigil_leveldb::env::{Env, MemoryEnv};
use sigil_leveldb::{Db, Options as EngineOptions};
use sigil_storage::{Error, Kdf, Options, Store};

use crate::common::{PASSWORD, ROOT, content, files, message, open, options, recent};

fn sample() -> MemoryEnv {
    let env = MemoryEnv::new();
    let store = open(&env);
    store.write(message("1", 1.0, "x", "y")).unwrap();
    store.close().unwrap();
    env
}

fn snapshot(env: &MemoryEnv) -> Vec<(PathBuf, Vec<u8>)> {
    files(env, Path::new("/"))
}

/// Opening fails like that and changes nothing.
fn is_refused(env: &MemoryEnv, password: &[u8], expected: fn(&Error) -> bool) {
    let before = snapshot(env);
    let error = Store::open(ROOT, password, options(env)).unwrap_err();
    assert!(expected(&error), "{error:?}");
    assert_eq!(snapshot(env), before);
}

#[test]
fn everything_is_there_after_a_restart() {
    let env = sample();
    for _ in 0..3 {
        let store = open(&env);
        assert_eq!(recent(&store, 10), ["1"]);
    }
}

#[test]
fn a_wrong_password_is_noticed_at_once_and_changes_nothing() {
    let env = sample();
    for wrong in [&b"b password"[..], b"", b"a passwor", b"a password "] {
        is_refused(&env, wrong, |error| matches!(error, Error::KeyWrong));
    }
    open(&env);
}

#[test]
fn a_header_that_is_missing_is_no_reason_for_a_new_store() {
    let env = sample();
    env.remove(&Path::new(ROOT).join("keys-a")).unwrap();
    drop(open(&env));
    for name in ["keys-a", "keys-b"] {
        env.remove(&Path::new(ROOT).join(name)).unwrap();
    }
    is_refused(&env, PASSWORD, |error| matches!(error, Error::HeaderMissing(_)));
}

#[test]
fn one_damaged_copy_of_the_header_is_made_good() {
    for name in ["keys-a", "keys-b"] {
        let env = sample();
        let path = Path::new(ROOT).join(name);
        let mut bytes = env.read_file(&path).unwrap();
        bytes[40] ^= 1;
        env.write_file(&path, bytes).unwrap();
        assert_eq!(recent(&open(&env), 10), ["1"]);
        let copies = ["keys-a", "keys-b"].map(|name| env.read_file(&Path::new(ROOT).join(name)));
        assert_eq!(copies[0], copies[1]);
    }
}

#[test]
fn a_copy_that_the_disk_does_not_give_is_not_needed() {
    use sigil_leveldb::IoOperation;
    use sigil_leveldb::env::{FaultEnv, FaultPlan, errno};
    let env = sample();
    for nth in 0..2 {
        let fault = FaultEnv::on_memory(env.deep_clone());
        fault.set_plan(FaultPlan::fail_nth(nth, errno::EIO).on(IoOperation::Open));
        let store = Store::open(ROOT, PASSWORD, options(&fault)).unwrap();
        assert_eq!(recent(&store, 10), ["1"]);
    }
    let fault = FaultEnv::on_memory(env);
    fault.set_plan(FaultPlan::fail_from(0, errno::EIO).on(IoOperation::Open));
    let error = Store::open(ROOT, PASSWORD, options(&fault)).unwrap_err();
    assert!(matches!(error, Error::Engine(sigil_leveldb::Error::Io { .. })), "{error:?}");
}

#[test]
fn two_damaged_copies_are_an_error_of_their_own() {
    let env = sample();
    for name in ["keys-a", "keys-b"] {
        env.write_file(&Path::new(ROOT).join(name), b"not a header".to_vec()).unwrap();
    }
    is_refused(&env, PASSWORD, |error| matches!(error, Error::HeaderDamaged(_)));
}

#[test]
fn a_database_that_is_not_encrypted_is_not_taken_over() {
    let env = MemoryEnv::new();
    let engine = EngineOptions {
        create_if_missing: true,
        env: std::sync::Arc::new(env.clone()),
        ..EngineOptions::default()
    };
    let db = Db::open(ROOT, engine).unwrap();
    db.put(b"msg:1", b"{}", sigil_leveldb::Durability::Sync).unwrap();
    db.close().unwrap();
    is_refused(&env, PASSWORD, |error| matches!(error, Error::NotEncrypted(_)));
}

#[test]
fn data_that_is_missing_is_no_reason_for_new_data() {
    let env = sample();
    for (path, _) in files(&env, &Path::new(ROOT).join("data-1")) {
        env.remove(&path).unwrap();
    }
    let error = Store::open(ROOT, PASSWORD, options(&env)).unwrap_err();
    assert!(matches!(error, Error::DataMissing(_)), "{error:?}");
}

#[test]
fn a_second_user_is_refused_while_the_first_is_there() {
    let env = sample();
    let store = open(&env);
    let error = Store::open(ROOT, PASSWORD, options(&env)).unwrap_err();
    assert!(matches!(error, Error::Engine(sigil_leveldb::Error::Locked { .. })), "{error:?}");
    store.close().unwrap();
    open(&env);
}

#[test]
fn the_password_is_changed_and_nothing_is_encrypted_again() {
    let env = sample();
    let store = open(&env);
    let data = || {
        let tables = files(&env, &Path::new(ROOT).join("data-1"));
        tables.into_iter().map(|(_, bytes)| bytes).collect::<Vec<_>>()
    };
    // What opening has left to do in the background comes to its end first.
    let mut before = data();
    loop {
        std::thread::sleep(std::time::Duration::from_millis(300));
        let now = data();
        if now == before {
            break;
        }
        before = now;
    }
    assert!(matches!(store.change_password(b"wrong", b"new"), Err(Error::KeyWrong)));
    store.change_password(PASSWORD, b"new").unwrap();
    assert_eq!(data(), before);
    // It is in force at once, also for the next change.
    assert!(matches!(store.change_password(PASSWORD, b"third"), Err(Error::KeyWrong)));
    store.close().unwrap();
    is_refused(&env, PASSWORD, |error| matches!(error, Error::KeyWrong));
    let store = Store::open(ROOT, b"new", options(&env)).unwrap();
    assert_eq!(content(&store).unwrap().len(), 1);
}

#[test]
fn costs_are_kept_and_can_be_raised() {
    let env = sample();
    let strong = Kdf::Argon2id { memory_kib: 19_456, passes: 2, lanes: 1 };
    let store = Store::open(ROOT, PASSWORD, Options { kdf: strong, ..options(&env) }).unwrap();
    store.change_password(PASSWORD, PASSWORD).unwrap();
    store.close().unwrap();
    let header = env.read_file(&Path::new(ROOT).join("keys-a")).unwrap();
    assert_eq!(header[34], 2);
    assert_eq!(recent(&open(&env), 10), ["1"]);
}

#[test]
fn new_stores_have_a_slow_key() {
    let env = MemoryEnv::new();
    let store = Store::open(ROOT, PASSWORD, Options { kdf: Kdf::default(), ..options(&env) });
    drop(store.unwrap());
    let header = env.read_file(&Path::new(ROOT).join("keys-a")).unwrap();
    assert_eq!(header[34], 1);
    let rounds = u32::from_le_bytes(header[35..39].try_into().unwrap());
    assert!(rounds >= 210_000);
    let weak = Kdf::Pbkdf2Sha512 { rounds: 100_000 };
    let weak = Options { kdf: weak, weak_key_for_tests: false, ..options(&env) };
    let error = Store::open("/other", PASSWORD, weak);
    assert!(matches!(error, Err(Error::Invalid(_))));
}

/// Everything of one store put into the place of another's: nothing of it is believed, and no key
/// is replaced, because ours may be where theirs came from.
#[test]
fn records_of_another_store_are_not_read() {
    let (ours, theirs) = (sample(), sample());
    let header = || ours.read_file(&Path::new(ROOT).join("keys-a"));
    let before = header();
    for (path, bytes) in files(&theirs, &Path::new(ROOT).join("data-1")) {
        ours.write_file(&path, bytes).unwrap();
    }
    let error = Store::open(ROOT, PASSWORD, options(&ours)).unwrap_err();
    assert!(matches!(error, Error::HeaderDamaged(_)), "{error:?}");
    assert_eq!(header(), before);
}

/// Both files of the header are whole and are of two stores: nobody can say which is ours, and
/// neither may be written over.
#[test]
fn a_header_of_another_store_beside_ours_destroys_nothing() {
    for (name, changes) in [("keys-a", 0), ("keys-b", 0), ("keys-a", 1), ("keys-b", 1)] {
        let (ours, theirs) = (sample(), sample());
        let store = open(&theirs);
        for _ in 0..changes {
            store.change_password(PASSWORD, b"theirs").unwrap();
        }
        store.close().unwrap();
        let path = Path::new(ROOT).join(name);
        let whole = ours.read_file(&path).unwrap();
        ours.write_file(&path, theirs.read_file(&path).unwrap()).unwrap();
        is_refused(&ours, PASSWORD, |error| matches!(error, Error::HeaderDamaged(_)));
        // Whoever takes it away has the store again.
        ours.remove(&path).unwrap();
        assert_eq!(recent(&open(&ours), 10), ["1"], "{name}");
        assert!(ours.read_file(&path).unwrap() == whole, "{name} is what it was");
    }
}

/// The same store's file of a copy that went its own way has the same number and other keys.
#[test]
fn two_headers_of_one_number_are_not_guessed_at() {
    let ours = sample();
    let copy = ours.deep_clone();
    for (env, password) in [(&ours, b"one"), (&copy, b"two")] {
        let store = open(env);
        store.change_password(PASSWORD, password).unwrap();
        store.close().unwrap();
    }
    let path = Path::new(ROOT).join("keys-b");
    ours.write_file(&path, copy.read_file(&path).unwrap()).unwrap();
    is_refused(&ours, b"one", |error| matches!(error, Error::HeaderDamaged(_)));
}

/// A damaged file is made good from one that has been seen to open the records, and from no other.
#[test]
fn a_damaged_header_is_not_replaced_by_one_that_opens_nothing() {
    let (ours, theirs) = (sample(), sample());
    let [first, second] = ["keys-a", "keys-b"].map(|name| Path::new(ROOT).join(name));
    let mut damaged = ours.read_file(&first).unwrap();
    damaged[130] ^= 1;
    ours.write_file(&first, damaged.clone()).unwrap();
    ours.write_file(&second, theirs.read_file(&second).unwrap()).unwrap();
    let error = Store::open(ROOT, PASSWORD, options(&ours)).unwrap_err();
    assert!(matches!(error, Error::HeaderDamaged(_)), "{error:?}");
    assert!(ours.read_file(&first).unwrap() == damaged);
}

/// The log of a small store is all there is of its data.
#[test]
fn a_log_that_is_gone_is_no_reason_for_an_empty_store() {
    for emptied in [false, true] {
        let env = MemoryEnv::new();
        let store = open(&env);
        store.write(message("1", 1.0, "x", "y")).unwrap();
        let backup = store.backup().unwrap();
        store.close().unwrap();
        for (path, _) in files(&env, &Path::new(ROOT).join("data-1")) {
            match path.extension() {
                Some(ending) if ending == "log" && emptied => {
                    env.write_file(&path, Vec::new()).unwrap();
                }
                Some(ending) if ending == "log" => env.remove(&path).unwrap(),
                _ => {}
            }
        }
        for _ in 0..2 {
            let error = Store::open(ROOT, PASSWORD, options(&env)).unwrap_err();
            assert!(matches!(error, Error::DataMissing(_)), "{error:?}");
        }
        // The way on: a new store elsewhere, and the backup into it.
        let store = Store::open("/other", PASSWORD, options(&env)).unwrap();
        store.restore(&backup, None).unwrap();
        assert_eq!(recent(&store, 10), ["1"]);
    }
}
