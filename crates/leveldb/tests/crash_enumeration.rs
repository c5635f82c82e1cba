//! Crash enumeration: a workload is crashed at every I/O call in turn, by killing the process and
//! by cutting the power, and the database has to come back with every write that it promised to
//! keep, none of them half, and none without those before it.
//!
//! The workload runs once. Before each call that changes the disk, and in the middle of each
//! append, the disk is copied as a crash at that moment would leave it, and what is left is opened
//! and checked beside. Threads in the background make the order of calls differ from run to run;
//! a failure names the call, the kind of the crash and its seed.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sigil_leveldb::env::{CrashMode, FaultEnv, FaultPlan, MemoryEnv};
use sigil_leveldb::{Db, Durability, IoOperation, Result};

use support::checkers::Checkers;
use support::recovered::{self, options};
use support::tap::{Call, TapEnv};
use support::watch::watched;
use support::workload::{Bounds, DIRECTORY, Progress, Step, Workload};

const WRITES: usize = 2_200;
const LIMIT: Duration = Duration::from_secs(1_800);

/// Carries out a workload up to its end or the first error.
fn run(workload: &Workload, open: impl Fn() -> Result<Db>, progress: &Progress) -> Result<()> {
    let mut db = open()?;
    for step in &workload.steps {
        match step {
            Step::Write(write) => {
                progress.issue();
                db.write(write.batch(), write.durability)?;
                progress.acknowledge(write.durability);
                continue;
            }
            Step::Flush => db.flush()?,
            Step::Compact => db.compact_range(None, None)?,
            Step::Reopen => {
                db.close()?;
                progress.all_durable();
                db = open()?;
            }
        }
        progress.all_durable();
    }
    db.close()?;
    progress.all_durable();
    Ok(())
}

/// A crash, and what has to be there after it.
struct Crash {
    workload: Arc<Workload>,
    /// The disk at that moment.
    disk: MemoryEnv,
    bounds: Bounds,
    mode: CrashMode,
    place: String,
}

impl Crash {
    fn check(&self) -> std::result::Result<(), String> {
        let Self { workload, disk, bounds, mode, .. } = self;
        let left = disk.crash(*mode);
        let checked = match mode {
            CrashMode::Keep => {
                recovered::check(workload, &left, bounds.acknowledged, bounds.issued)
            }
            CrashMode::Drop => recovered::check(workload, &left, bounds.durable, bounds.issued),
            CrashMode::Torn { .. } => {
                recovered::check_torn(workload, &left, disk, bounds.durable, bounds.issued)
            }
        };
        checked.map_err(|error| format!("{}, {mode:?}, {bounds:?}: {error}", self.place))
    }
}

/// The kinds of crash to try at a call.
fn modes(call: &Call, seeds: u64) -> Vec<CrashMode> {
    if call.halfway {
        return vec![CrashMode::Keep];
    }
    let torn = (0..seeds).map(|seed| CrashMode::Torn { seed: call.number * 1_000 + seed });
    [CrashMode::Keep, CrashMode::Drop].into_iter().chain(torn).collect()
}

/// A file system over `memory` that has a crash at every call checked beside.
fn crashing(
    workload: &Arc<Workload>,
    memory: &MemoryEnv,
    progress: &Arc<Progress>,
    checkers: &Arc<Checkers>,
    seeds: u64,
) -> TapEnv {
    let (workload, memory) = (Arc::clone(workload), memory.clone());
    let (progress, checkers) = (Arc::clone(progress), Arc::clone(checkers));
    TapEnv::new(Arc::new(memory.clone()), move |call| {
        if !call.changes_the_disk() {
            return;
        }
        let (disk, bounds) = progress.around(|| memory.deep_clone());
        for mode in modes(&call, seeds) {
            let (workload, disk) = (Arc::clone(&workload), disk.clone());
            let crash = Crash { workload, disk, bounds, mode, place: call.to_string() };
            checkers.submit(move || crash.check());
        }
    })
    .with_halves()
}

fn finish(checkers: Arc<Checkers>) -> usize {
    Arc::into_inner(checkers).expect("the file system is gone").finish()
}

#[test]
fn every_call_of_a_workload() {
    watched(LIMIT, || {
        let workload = Arc::new(Workload::new(1, WRITES));
        let (memory, progress) = (MemoryEnv::new(), Arc::<Progress>::default());
        let checkers = Arc::new(Checkers::start());
        let seeds = if support::long() { 8 } else { 1 };
        let env = crashing(&workload, &memory, &progress, &checkers, seeds);
        run(&workload, || Db::open(DIRECTORY, options(env.clone())), &progress).unwrap();
        let calls = env.calls();
        drop(env);
        recovered::check(&workload, &memory.deep_clone(), WRITES, WRITES).unwrap();
        let checked = finish(checkers);
        println!("{calls} calls, {checked} crashes");
        assert!(checked > 2 * WRITES, "{checked} crashes are fewer than the workload has calls");
    });
}
