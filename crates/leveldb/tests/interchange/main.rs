//! A directory moves freely between this engine, C++ LevelDB and rusty-leveldb, in every direction,
//! closed or killed.
//!
//! Every database is written by one of the three, read whole by another, continued by it, and read
//! and continued by the first again. What it must hold is computed here, in a map.
// The lints know tests by their attribute; most of this is called by tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod exchange;
mod stream;
mod traces;

#[path = "../peers/mod.rs"]
mod peers;
#[path = "../common/random.rs"]
mod random;

use std::fs;
use std::path::Path;

/// Copies a database. A repair leaves a directory of what it found no use for, which stays.
fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_file() {
            // Not `fs::copy`: what is copied may be write-protected.
            fs::write(to.join(entry.file_name()), fs::read(entry.path()).unwrap()).unwrap();
        }
    }
}

/// Not a test of its own: what a process is that a test has started as one of the implementations.
#[test]
fn peer_process() {
    peers::serve();
}
