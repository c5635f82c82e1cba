//! Nothing of the password is left in the process once the store is closed. Looked for in all
//! memory that can be written, by a process that does nothing else.
#![cfg(target_os = "linux")]
// The lints know tests by their attribute; most of this is called by tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use sigil_leveldb::env::MemoryEnv;
use sigil_storage::Store;

use common::{BACKUPS, ROOT, message, options};
use own_memory::{MASK, Masked, sightings};

#[path = "common/mod.rs"]
mod common;
#[path = "common/own_memory.rs"]
mod own_memory;

/// The password.
const MASKED: [u8; 24] = *b"NQ^GC]k}z{x|~wQVKLMNOPZY";

#[test]
fn the_password_is_forgotten() {
    let mut buffer = vec![0; 1 << 20];
    let (wanted, mut password) = (Masked::new(&MASKED), [0; 24]);
    password.iter_mut().zip(MASKED).for_each(|(place, byte)| *place = byte ^ MASK);
    let env = MemoryEnv::new();
    let store = Store::open(ROOT, &password, options(&env)).unwrap();
    store.change_password(&password, &password).unwrap();
    password.fill(0);
    std::hint::black_box(&password);
    store.write(message("1", 1.0, "x", "y")).unwrap();
    let path = store.backup().unwrap();
    assert!(path.starts_with(BACKUPS));
    store.rotate_key().unwrap();
    assert!(sightings(&wanted, &mut buffer) > 0, "it is kept while the store is open");
    store.close().unwrap();
    assert_eq!(sightings(&wanted, &mut buffer), 0);
}
