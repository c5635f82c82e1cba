//! A backup takes the same memory whatever there is to back up: the peak of a process that makes one
//! and reads it back, for a store and for one that is eight times larger.
#![cfg(target_os = "linux")]
// The lints know tests by their attribute; most of this is called by tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::{Path, PathBuf};
use std::process::Command;

use sigil_leveldb::Durability;
use sigil_storage::{Kdf, Options, Store};

use common::{PASSWORD, message_with};

#[path = "common/mod.rs"]
mod common;

const DIRECTORY: &str = "SIGIL_TEST_VAULT_BACKUP";
const VALUE: usize = 20_000;

fn options(directory: &Path) -> Options {
    Options {
        kdf: Kdf::CHEAP,
        weak_key_for_tests: true,
        durability: Durability::Process,
        backups: Some(directory.join("backups")),
        // What is kept on purpose is not what is asked for here.
        block_cache_size: 1 << 20,
        opened_cache_size: 0,
        write_buffer_size: 1 << 20,
        ..Options::default()
    }
}

fn open(directory: &Path) -> Store {
    Store::open(directory.join("store"), PASSWORD, options(directory)).unwrap()
}

/// Not a test of its own: what the other process does. Tells its peak in KiB.
#[test]
fn backing_up() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let directory = PathBuf::from(directory);
    let store = open(&directory);
    let path = store.backup().unwrap();
    let report = store.verify_backup(&path, None).unwrap();
    store.close().unwrap();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    println!("\npeak {} {}", peak.trim().trim_end_matches(" kB"), report.bytes);
}

/// Peak memory and the backup's size, in MiB.
fn peak_of(megabytes: usize) -> (f64, f64) {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let mut state = 1_u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as u8
    };
    for id in 0..megabytes * (1 << 20) / VALUE {
        let value: Vec<u8> = (0..VALUE).map(|_| noise()).collect();
        store.write(message_with(&id.to_string(), id as f64, "x", "y", &value)).unwrap();
    }
    // Nothing is left to merge beside the backup.
    store.purge().unwrap();
    store.close().unwrap();
    let told = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "backing_up", "--nocapture"])
        .env(DIRECTORY, directory.path())
        .output()
        .unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    let peak = told.lines().find_map(|line| line.strip_prefix("peak ")).unwrap();
    let (peak, bytes) = peak.split_once(' ').unwrap();
    let number = |text: &str| text.parse::<f64>().unwrap();
    (number(peak) / 1_024.0, number(bytes) / f64::from(1 << 20))
}

#[test]
fn a_backup_takes_the_same_memory_whatever_there_is() {
    let (small, small_size) = peak_of(8);
    let (large, large_size) = peak_of(64);
    println!("{small:.1} MiB for {small_size:.0} MiB, {large:.1} MiB for {large_size:.0} MiB");
    assert!(large_size > 60.0, "{large_size}");
    assert!(large < small + 8.0, "{small} MiB at first, {large} MiB for eight times as much");
    assert!(large < 64.0, "{large} MiB");
}
