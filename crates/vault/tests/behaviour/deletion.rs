//! Deleted means gone: the encrypted bytes too, and after `clear` what could decrypt them.

use std::path::Path;
use std::time::Duration;

use sigil_leveldb::env::MemoryEnv;
use sigil_storage::{Change, Error, Event, Kind, Options, Store};

use crate::common::{
    PASSWORD, ROOT, delete, eventually, files, get, item, message, open, options, recent,
};

/// The value of a key of the database, looked up in the files from outside.
fn ciphertexts(env: &MemoryEnv) -> Vec<Vec<u8>> {
    files(env, &Path::new(ROOT).join("data-1")).into_iter().map(|(_, bytes)| bytes).collect()
}

/// Rows of bytes that were only in what was deleted.
fn traces(before: &[Vec<u8>], without: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let known: std::collections::HashSet<&[u8]> =
        without.iter().flat_map(|file| file.windows(24)).collect();
    let rows = before.iter().flat_map(|file| file.windows(24));
    rows.filter(|row| !known.contains(row)).map(<[u8]>::to_vec).collect()
}

fn remaining(env: &MemoryEnv, traces: &[Vec<u8>]) -> usize {
    let files = ciphertexts(env);
    let rows: std::collections::HashSet<&[u8]> =
        files.iter().flat_map(|file| file.windows(24)).collect();
    traces.iter().filter(|trace| rows.contains(trace.as_slice())).count()
}

#[test]
fn after_a_purge_the_ciphertext_is_in_no_file() {
    let env = MemoryEnv::new();
    let store = open(&env);
    store.write(message("stays", 1.0, "x", "y")).unwrap();
    store.purge().unwrap();
    let without = ciphertexts(&env);
    store.write(message("goes", 2.0, "x", "y")).unwrap();
    store.write(item(Kind::Session, "goes", b"secret")).unwrap();
    let traces = traces(&ciphertexts(&env), &without);
    assert!(traces.len() > 300);
    store.write(delete("goes")).unwrap();
    store.write(Change::DeleteItem { kind: Kind::Session, id: "goes".into() }).unwrap();
    assert!(remaining(&env, &traces) > 0);
    store.purge().unwrap();
    assert_eq!(remaining(&env, &traces), 0);
    assert_eq!(recent(&store, 10), ["stays"]);
}

#[test]
fn clearing_leaves_nothing_and_destroys_the_keys() {
    let env = MemoryEnv::new();
    let store = open(&env);
    store.write(message("1", 1.0, "x", "y")).unwrap();
    store.write(item(Kind::Peer, "p", b"")).unwrap();
    let before: Vec<_> = files(&env, &Path::new(ROOT).join("data-1"));
    store.clear().unwrap();
    assert!(recent(&store, 10).is_empty());
    assert_eq!(get(&store, Kind::Peer, "p").unwrap(), None);
    let stats = store.stats().unwrap();
    assert_eq!((stats.messages, stats.peers), (0, 0));
    assert!(files(&env, &Path::new(ROOT).join("data-1")).is_empty());
    // Whoever kept a copy of the files, and has the password, has no key for them.
    store.close().unwrap();
    for (path, _) in files(&env, &Path::new(ROOT).join("data-2")) {
        sigil_leveldb::env::Env::remove(&env, &path).unwrap();
    }
    for (path, bytes) in before {
        let name = path.file_name().unwrap();
        env.write_file(&Path::new(ROOT).join("data-2").join(name), bytes).unwrap();
    }
    let error = Store::open(ROOT, PASSWORD, options(&env)).unwrap_err();
    assert!(matches!(error, Error::HeaderDamaged(_)), "{error:?}");
}

#[test]
fn a_cleared_store_is_used_on() {
    let env = MemoryEnv::new();
    let store = open(&env);
    store.write(message("1", 1.0, "x", "y")).unwrap();
    store.clear().unwrap();
    store.write(message("2", 2.0, "x", "y")).unwrap();
    store.close().unwrap();
    let store = open(&env);
    assert_eq!(recent(&store, 10), ["2"]);
    assert!(store.verify().unwrap().is_whole());
}

