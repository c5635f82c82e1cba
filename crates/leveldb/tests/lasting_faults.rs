//! A fault that lasts: every call of one sort fails, or every call at all, until the cause is gone.
//! Meanwhile writes are refused with the error of the system or accepted and kept, reads go on, and
//! the health says what fails. Afterwards the handle that was open all the time accepts writes, the
//! background catches up by itself, and nothing acknowledged is lost.

// What a test calls is a test as well.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use sigil_leveldb::env::{CrashMode, FaultEnv, FaultPlan, MemoryEnv, errno};
use sigil_leveldb::{Db, Durability, Error, FileKind, IoOperation, Job};

use support::checkers::Checkers;
use support::ensure;
use support::long;
use support::recovered::{self, options};
use support::watch::watched;
use support::workload::{DIRECTORY, Progress, Step, Workload, Write};

const LIMIT: Duration = Duration::from_secs(600);
const PATIENCE: Duration = Duration::from_secs(20);

type Checked = Result<(), String>;

struct Outage {
    workload: Arc<Workload>,
    memory: MemoryEnv,
    fault: FaultEnv,
    progress: Progress,
    db: Db,
}

impl Outage {
    /// A database with some writes in tables and some in the log.
    fn after(writes: usize) -> Self {
        let workload = Arc::new(Workload::new(5, 1_200));
        let memory = MemoryEnv::new();
        let fault = FaultEnv::on_memory(memory.clone());
        let db = Db::open(DIRECTORY, options(fault.clone())).unwrap();
        let outage = Self { workload, memory, fault, progress: Progress::default(), db };
        for write in outage.writes().take(writes) {
            outage.try_write(write).unwrap();
        }
        outage
    }

    /// The writes that are still to be made.
    fn writes(&self) -> impl Iterator<Item = &Write> {
        let writes = self.workload.steps.iter().filter_map(|step| match step {
            Step::Write(write) => Some(write),
            _ => None,
        });
        writes.skip(self.progress.now().acknowledged)
    }

    fn try_write(&self, write: &Write) -> Result<(), Error> {
        self.progress.issue();
        self.db.write(write.batch(), write.durability)?;
        self.progress.acknowledge(write.durability);
        Ok(())
    }

    /// Writes for a while, whatever comes of it, and looks at the data all the time.
    fn go_through(&self, errno: i32, reads_fail: bool) -> Checked {
        for attempt in 0..250 {
            let write = self.writes().next().unwrap();
            let started = Instant::now();
            if let Err(error) = self.try_write(write) {
                ensure!(error.errno() == Some(errno), "a write got {error}");
                std::thread::sleep(Duration::from_micros(500));
            }
            ensure!(started.elapsed() < PATIENCE, "a write took {:?}", started.elapsed());
            let keys = write.entries.iter().map(|(key, _)| key);
            let others = self.workload.keys().skip(attempt).take(2);
            self.reads(keys.chain(others), errno, reads_fail)?;
        }
        Ok(())
    }

    fn reads<'a>(
        &self,
        keys: impl Iterator<Item = &'a Vec<u8>>,
        errno: i32,
        may_fail: bool,
    ) -> Checked {
        let done = self.progress.now().acknowledged;
        for key in keys {
            match self.db.get(key) {
                Ok(found) => ensure!(
                    found.as_deref() == self.workload.value(key, done),
                    "a wrong value after {done} writes"
                ),
                Err(error) => {
                    ensure!(may_fail && error.errno() == Some(errno), "a read got {error}");
                }
            }
        }
        Ok(())
    }

    /// The cause is gone: writes are accepted, and all is well again.
    fn is_over(&self) -> Checked {
        let started = Instant::now();
        while self.progress.now().acknowledged < self.workload.writes() {
            let write = self.writes().next().unwrap();
            if let Err(error) = self.try_write(write) {
                ensure!(started.elapsed() < PATIENCE, "a write still gets {error}");
                std::thread::sleep(Duration::from_millis(2));
            }
        }
        recovered::becomes_healthy(&self.db)?;
        let all = self.workload.writes();
        recovered::holds(&self.workload, &self.db, all, all)?;
        self.survives()?;
        self.db.close().map_err(|error| format!("close: {error}"))?;
        recovered::check(&self.workload, &self.memory.crash(CrashMode::Drop), all, all)
    }

    fn survives(&self) -> Checked {
        let bounds = self.progress.now();
        let (killed, cut) =
            (self.memory.crash(CrashMode::Keep), self.memory.crash(CrashMode::Drop));
        recovered::check_killed(&self.workload, &killed, bounds.acknowledged, bounds.issued)
            .map_err(|error| format!("killed: {error}"))?;
        recovered::check(&self.workload, &cut, bounds.durable, bounds.issued)
            .map_err(|error| format!("power cut: {error}"))
    }
}

