//! Fault enumeration: every I/O call of a workload fails once, and the handle that is open goes on.
//! A write that failed is not visible, everything acknowledged is, also after the process is killed
//! right then; the write is accepted when it is tried again, without a reopening; nothing panics and
//! no call takes long.
//!
//! One run of the workload has a fault every so many calls, so far apart that each is over before
//! the next, and the runs are shifted against each other until every call has had its turn. The
//! long form makes a run for each call.

// What a test calls is a test as well.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sigil_leveldb::env::{CrashMode, Env, FaultEnv, FaultPlan, MemoryEnv, errno};
use sigil_leveldb::{Db, Error, IoOperation};

use support::checkers::Checkers;
use support::ensure;
use support::long::is_long;
use support::recovered::{self, options};
use support::tap::{Call, TapEnv};
use support::watch::watched;
use support::workload::{DIRECTORY, Progress, Step, Workload, Write};

const WRITES: usize = 2_200;
const LIMIT: Duration = Duration::from_secs(3_000);

/// No call takes longer, and no failure that is over is felt for longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Calls between two faults of one run.
const DISTANCE: u64 = 151;

type Checked<T = ()> = Result<T, String>;

/// A run of the workload on a disk with faults.
struct Run {
    workload: Arc<Workload>,
    memory: MemoryEnv,
    env: TapEnv,
    errno: i32,
    progress: Progress,
    /// Faults that were made.
    faults: Arc<AtomicU64>,
    /// Faults after which the disk was looked at.
    looked_at: u64,
    db: Option<Db>,
}

impl Run {
    /// A run in which the calls that `fails` chooses fail.
    fn new(
        workload: &Arc<Workload>,
        errno: i32,
        fails: impl Fn(&Call) -> bool + Send + Sync + 'static,
    ) -> Self {
        let (memory, faults) = (MemoryEnv::new(), Arc::<AtomicU64>::default());
        let disk = FaultEnv::on_memory(memory.clone());
        let (counter, failing) = (Arc::clone(&faults), disk.clone());
        let env = TapEnv::new(Arc::new(disk), move |call| {
            if fails(&call) {
                // How much of an append gets through differs from fault to fault.
                let written = [0, 1, 10, 200][call.number as usize % 4];
                failing.set_plan(FaultPlan::fail_nth(0, errno).writing(written));
                counter.fetch_add(1, Ordering::SeqCst);
            }
        });
        let (workload, progress) = (Arc::clone(workload), Progress::default());
        Self { workload, memory, env, errno, progress, faults, looked_at: 0, db: None }
    }

    fn db(&self) -> &Db {
        self.db.as_ref().unwrap()
    }

    fn carry_out(&mut self) -> Checked {
        self.open()?;
        for step in &Arc::clone(&self.workload).steps {
            match step {
                Step::Write(write) => self.write(write)?,
                Step::Flush => self.retry("flush", |db| db.flush())?,
                Step::Compact => self.retry("compact", |db| db.compact_range(None, None))?,
                Step::Reopen => {
                    self.close()?;
                    self.open()?;
                }
            }
        }
        self.recovers_health()?;
        let all = self.workload.writes();
        let place = self.retry("scan", |db| self.workload.place_of(db, all, all))?;
        ensure!(place.is_some(), "at the end: {}", self.workload.difference(self.db(), all));
        self.close()?;
        recovered::check(&self.workload, &self.memory.crash(CrashMode::Keep), all, all)
    }

    fn open(&mut self) -> Checked {
        let started = Instant::now();
        loop {
            match Db::open(DIRECTORY, options(self.env.clone())) {
                Ok(db) => {
                    self.db = Some(db);
                    return Ok(());
                }
                Err(error) => self.judge("open", &error, started)?,
            }
        }
    }

    /// A handle is closed whatever its closing says.
    fn close(&mut self) -> Checked {
        let started = Instant::now();
        let Some(db) = self.db.take() else { return Ok(()) };
        match db.close() {
            Ok(()) => self.progress.all_durable(),
            Err(error) => {
                self.judge("close", &error, started)?;
                let again = db.close().err().and_then(|error| error.errno());
                ensure!(again == error.errno(), "closing again says {again:?} after {error}");
            }
        }
        ensure!(db.is_closed(), "not closed");
        let open = self.memory.open_files();
        ensure!(open.total() == 0, "files are left open: {open:?}");
        Ok(())
    }

    fn retry<T>(&self, what: &str, act: impl Fn(&Db) -> Result<T, Error>) -> Checked<T> {
        let started = Instant::now();
        loop {
            match act(self.db()) {
                Ok(done) => return Ok(done),
                Err(error) => self.judge(what, &error, started)?,
            }
        }
    }

    fn write(&mut self, write: &Write) -> Checked {
        let started = Instant::now();
        self.progress.issue();
        let mut failed = false;
        loop {
            match self.db().write(write.batch(), write.durability) {
                Ok(()) => break,
                Err(error) => {
                    self.judge("write", &error, started)?;
                    self.is_invisible(write)?;
                    if !failed {
                        self.survives_a_kill("after a failed write")?;
                    }
                    failed = true;
                }
            }
        }
        self.progress.acknowledge(write.durability);
        let faults = self.faults.load(Ordering::SeqCst);
        if faults > self.looked_at {
            self.looked_at = faults;
            self.survives_a_kill("after the write behind a fault")?;
            self.survives_a_power_cut()?;
        }
        ensure!(started.elapsed() < PATIENCE, "a write took {:?}", started.elapsed());
        Ok(())
    }

