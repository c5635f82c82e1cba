//! Nothing of the password is left in the process once the store is closed. Looked for in all
//! memory that can be written, by a process that does nothing else.
#![cfg(target_os = "linux")]
// The lints know tests by their attribute; most of this is called by tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs::{File, read_to_string};
use std::os::unix::fs::FileExt;

use sigil_leveldb::env::MemoryEnv;
use sigil_storage::Store;

use common::{BACKUPS, ROOT, message, options};

#[path = "common/mod.rs"]
mod common;

/// The password, in a form that is not looked for.
const MASKED: [u8; 24] = *b"NQ^GC]k}z{x|~wQVKLMNOPZY";

fn unmasked(into: &mut [u8; 24]) {
    into.iter_mut().zip(MASKED).for_each(|(place, byte)| *place = byte ^ 0x15);
}

/// How often the password stands in the memory of this process. `buffer` is not looked at.
fn sightings(buffer: &mut [u8]) -> usize {
    let memory = File::open("/proc/self/mem").unwrap();
    let own = buffer.as_ptr() as u64;
    let own = own..own + buffer.len() as u64;
    let mut found = 0;
    for line in read_to_string("/proc/self/maps").unwrap().lines() {
        let (range, rest) = line.split_once(' ').unwrap();
        if !rest.starts_with("rw") || rest.contains("[v") {
            continue;
        }
        let (from, to) = range.split_once('-').unwrap();
        let address = |text| u64::from_str_radix(text, 16).unwrap();
        let (mut at, to) = (address(from), address(to));
        while at < to {
            let size = buffer.len().min((to - at) as usize);
            let read = memory.read_at(&mut buffer[..size], at).unwrap_or(0);
            if read == 0 {
                break;
            }
            let is_there = |window: &[u8]| {
                window.iter().zip(MASKED).all(|(byte, masked)| *byte == masked ^ 0x15)
            };
            let seen =
                buffer[..read].windows(24).enumerate().filter(|(_, window)| is_there(window));
            found += seen.filter(|(offset, _)| !own.contains(&(at + *offset as u64))).count();
            at += read as u64;
        }
        // Nothing of what was read stays where the next look would find it.
        buffer.fill(0);
    }
    found
}

#[test]
fn the_password_is_forgotten() {
    let mut buffer = vec![0; 1 << 20];
    let mut password = [0; 24];
    unmasked(&mut password);
    let env = MemoryEnv::new();
    let store = Store::open(ROOT, &password, options(&env)).unwrap();
    store.change_password(&password, &password).unwrap();
    password.fill(0);
    std::hint::black_box(&password);
    store.write(message("1", 1.0, "x", "y")).unwrap();
    let path = store.backup().unwrap();
    assert!(path.starts_with(BACKUPS));
    store.rotate_key().unwrap();
    assert!(sightings(&mut buffer) > 0, "it is kept while the store is open");
    store.close().unwrap();
    assert_eq!(sightings(&mut buffer), 0);
}
