//! A fault and a crash soon after it, while the engine is still busy getting over the fault. Every
//! so many calls one fails, a failed sync losing for good what it should have written, and at every
//! call between two faults the process is killed or the power cut. What was acknowledged is there.

// What a test calls is a test as well.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use sigil_leveldb::env::{CrashMode, FaultEnv, FaultPlan, MemoryEnv, errno};
use sigil_leveldb::{Db, Result};

use support::checkers::Checkers;
use support::long::is_long;
use support::recovered::{self, options};
use support::tap::{Call, TapEnv};
use support::watch::watched;
use support::workload::{Bounds, DIRECTORY, Progress, Step, Workload};

const LIMIT: Duration = Duration::from_secs(1_800);
const PATIENCE: Duration = Duration::from_secs(20);

/// Calls between two faults of one run.
const DISTANCE: u64 = 71;

/// Tries until it works: there is no second fault for a while.
fn retry<T>(act: impl Fn() -> Result<T>) -> T {
    let started = Instant::now();
    loop {
        match act() {
            Ok(done) => return done,
            Err(error) => {
                assert!(error.errno() == Some(errno::EIO), "{error}");
                assert!(started.elapsed() < PATIENCE, "{error}");
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }
}

fn run(workload: &Workload, env: &TapEnv, progress: &Progress) {
    let open = || retry(|| Db::open(DIRECTORY, options(env.clone())));
    let mut db = open();
    for step in &workload.steps {
        match step {
            Step::Write(write) => {
                progress.issue();
                retry(|| db.write(write.batch(), write.durability));
                progress.acknowledge(write.durability);
                continue;
            }
            Step::Flush => retry(|| db.flush()),
            Step::Compact => retry(|| db.compact_range(None, None)),
            Step::Reopen => {
                let closed = db.close();
                db = open();
                if closed.is_err() {
                    continue;
                }
            }
        }
        progress.all_durable();
    }
}

/// Checks one crash. A write that failed and was not answered otherwise yet may be there.
fn check(
    workload: &Workload,
    disk: &MemoryEnv,
    bounds: Bounds,
    mode: CrashMode,
) -> std::result::Result<(), String> {
    let left = disk.crash(mode);
    let Bounds { acknowledged, durable, issued } = bounds;
    match mode {
        CrashMode::Keep => recovered::check_killed(workload, &left, acknowledged, issued),
        CrashMode::Drop => recovered::check(workload, &left, durable, issued),
        CrashMode::Torn { .. } => recovered::check_torn(workload, &left, disk, durable, issued),
    }
}

fn modes(call: &Call) -> Vec<CrashMode> {
    let all =
        [CrashMode::Keep, CrashMode::Drop, CrashMode::Torn { seed: call.number.wrapping_mul(7) }];
    if is_long() { all.to_vec() } else { vec![all[call.number as usize % 3]] }
}

#[test]
fn a_crash_at_every_call_after_a_fault() {
    watched(LIMIT, || {
        let workload = Arc::new(Workload::new(6, 500));
        let checkers = Arc::new(Checkers::start());
        let step = if is_long() { 1 } else { 4 };
        for first in (0..DISTANCE).step_by(step) {
            let (memory, progress) = (MemoryEnv::new(), Arc::<Progress>::default());
            let disk = FaultEnv::on_memory(memory.clone());
            let env = {
                let (workload, disk, memory) = (Arc::clone(&workload), disk.clone(), memory);
                let (progress, checkers) = (Arc::clone(&progress), Arc::clone(&checkers));
                TapEnv::new(Arc::new(disk.clone()), move |call| {
                    if call.number % DISTANCE == first {
                        disk.set_plan(FaultPlan::fail_nth(0, errno::EIO).writing(9));
                    } else if call.changes_the_disk() {
                        let (left, bounds) = progress.around(|| memory.deep_clone());
                        for mode in modes(&call) {
                            let (workload, left) = (Arc::clone(&workload), left.clone());
                            let place = format!("fault at {first} of {DISTANCE}, {call}, {mode:?}");
                            checkers.submit(move || {
                                check(&workload, &left, bounds, mode)
                                    .map_err(|error| format!("{place}, {bounds:?}: {error}"))
                            });
                        }
                    }
                })
            };
            run(&workload, &env, &progress);
        }
        let checked = Arc::into_inner(checkers).expect("nobody writes any more").finish();
        assert!(checked > 5_000, "{checked} crashes");
    });
}
