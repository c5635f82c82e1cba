//! Crash enumeration: a workload is crashed at every I/O call in turn, by killing the process and
//! by cutting the power, and the database has to come back with every write that it promised to
//! keep, none of them half, and none without those before it.
//!
//! The workload runs once. Before each call that changes the disk, and in the middle of each
//! append, the disk is copied as a crash at that moment would leave it, and what is left is opened
//! and checked beside. Threads in the background make the order of calls differ from run to run;
//! a failure names the call, the kind of the crash and its seed.

// What a test calls is a test as well.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sigil_leveldb::env::{CrashMode, FaultEnv, FaultPlan, MemoryEnv};
use sigil_leveldb::{Db, Durability, Result};

use support::checkers::Checkers;
use support::long::is_long;
use support::recovered::{self, options};
use support::tap::{Call, TapEnv};
use support::watch::watched;
use support::workload::{Bounds, DIRECTORY, Progress, Step, Workload};

const WRITES: usize = 2_200;
const LIMIT: Duration = Duration::from_secs(1_800);

/// Carries out a workload up to its end or the first error.
fn run(workload: &Workload, open: impl Fn() -> Result<Db>, progress: &Progress) -> Result<()> {
    run_keeping(workload, open, progress, &mut None)
}

/// [`run`], with the last handle that was open.
fn run_keeping(
    workload: &Workload,
    open: impl Fn() -> Result<Db>,
    progress: &Progress,
    last: &mut Option<Db>,
) -> Result<()> {
    let mut db = last.insert(open()?).clone();
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
                db = last.insert(open()?).clone();
            }
        }
        progress.all_durable();
    }
    db.close()?;
    progress.all_durable();
    Ok(())
}

/// The kinds of crash to try at a call.
fn modes(call: &Call, seeds: u64) -> Vec<CrashMode> {
    if call.halfway {
        return vec![CrashMode::Keep];
    }
    let torn = (0..seeds).map(|seed| CrashMode::Torn { seed: call.number * 1_000 + seed });
    [CrashMode::Keep, CrashMode::Drop].into_iter().chain(torn).collect()
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
        let seeds = if is_long() { 8 } else { 1 };
        let env = crashing(&workload, &memory, &progress, &checkers, seeds);
        run(&workload, || Db::open(DIRECTORY, options(env.clone())), &progress).unwrap();
        let calls = env.calls();
        drop(env);
        recovered::check(&workload, &memory.deep_clone(), WRITES, WRITES).unwrap();
        let checked = finish(checkers);
        println!("{calls} calls, {checked} crashes");
        // Every write is a call of its own, with a place halfway through it.
        assert!(checked > 5 * WRITES, "{checked} crashes are fewer than the workload has calls");
    });
}

#[test]
fn every_call_of_a_creation_and_its_first_writes() {
    watched(LIMIT, || {
        for seed in 0..if is_long() { 20 } else { 2 } {
            let workload = Arc::new(Workload::new(seed, 10));
            let (memory, progress) = (MemoryEnv::new(), Arc::<Progress>::default());
            let checkers = Arc::new(Checkers::start());
            let env = crashing(&workload, &memory, &progress, &checkers, 20);
            run(&workload, || Db::open(DIRECTORY, options(env.clone())), &progress).unwrap();
            drop(env);
            finish(checkers);
        }
    });
}

/// A disk that is frozen at some call, instead of copied there: the process goes on for a while and
/// is told of nothing but errors. What it acknowledges until it is killed has to be there.
#[test]
fn a_disk_that_freezes() {
    watched(LIMIT, || {
        let workload = Arc::new(Workload::new(2, WRITES));
        let step = if is_long() { 1 } else { 47 };
        let checkers = Checkers::start();
        let calls = {
            let fault = FaultEnv::new(Arc::new(MemoryEnv::new()));
            let open = || Db::open(DIRECTORY, options(fault.clone()));
            run(&workload, open, &Progress::default()).unwrap();
            fault.op_count()
        };
        let frozen = Arc::<AtomicUsize>::default();
        for n in (0..calls).step_by(step) {
            let (workload, frozen) = (Arc::clone(&workload), Arc::clone(&frozen));
            checkers.submit(move || freeze(&workload, n, &frozen));
        }
        let (runs, frozen) = (finish(Arc::new(checkers)), frozen.load(Ordering::SeqCst));
        // Only the last places can lie behind the end of another run.
        assert!(runs >= 20 && frozen * 10 >= runs * 8, "{frozen} of {runs} runs were frozen");
    });
}

