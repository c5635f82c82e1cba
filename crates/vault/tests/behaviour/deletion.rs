//! Deleted means gone: the encrypted bytes too, and after `clear` what could decrypt them.

use std::path::Path;

use sigil_leveldb::env::MemoryEnv;
use sigil_storage::{Change, Error, Kind, Store};

use crate::common::{PASSWORD, ROOT, delete, files, get, item, message, open, options, recent};

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