/// What fails, and whether that takes reads along.
fn plans(errno: i32, places: &[u64]) -> Vec<(FaultPlan, bool)> {
    use IoOperation::{Create, Open, Read, Remove, Rename, Stat, Sync, SyncDir, Truncate, Write};
    let mut plans = Vec::new();
    for &n in places {
        let from = || FaultPlan::fail_from(n, errno);
        plans.push((from().writing(7), true));
        for operation in [Create, Remove, Rename, Sync, SyncDir, Truncate] {
            plans.push((from().on(operation), false));
        }
        for operation in [Open, Read, Stat] {
            plans.push((from().on(operation), true));
        }
        plans.push((from().on(Write).writing(7), false));
        for files in [FileKind::Log(0), FileKind::Manifest(0), FileKind::Current] {
            plans.push((from().of(files).writing(7), false));
        }
        plans.push((from().of(FileKind::Table(0)).writing(7), true));
    }
    plans
}

#[test]
fn the_handle_outlives_every_sort_of_fault() {
    watched(LIMIT, || {
        let checkers = Checkers::start();
        let (all, some): (&[u64], &[u64]) = (&[0, 1, 5, 17, 60], &[0, 17]);
        let causes = [
            (errno::EIO, all),
            (errno::ENOSPC, all),
            (errno::EDQUOT, some),
            (errno::EROFS, some),
            (errno::EMFILE, some),
        ];
        for (errno, places) in causes {
            for (plan, reads_fail) in plans(errno, if long::is_long() { all } else { places }) {
                checkers.submit(move || {
                    let outage = Outage::after(400);
                    outage.fault.set_plan(plan.clone());
                    let outcome = outage.go_through(errno, reads_fail).and_then(|()| {
                        outage.survives()?;
                        outage.fault.clear_plan();
                        outage.is_over()
                    });
                    outcome.map_err(|error| format!("{plan:?}: {error}"))
                });
            }
        }
        println!("{} faults that lasted", checkers.finish());
    });
}

#[test]
fn health_names_the_job_that_fails_until_it_succeeds() {
    watched(LIMIT, || {
        let outage = Outage::after(100);
        outage.fault.set_plan(FaultPlan::fail_from(0, errno::EIO).of(FileKind::Table(0)));
        assert_eq!(outage.db.flush().unwrap_err().errno(), Some(errno::EIO));
        let health = outage.db.health();
        let [failure] = &health.failures[..] else { panic!("{health:?}") };
        assert_eq!((failure.job, failure.error.errno()), (Job::Flush, Some(errno::EIO)));
        assert!(health.pending_memtables > 0 && !health.is_healthy());
        outage.fault.clear_plan();
        outage.is_over().unwrap();
    });
}

