//! What callers may rely on, one behaviour a file.

// A test panics where something is not as it should be.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod approximate_size;
mod background_sync;
mod batches;
mod blocked_disk;
mod cached_reads;
mod checkpoint_races;
mod close_waits;
mod closed;
mod compression;
mod flushes;
mod follower;
mod groups;
mod handles;
mod limits;
mod lost_sync;
mod maintenance;
mod memory_bound;
mod option_checks;
mod past_damage;
mod properties;
mod ranges;
mod reserve;
mod restart;
mod rows;
mod try_write;

#[path = "../common/random.rs"]
mod random;

#[allow(unreachable_pub, reason = "shared with tests that have it in a module of its own")]
#[path = "../support/gate.rs"]
mod gate;

#[allow(dead_code, unreachable_pub, reason = "shared with tests that need more of it")]
#[path = "../support/tap.rs"]
mod tap;

#[allow(unreachable_pub, reason = "shared with tests that have it in a module of its own")]
#[path = "../support/task.rs"]
mod task;

#[allow(dead_code, unreachable_pub, reason = "shared with tests that need more of it")]
#[path = "../support/watch.rs"]
mod watch;

use std::sync::Arc;
use std::time::{Duration, Instant};

use sigil_leveldb::env::Env;
use sigil_leveldb::{Db, Options};

use random::noise;

const DIRECTORY: &str = "/db";

/// Small buffers and files on a file system.
fn options(env: &(impl Env + Clone)) -> Options {
    Options {
        create_if_missing: true,
        write_buffer_size: 64 << 10,
        target_file_size: 64 << 10,
        env: Arc::new(env.clone()),
        ..Options::default()
    }
}

fn open(env: &(impl Env + Clone)) -> Db {
    Db::open(DIRECTORY, options(env)).unwrap()
}

/// Waits until something is so, and fails if it does not come about.
fn wait_until(what: &str, limit: Duration, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < limit, "{what}: not within {limit:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
