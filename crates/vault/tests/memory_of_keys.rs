//! No key is left in the process once the store is closed: neither those of the header nor what is
//! derived from them. Which keys those are is found out by another process, from the header's file
//! as `docs/format/vault.md` describes it, so that only the store has ever had them here.
#![cfg(target_os = "linux")]
// The lints know tests by their attribute; most of this is called by tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::{Path, PathBuf};
use std::process::Command;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use hkdf::Hkdf;
use sha2::{Sha256, Sha512};
use sigil_leveldb::env::MemoryEnv;
use sigil_storage::Kind;

use common::{PASSWORD, ROOT, get, message, open, recent};
use own_memory::{MASK, Masked, sightings};

#[path = "common/mod.rs"]
mod common;
#[path = "common/own_memory.rs"]
mod own_memory;

const HEADER: &str = "SIGIL_TEST_VAULT_HEADER";

fn derive(key: &[u8], salt: &[u8], purpose: &str) -> [u8; 32] {
    let mut derived = [0; 32];
    Hkdf::<Sha256>::new(Some(salt), key).expand(purpose.as_bytes(), &mut derived).unwrap();
    derived
}

/// Every key that a header leads to, with its name.
fn keys_in(header: &[u8]) -> Vec<(String, [u8; 32])> {
    let (store, salt) = (&header[18..34], &header[47..79]);
    let rounds = u32::from_le_bytes(header[35..39].try_into().unwrap());
    let mut root = [0; 32];
    pbkdf2::pbkdf2_hmac::<Sha512>(PASSWORD, salt, rounds, &mut root);
    let wrapping = derive(&root, salt, "sigil-vault 1 header");
    let payload = Payload { msg: &header[111..header.len() - 32], aad: &header[..111] };
    let nonce: [u8; 12] = header[95..107].try_into().unwrap();
    let secrets = Aes256Gcm::new(&wrapping.into()).decrypt(&nonce.into(), payload).unwrap();
    let names: [u8; 32] = secrets[21..53].try_into().unwrap();
    let mut keys = vec![
        ("root".to_owned(), root),
        ("header".to_owned(), wrapping),
        ("backups".to_owned(), derive(&root, salt, "sigil-vault 1 backup")),
        ("names".to_owned(), names),
        ("names, derived".to_owned(), derive(&names, b"", "sigil-vault 1 names")),
    ];
    for record in secrets[54..].chunks(36) {
        let key: [u8; 32] = record[4..].try_into().unwrap();
        keys.push((format!("records {}", record[0]), key));
        let derived = derive(&key, store, "sigil-vault 1 records");
        keys.push((format!("records {}, derived", record[0]), derived));
    }
    keys
}

/// Not a test of its own: what the other process does.
#[test]
fn keys_of_a_header() {
    let Some(header) = std::env::var_os(HEADER) else { return };
    let header = std::fs::read(PathBuf::from(header)).unwrap();
    for (name, key) in keys_in(&header) {
        let masked: String = key.iter().map(|byte| format!("{:02x}", byte ^ MASK)).collect();
        println!("\nkey {masked} {name}");
    }
}

/// The keys of the header as it is now.
fn keys_now(env: &MemoryEnv) -> Vec<(String, Masked)> {
    let file = tempfile::NamedTempFile::new().unwrap();
    let header = env.read_file(&Path::new(ROOT).join("keys-a")).unwrap();
    std::fs::write(file.path(), header).unwrap();
    let told = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "keys_of_a_header", "--nocapture"])
        .env(HEADER, file.path())
        .output()
        .unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    let keys = told.lines().filter_map(|line| line.strip_prefix("key "));
    keys.map(|line| {
        let (digits, name) = line.split_once(' ').unwrap();
        let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
        // Where memory is freed its first bytes are soon the allocator's; the other half tells.
        let masked: Vec<_> = (32..64).step_by(2).map(byte).collect();
        (name.to_owned(), Masked::new(&masked))
    })
    .collect()
}

/// Uses every key that a store has, and gives all that it had.
fn use_a_store(env: &MemoryEnv) -> Vec<(String, Masked)> {
    let store = open(env);
    let mut keys = keys_now(env);
    for id in 0..200 {
        store.write(message(&id.to_string(), f64::from(id), "x", "y")).unwrap();
    }
    assert_eq!(recent(&store, 500).len(), 200);
    let path = store.backup().unwrap();
    store.rotate_key().unwrap();
    keys.extend(keys_now(env));
    store.restore(&path, None).unwrap();
    keys.extend(keys_now(env));
    store.change_password(PASSWORD, PASSWORD).unwrap();
    keys.extend(keys_now(env));
    assert!(get(&store, Kind::Message, "7").unwrap().is_some());
    store.close().unwrap();
    let store = open(env);
    assert_eq!(recent(&store, 500).len(), 200);
    // Those that are in use are found, so looking for them works.
    let mut buffer = vec![0; 1 << 20];
    for name in ["header", "names", "records 3"] {
        let (_, key) = keys.iter().rev().find(|(known, _)| known == name).unwrap();
        assert!(sightings(key, &mut buffer) > 0, "{name}");
    }
    store.close().unwrap();
    keys
}

/// Calls so far down on the stack that what the ciphers leave there goes with the thread: of an
/// ended one glibc keeps the uppermost 16 KiB. `docs/threat-model.md` names the stack as not covered.
fn far_down<T>(body: impl FnOnce() -> T) -> T {
    let space = [0_u8; 64 << 10];
    std::hint::black_box(&space);
    let result = body();
    std::hint::black_box(&space);
    result
}

#[test]
fn keys_are_forgotten() {
    let env = MemoryEnv::new();
    let own = env.clone();
    let keys = std::thread::spawn(move || far_down(|| use_a_store(&own))).join().unwrap();
    assert_eq!(keys.len(), 28);
    let mut buffer = vec![0; 1 << 20];
    let left: Vec<_> = keys
        .iter()
        .map(|(name, key)| (name, sightings(key, &mut buffer)))
        .filter(|(_, count)| *count > 0)
        .collect();
    assert!(left.is_empty(), "{left:?}");
}
