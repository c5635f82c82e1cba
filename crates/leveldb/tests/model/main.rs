//! The engine against a sorted map.
//!
//! Random scripts of everything that a caller can do run against a database and against a
//! `BTreeMap`; whatever the database answers has to be what the map answers. A snapshot, a cursor
//! and a follower are clones of the map of their moment. Buffers and files are as small as the
//! options allow, so that a script of a hundred steps goes through several levels.

// A test panics where something is not as it should be.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod cursor;
mod script;
mod world;

#[path = "../common/long.rs"]
mod long;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use long::is_long;
use script::{Setting, Step, setting, steps};
use world::World;

/// Scripts in the short form, which takes some twenty seconds.
const CASES: u32 = 2_000;

/// How much longer the long form is.
const LONG: u32 = 20;

#[test]
fn every_answer_is_the_answer_of_a_sorted_map() {
    let factor = if is_long() { LONG } else { 1 };
    let config = Config {
        cases: CASES * factor,
        // A failure prints the shortest script that shows it; that belongs into a test of its own.
        failure_persistence: None,
        max_shrink_iters: 4_000,
        ..Config::default()
    };
    let outcome = TestRunner::new(config)
        .run(&(setting(), steps()), |(setting, steps)| run(&setting, &steps));
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

fn run(setting: &Setting, steps: &[Step]) -> Result<(), TestCaseError> {
    let mut world = World::new(setting);
    for step in steps {
        world.take(step)?;
    }
    world.check_all()?;
    world.take(&Step::Reopen { close: true })?;
    world.check_all()
}