fn freeze(
    workload: &Arc<Workload>,
    n: u64,
    frozen: &AtomicUsize,
) -> std::result::Result<(), String> {
    let memory = MemoryEnv::new();
    let fault = FaultEnv::on_memory(memory.clone());
    fault.set_plan(FaultPlan::halt_at(n));
    let progress = Progress::default();
    let mut last = None;
    let open = || Db::open(DIRECTORY, options(fault.clone()));
    let outcome = run_keeping(workload, open, &progress, &mut last);
    if outcome.is_ok() {
        // The order of calls differs from run to run, and this run was over before.
        return Ok(());
    }
    frozen.fetch_add(1, Ordering::SeqCst);
    if let Some(db) = last {
        for durability in [Durability::Process, Durability::Sync] {
            if db.put(b"late", b"late", durability).is_ok() {
                return Err(format!("frozen at {n}: a {durability:?} write was acknowledged"));
            }
        }
    }
    let seeds = if is_long() { 4 } else { 1 };
    let torn = (0..seeds).map(|seed| CrashMode::Torn { seed: n * 1_000 + seed });
    for mode in [CrashMode::Keep, CrashMode::Drop].into_iter().chain(torn) {
        let (disk, bounds) = (memory.deep_clone(), progress.now());
        let place = format!("frozen at {n}");
        Crash { workload: Arc::clone(workload), disk, bounds, mode, place }.check()?;
    }
    Ok(())
}

/// Crashes while an earlier crash is recovered from, and while that recovery is recovered from.
#[test]
fn every_call_of_a_recovery_and_of_the_recovery_after_it() {
    watched(LIMIT, || {
        let long = is_long();
        let workload = Arc::new(Workload::new(3, 700));
        let (memory, progress) = (MemoryEnv::new(), Arc::<Progress>::default());
        let starts = Arc::new(Mutex::new(vec![]));
        let every = if long { 150 } else { 400 };
        let env = {
            let (starts, memory, progress) =
                (Arc::clone(&starts), memory.clone(), Arc::clone(&progress));
            TapEnv::new(Arc::new(memory.clone()), move |call| {
                if call.number % every == 1 {
                    let (disk, bounds) = progress.around(|| memory.deep_clone());
                    starts.lock().unwrap().push((call, disk, bounds));
                }
            })
        };
        run(&workload, || Db::open(DIRECTORY, options(env.clone())), &progress).unwrap();
        let starts = std::mem::take(&mut *starts.lock().unwrap());
        let checkers = Checkers::start();
        for (call, disk, bounds) in starts {
            for mode in modes(&call, 1) {
                let workload = Arc::clone(&workload);
                let place = call.to_string();
                let crash = Crash { workload, disk: disk.clone(), bounds, mode, place };
                checkers.submit(move || recoveries(&crash, 2));
            }
        }
        let first = finish(Arc::new(checkers));
        assert!(first >= 6, "{first} first crashes");
    });
}

/// Recovers from a crash and crashes at every call of that. `depth` is how many recoveries to
/// crash, one inside the other.
fn recoveries(crash: &Crash, depth: usize) -> std::result::Result<(), String> {
    let left = crash.disk.crash(crash.mode);
    let calls = Arc::new(Mutex::new(vec![]));
    let env = {
        let (left, calls) = (left.clone(), Arc::clone(&calls));
        TapEnv::new(Arc::new(left.clone()), move |call| {
            if call.changes_the_disk() {
                calls.lock().unwrap().push((call, left.deep_clone()));
            }
        })
    };
    let recovered = Db::open(DIRECTORY, options(env)).and_then(|db| {
        db.flush()?;
        db.close()
    });
    if recovered.is_err() {
        // A hole that cannot be told from damage: `check` says whether that is right.
        return crash.check();
    }
    // What a power cut may take stays taken: from then on only what was durable is promised.
    let mut bounds = crash.bounds;
    if crash.mode != CrashMode::Keep {
        bounds.acknowledged = bounds.durable;
    }
    let stride = if is_long() || depth == 2 { 1 } else { 3 };
    let calls = std::mem::take(&mut *calls.lock().unwrap());
    for (index, (call, disk)) in calls.into_iter().enumerate() {
        let all = modes(&call, 1);
        let chosen = if is_long() { &all[..] } else { &all[index % 3..][..1] };
        if index % stride != 0 {
            continue;
        }
        for &mode in chosen {
            let workload = Arc::clone(&crash.workload);
            let place = format!("{}, {:?}, then {call}", crash.place, crash.mode);
            let next = Crash { workload, disk: disk.clone(), bounds, mode, place };
            if depth > 1 { recoveries(&next, depth - 1)? } else { next.check()? }
        }
    }
    Ok(())
}
