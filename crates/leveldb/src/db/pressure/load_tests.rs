//! Back-pressure under a load that outruns compactions: here none succeeds, because no table can be
//! read, and flushes go on. What a put would wait for is asked of the database itself, so the speed of
//! the machine does not matter.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{FIRST_RATE, LEVEL0_FULL, LEVEL0_PACED, LONGEST_DELAY, Pressure, Relaxed};
use crate::db::Db;
use crate::env::{FaultEnv, FaultPlan, MemoryEnv, errno};
use crate::error::IoOperation;
use crate::file_name::FileKind;
use crate::options::{Durability, Options};

fn level0_files(db: &Db) -> usize {
    db.handle.core.view.load().version.files(0).len()
}

fn allowed(db: &Db) -> u64 {
    db.handle.core.pressure.allowed.load(Relaxed)
}

/// Writes a table that overlaps all others.
fn add_table(db: &Db) {
    for key in 0..=255_u8 {
        db.put(&[key], &[key; 40], Durability::Process).unwrap();
    }
    db.flush().unwrap();
}

/// The delay of a put that comes behind so many bytes of others, all at once.
fn delay_behind(pressure: &Pressure, bytes: usize) -> Duration {
    *pressure.paid_until.lock() = Instant::now();
    pressure.delay(bytes);
    pressure.delay(1).unwrap_or_default()
}

#[test]
fn delays_grow_smoothly_with_the_backlog_and_stay_bounded_and_end_with_it() {
    let env = FaultEnv::on_memory(MemoryEnv::new());
    let options =
        Options { create_if_missing: true, env: Arc::new(env.clone()), ..Options::default() };
    let db = Db::open("/db", options).unwrap();
    env.set_plan(FaultPlan::fail_from(0, errno::EIO).on(IoOperation::Read).of(FileKind::Table(0)));

    let mut rates = Vec::new();
    while level0_files(&db) < LEVEL0_FULL + 4 {
        add_table(&db);
        let (files, rate) = (level0_files(&db), allowed(&db));
        assert_eq!(rate == 0, files < LEVEL0_PACED, "{rate} at {files} files");
        let longest = delay_behind(&db.handle.core.pressure, 1 << 30);
        assert_eq!(longest, if rate == 0 { Duration::ZERO } else { LONGEST_DELAY });
        if rate != 0 {
            rates.push(rate);
        }
    }
    assert!(rates.len() > LEVEL0_FULL - LEVEL0_PACED);
    assert_eq!(rates.first(), Some(&(FIRST_RATE * 2)));
    assert_eq!(rates.last(), Some(&(FIRST_RATE / 2)));
    for pair in rates.windows(2) {
        let fall = pair[0].checked_sub(pair[1]).expect("a rate that rises with the backlog");
        assert!(fall <= FIRST_RATE / 10, "a jump from {} to {}", pair[0], pair[1]);
    }

    env.clear_plan();
    let begun = Instant::now();
    while allowed(&db) != 0 {
        assert!(begun.elapsed() < Duration::from_secs(60), "{} files", level0_files(&db));
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(level0_files(&db) < LEVEL0_PACED);
    assert_eq!(delay_behind(&db.handle.core.pressure, 1 << 30), Duration::ZERO);
}