    /// Every error is the one that was made, and is over soon.
    fn judge(&self, what: &str, error: &Error, started: Instant) -> Checked {
        let done = self.progress.now().acknowledged;
        ensure!(
            error.errno() == Some(self.errno),
            "{what} after {done} writes: {error}, which is not the fault"
        );
        let elapsed = started.elapsed();
        ensure!(elapsed < PATIENCE, "{what} after {done} writes fails for {elapsed:?}: {error}");
        std::thread::sleep(Duration::from_millis(1));
        Ok(())
    }

    /// Checks that nothing of a write that failed can be read, at once and in one look.
    fn is_invisible(&self, write: &Write) -> Checked {
        let keys: Vec<_> = write.entries.iter().map(|(key, _)| key).collect();
        let found = self.retry("get", |db| db.get_many(&keys))?;
        let done = self.progress.now().acknowledged;
        for (key, found) in keys.iter().zip(found) {
            ensure!(
                found.as_deref() == self.workload.value(key, done),
                "a write that failed after {done} others is visible"
            );
        }
        Ok(())
    }

    /// The process is killed: everything acknowledged is there and nothing else.
    fn survives_a_kill(&self, when: &str) -> Checked {
        let done = self.progress.now().acknowledged;
        recovered::check_killed(&self.workload, &self.memory.crash(CrashMode::Keep), done, done)
            .map_err(|error| format!("killed {when}: {error}"))
    }

    fn survives_a_power_cut(&self) -> Checked {
        let bounds = self.progress.now();
        let disk = self.memory.crash(CrashMode::Drop);
        recovered::check(&self.workload, &disk, bounds.durable, bounds.acknowledged)
            .map_err(|error| format!("power cut, {bounds:?}: {error}"))
    }

    fn recovers_health(&self) -> Checked {
        recovered::becomes_healthy(self.db())
    }
}

/// The number of calls that the workload makes.
fn calls(workload: &Arc<Workload>) -> u64 {
    let mut run = Run::new(workload, 0, |_| false);
    run.carry_out().unwrap();
    run.env.calls()
}

#[test]
fn every_call_fails_once() {
    watched(LIMIT, || {
        let workload = Arc::new(Workload::new(4, WRITES));
        let calls = calls(&workload);
        let checkers = Checkers::start();
        let distance = if is_long() { calls } else { DISTANCE };
        let faults = Arc::<AtomicU64>::default();
        for first in 0..distance {
            for errno in [errno::EIO, errno::ENOSPC] {
                let (workload, faults) = (Arc::clone(&workload), Arc::clone(&faults));
                checkers.submit(move || {
                    let turn = move |call: &Call| call.number % distance == first;
                    let mut run = Run::new(&workload, errno, turn);
                    let outcome = run.carry_out();
                    faults.fetch_add(run.faults.load(Ordering::SeqCst), Ordering::SeqCst);
                    let done = run.progress.now();
                    outcome.map_err(|error| {
                        format!(
                            "call {first} of every {distance}, errno {errno}, {done:?}: {error}"
                        )
                    })
                });
            }
        }
        let runs = checkers.finish();
        let faults = faults.load(Ordering::SeqCst);
        println!("{calls} calls, {runs} runs, {faults} faults");
        // A run may be a little shorter than the one whose calls were counted.
        assert!(faults + calls / 10 >= 2 * calls, "{faults} faults for {calls} calls");
    });
}

/// Whether the system can answer such a call with this error.
fn can_give(errno: i32, operation: IoOperation) -> bool {
    use IoOperation::{Create, CreateDir, Link, List, Lock, Open, Remove, Rename, Sync, SyncDir};
    use IoOperation::{Truncate, Write};
    match errno {
        // Some file systems count a quota only when they write what was put off.
        errno::EDQUOT => {
            matches!(operation, Write | Create | CreateDir | Link | Rename | Sync | SyncDir)
        }
        errno::EROFS => {
            matches!(operation, Write | Create | CreateDir | Link | Rename | Remove | Truncate)
        }
        // Making names durable takes a handle too.
        errno::EMFILE => matches!(operation, Open | Create | List | Lock | SyncDir),
        _ => true,
    }
}

/// The errors that only some calls can end in. The short form takes a sample of the runs.
#[test]
fn calls_fail_with_a_used_up_quota_a_read_only_disk_and_too_many_files() {
    watched(LIMIT, || {
        let workload = Arc::new(Workload::new(4, WRITES));
        let checkers = Checkers::start();
        let step = if is_long() { 1 } else { 7 };
        let errors = [errno::EDQUOT, errno::EROFS, errno::EMFILE];
        let faults: Arc<[AtomicU64; 3]> = Arc::default();
        for (index, errno) in errors.into_iter().enumerate() {
            for first in (0..DISTANCE).skip(index).step_by(step) {
                let (workload, faults) = (Arc::clone(&workload), Arc::clone(&faults));
                checkers.submit(move || {
                    let mut run = Run::new(&workload, errno, move |call| {
                        call.number % DISTANCE == first && can_give(errno, call.operation)
                    });
                    let outcome = run.carry_out();
                    let made = run.faults.load(Ordering::SeqCst);
                    faults[index].fetch_add(made, Ordering::SeqCst);
                    outcome.map_err(|error| format!("call {first}, errno {errno}: {error}"))
                });
            }
        }
        checkers.finish();
        for (errno, faults) in errors.iter().zip(faults.iter()) {
            let faults = faults.load(Ordering::SeqCst);
            println!("errno {errno}: {faults} faults");
            assert!(faults > 20, "{faults} faults with errno {errno}");
        }
    });
}
