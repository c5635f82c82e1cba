//! A writing process that is killed loses nothing that it was told is written, whatever it was
//! doing: writing, compacting, closing, opening.
//!
//! A round starts a process that writes from several threads with all durabilities, and kills it at
//! some moment. It has told through a pipe what was acknowledged. The next round goes on with the
//! same directory, so what went wrong in one shows in any that follows.
// The lints know tests by their attribute; most of this is called by tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod follower;
mod round;
mod workload;
mod writer;

#[path = "../common/long.rs"]
mod long;
#[path = "../common/random.rs"]
mod random;

use long::is_long;
use random::Random;
use round::Rounds;
use sigil_leveldb::{Db, Entries, Options, Range};
use writer::Habit;

/// Not a test of its own: what the process does that is killed.
#[test]
fn writing_process() {
    writer::run();
}

/// Options that make a lot happen in a short time.
fn options() -> Options {
    Options {
        create_if_missing: true,
        write_buffer_size: 64 << 10,
        target_file_size: 64 << 10,
        sync_interval: std::time::Duration::from_millis(5),
        ..Options::default()
    }
}

/// How many rounds the form of the test that was asked for has.
fn count(short: u64, long: u64) -> u64 {
    if is_long() { long } else { short }
}

#[test]
fn nothing_acknowledged_is_lost_and_no_batch_is_half_there() {
    let directory = tempfile::tempdir().unwrap();
    let mut rounds = Rounds::new(directory.path());
    let mut random = Random::new(1);
    for round in 0..count(20, 2_000) {
        let habit = Habit::ALL[round as usize % Habit::ALL.len()];
        rounds.kill_once(habit, &mut random);
        // A reader leaves everything to the next process; opening for writing recovers it here.
        let read_only = random.below(2) == 0;
        let db = Db::open(directory.path(), Options { read_only, ..options() }).unwrap();
        let entries: Vec<_> =
            Entries::forward(db.iter(Range::all()).unwrap()).map(Result::unwrap).collect();
        rounds.settle(&entries);
        assert!(db.verify().unwrap().is_whole(), "round {round}");
        if random.below(2) == 0 {
            db.close().unwrap();
        }
    }
    rounds.had_something_to_lose(count(20, 2_000));
}