/// A store of which a list can be stopped in the middle: it tells of a record that cannot be read,
/// and whoever is told takes his time.
fn with_slow_reader(body: impl FnOnce(&MemoryEnv, &Store, &dyn Fn())) {
    let env = MemoryEnv::new();
    let store = open(&env);
    store.write(message("stays", 1.0, "x", "y")).unwrap();
    store.write(message("damaged", 2.0, "x", "y")).unwrap();
    store.close().unwrap();
    let nth = std::cell::Cell::new(0);
    crate::common::change_record(&env, "data-1", b"m", |record| {
        nth.set(nth.get() + 1);
        record[20] ^= u8::from(nth.get() == 2);
    });
    let (is_told, told) = std::sync::mpsc::channel();
    let (go_on, is_free) = std::sync::mpsc::channel::<()>();
    let is_free = parking_lot::Mutex::new(is_free);
    let watcher = move |event: Event| {
        if matches!(event, Event::Unreadable { .. }) {
            is_told.send(()).unwrap();
            let _ = is_free.lock().recv();
        }
    };
    let options = Options { watcher: Some(std::sync::Arc::new(watcher)), ..options(&env) };
    let store = Store::open(ROOT, PASSWORD, options).unwrap();
    store.purge().unwrap();
    let without = ciphertexts(&env);
    store.write(message("goes", 3.0, "x", "y")).unwrap();
    let traces = traces(&ciphertexts(&env), &without);
    assert!(traces.len() > 100);
    std::thread::scope(|scope| {
        // Gone with whatever fails below, so that the reader does not wait for ever.
        let go_on = go_on;
        let reader = scope.spawn(|| recent(&store, 10));
        told.recv().unwrap();
        body(&env, &store, &|| go_on.send(()).unwrap());
        assert_eq!(reader.join().unwrap(), ["goes", "stays"]);
    });
    assert_eq!(remaining(&env, &traces), 0);
}

#[test]
fn a_purge_waits_for_who_reads_what_is_deleted() {
    with_slow_reader(|_, store, go_on| {
        store.write(delete("goes")).unwrap();
        std::thread::scope(|scope| {
            let purge = scope.spawn(|| store.purge());
            std::thread::sleep(Duration::from_millis(300));
            assert!(!purge.is_finished(), "the reader has it in its files");
            // Others are not waited for, and do not wait.
            store.write(message("later", 4.0, "x", "y")).unwrap();
            // Whoever closes the store waits for it.
            store.begin_closing();
            std::thread::sleep(Duration::from_millis(100));
            go_on();
            purge.join().unwrap().unwrap();
        });
    });
}

#[test]
fn what_was_cleared_goes_when_its_last_reader_does() {
    with_slow_reader(|env, store, go_on| {
        store.clear().unwrap();
        let on_disk =
            || files(env, ROOT.as_ref()).iter().map(|(_, bytes)| bytes.len() as u64).sum();
        assert!(!files(env, &Path::new(ROOT).join("data-1")).is_empty());
        assert_eq!(store.stats().unwrap().total_size, on_disk());
        go_on();
        let is_gone = || files(env, &Path::new(ROOT).join("data-1")).is_empty();
        eventually("the old data is gone", is_gone);
    });
}

/// Nobody has to ask for it.
#[test]
fn deleted_ciphertext_goes_by_itself_in_time() {
    let env = MemoryEnv::new();
    let options = Options { erase_within: Duration::from_secs(1), ..options(&env) };
    let store = Store::open(ROOT, PASSWORD, options).unwrap();
    store.write(message("stays", 1.0, "x", "y")).unwrap();
    store.purge().unwrap();
    let without = ciphertexts(&env);
    // Its name has nothing in common with that of another, as the peers of a message have.
    store.write(item(Kind::Session, "goes", &[7; 100])).unwrap();
    let traces = traces(&ciphertexts(&env), &without);
    assert!(traces.len() > 100);
    store.write(Change::DeleteItem { kind: Kind::Session, id: "goes".into() }).unwrap();
    assert!(remaining(&env, &traces) > 0);
    eventually("the ciphertext is gone", || remaining(&env, &traces) == 0);
    assert_eq!(recent(&store, 10), ["stays"]);
}