/// Waits until a job is among those that fail, and has been tried more than once.
fn comes_to_fail(db: &Db, job: Job) {
    let started = Instant::now();
    let fails = || {
        let health = db.health();
        health.failures.iter().any(|failure| {
            failure.job == job && failure.error.errno() == Some(errno::EIO) && failure.attempts > 1
        })
    };
    while !fails() {
        assert!(started.elapsed() < PATIENCE, "{:?}", db.health());
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// It was told of while it lasted, and it still is once it is over.
fn was_told_of(outage: &Outage, job: Job) {
    outage.fault.clear_plan();
    recovered::becomes_healthy(&outage.db).unwrap();
    let faults = outage.db.health().faults;
    let fault = faults.iter().find(|fault| fault.job == job).unwrap();
    assert!(fault.times > 1 && fault.error.errno() == Some(errno::EIO), "{fault:?}");
    outage.is_over().unwrap();
}

#[test]
fn health_names_a_compaction_that_fails_until_it_succeeds() {
    watched(LIMIT, || {
        let outage = Outage::after(100);
        let plan = FaultPlan::fail_from(0, errno::EIO);
        outage.fault.set_plan(plan.on(IoOperation::Read).of(FileKind::Table(0)));
        let level0 = || outage.db.property("leveldb.num-files-at-level0").unwrap().unwrap();
        while level0().parse::<u32>().unwrap() < 4 {
            outage.try_write(outage.writes().next().unwrap()).unwrap();
            outage.db.flush().unwrap();
        }
        comes_to_fail(&outage.db, Job::Compaction);
        was_told_of(&outage, Job::Compaction);
    });
}

#[test]
fn health_names_a_sync_in_the_background_that_fails_until_it_succeeds() {
    watched(LIMIT, || {
        let outage = Outage::after(100);
        // A flush that is still to be made would be the first to fail.
        outage.db.flush().unwrap();
        outage.fault.set_plan(FaultPlan::fail_from(0, errno::EIO).on(IoOperation::Sync));
        let interval = outage.writes().find(|write| write.durability == Durability::Interval);
        assert!(interval.is_some(), "the workload has such writes");
        outage.db.put(b"key-000", b"soon", Durability::Interval).unwrap();
        comes_to_fail(&outage.db, Job::Flush);
        let faults = outage.db.health().faults;
        assert!(faults.iter().any(|fault| fault.job == Job::Sync), "{faults:?}");
        assert!(outage.db.health().failures.iter().any(|failure| failure.job == Job::Sync));
        outage.fault.clear_plan();
        recovered::becomes_healthy(&outage.db).unwrap();
        let left = Db::open(DIRECTORY, options(outage.memory.crash(CrashMode::Drop))).unwrap();
        assert_eq!(left.get(b"key-000").unwrap().as_deref(), Some(&b"soon"[..]));
    });
}

/// No write is needed for the health to notice that logs can be begun again.
#[test]
fn health_names_a_log_that_cannot_be_begun_until_it_can() {
    watched(LIMIT, || {
        for operation in [IoOperation::Create, IoOperation::SyncDir] {
            let outage = Outage::after(100);
            let plan = FaultPlan::fail_from(0, errno::EIO).on(operation);
            outage.fault.set_plan(match operation {
                IoOperation::Create => plan.of(FileKind::Log(0)),
                _ => plan,
            });
            let refused = outage.writes().find_map(|write| outage.try_write(write).err()).unwrap();
            assert_eq!(refused.errno(), Some(errno::EIO));
            let health = outage.db.health();
            let log = health.failures.iter().find(|failure| failure.job == Job::Log);
            assert_eq!(log.and_then(|failure| failure.error.errno()), Some(errno::EIO));
            assert!(!health.is_healthy());
            outage.fault.clear_plan();
            recovered::becomes_healthy(&outage.db).unwrap();
            outage.is_over().unwrap();
        }
    });
}

/// A handle that is closed while nothing works does not hang, says so, and leaves what it had.
#[test]
fn closing_while_nothing_works() {
    watched(LIMIT, || {
        let outage = Outage::after(300);
        outage.db.put(b"key-000", b"last", Durability::Process).unwrap();
        outage.fault.set_plan(FaultPlan::fail_from(0, errno::EIO));
        let started = Instant::now();
        assert_eq!(outage.db.close().unwrap_err().errno(), Some(errno::EIO));
        assert!(started.elapsed() < PATIENCE);
        outage.fault.clear_plan();
        let db = Db::open(DIRECTORY, options(outage.memory.clone())).unwrap();
        assert_eq!(db.get(b"key-000").unwrap().as_deref(), Some(&b"last"[..]));
    });
}
