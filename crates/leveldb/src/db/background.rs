//! The threads of a database that is open for writing: one flushes memtables, one compacts, one
//! makes the log durable where nobody waits for that, and one does the upkeep (removal of files,
//! restoring the reserve). Flushes have a thread of their own so that none ever waits for a
//! compaction, and syncs so that writes are durable within the interval that they were promised,
//! however long anything else takes.
//!
//! A job that fails is tried again with growing pauses, until it succeeds or the database is
//! closed; what it fails with is on the health board meanwhile.

use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use super::core::Core;
use super::flush;
use super::health::Job;
use super::priority;
use crate::compaction;
use crate::error::{Error, IoOperation, Result};
use crate::file_name;

/// How often the upkeep and the syncs look around when nobody wakes them.
const UPKEEP_PERIOD: Duration = Duration::from_millis(500);

/// Threads that wait for a signal look around this often, in case the state changed without one.
const IDLE_PERIOD: Duration = Duration::from_secs(5);

/// The running threads.
#[derive(Default)]
pub(crate) struct Background {
    threads: Vec<JoinHandle<()>>,
}

impl Background {
    /// Starts the threads. If one cannot be started, those that were are stopped again.
    pub(crate) fn start(core: &Arc<Core>) -> Result<Self> {
        let mut background = Self::default();
        type Loop = fn(&Core);
        let jobs: [(&str, Loop); 4] = [
            ("sigil-flush", flush_loop),
            ("sigil-compact", compaction_loop),
            ("sigil-sync", sync_loop),
            ("sigil-upkeep", upkeep_loop),
        ];
        for (name, job) in jobs {
            let shared = Arc::clone(core);
            match Builder::new().name(name.to_owned()).spawn(move || run(&shared, job)) {
                Ok(thread) => background.threads.push(thread),
                Err(error) => {
                    background.stop(core);
                    return Err(Error::io(IoOperation::Spawn, &core.directory)(error));
                }
            }
        }
        Ok(background)
    }

    /// Tells the threads to end and waits until they have.
    pub(crate) fn stop(&mut self, core: &Core) {
        core.closed.store(true, std::sync::atomic::Ordering::Release);
        core.flush_wanted.raise();
        core.compaction_wanted.raise();
        core.sync_wanted.raise();
        core.upkeep_wanted.raise();
        core.progress.announce();
        for thread in self.threads.drain(..) {
            // A thread that panicked has nothing more to say; its work is done by recovery.
            let _ = thread.join();
        }
    }
}

fn run(core: &Core, job: fn(&Core)) {
    let _defect = Defect { core };
    job(core);
}

/// A panic in a thread of the engine is a defect. Callers must not wait for what nobody does any
/// more: the database closes, and what was acknowledged is in the logs.
struct Defect<'a> {
    core: &'a Core,
}

impl Drop for Defect<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.core.closed.store(true, std::sync::atomic::Ordering::Release);
            self.core.manual.close();
            self.core.progress.announce();
        }
    }
}

fn flush_loop(core: &Core) {
    while !core.is_closed() {
        match flush::flush_oldest(core) {
            Ok(true) => core.health.succeeded(Job::Flush),
            Ok(false) => core.flush_wanted.wait(IDLE_PERIOD),
            Err(error) => {
                let pause = core.job_failed(Job::Flush, &error);
                core.progress.announce();
                core.flush_wanted.wait(pause);
            }
        }
    }
}

fn compaction_loop(core: &Core) {
    priority::yield_to_callers();
    let mut inspection = compaction::Inspection::default();
    while !core.is_closed() {
        let may_find_more = inspection.go_on(core);
        match compaction::run_next(core) {
            Ok(true) => core.health.succeeded(Job::Compaction),
            Ok(false) => {
                // What failed may have been asked for by a caller, who has his answer.
                core.health.succeeded(Job::Compaction);
                if !may_find_more {
                    core.compaction_wanted.wait(IDLE_PERIOD);
                }
            }
            Err(Error::Closed) => return,
            Err(error) => {
                let pause = core.job_failed(Job::Compaction, &error);
                core.progress.announce();
                core.compaction_wanted.wait(pause);
            }
        }
    }
}

fn upkeep_loop(core: &Core) {
    while !core.is_closed() {
        core.upkeep_wanted.wait(UPKEEP_PERIOD);
        empty_trash(core);
        begin_missing_log(core);
        restore_reserve(core);
        core.reserve.grow();
        flush_old_deletions(core);
    }
    empty_trash(core);
}

fn sync_loop(core: &Core) {
    let mut last_sync = Instant::now();
    while !core.is_closed() {
        core.sync_wanted.wait(UPKEEP_PERIOD);
        replace_lost_log(core);
        // Woken by writes that asked for their interval: what they share is the rest of it.
        let due = core.options.sync_interval.saturating_sub(last_sync.elapsed());
        if !due.is_zero() && !core.is_closed() {
            core.sync_wanted.wait(due);
        }
        last_sync = Instant::now();
        sync_log(core);
    }
}

/// Makes the log durable as far as it goes now.
fn sync_log(core: &Core) {
    let Some(target) = core.commits.log().sync_target() else { return };
    let outcome = target.sync();
    core.commits.log().sync_ended(&target, outcome.is_ok());
    match outcome {
        Ok(()) => core.health.succeeded(Job::Sync),
        Err(error) => {
            core.job_failed(Job::Sync, &error);
            core.sync_wanted.raise();
        }
    }
}

/// Writes what stood in a log that was given up to a table, from memory: writes that were promised
/// to be durable soon must not wait for the next one to notice.
fn replace_lost_log(core: &Core) {
    let replaced = core.commits.log().replace_given_up(core);
    match replaced {
        Ok(true) => core.health.succeeded(Job::Sync),
        Ok(false) => core.flush_wanted.raise(),
        Err(error) => {
            core.job_failed(Job::Sync, &error);
        }
    }
}

/// Begins the log that a writer could not begin. The next writer would, but none may come, and while
/// the reserve is spent none is let through.
fn begin_missing_log(core: &Core) {
    if core.health.failure(Job::Log).is_some() {
        // How it went is on the health board.
        let _ = core.commits.log().begin_again(core);
    }
}

/// Puts space aside again, once nothing waits for what is left of it: making the reserve fills a
/// disk that is nearly full, and must not take from a flush that would make room.
fn restore_reserve(core: &Core) {
    core.reserve.give_up();
    if core.health.failures().is_empty()
        && core.view.load().pending.is_empty()
        && core.reserve.restore()
    {
        core.health.found_room();
    }
}

/// Removes the files that nobody can reach any more. One that cannot be removed is removed when the
/// database is opened next.
pub(crate) fn empty_trash(core: &Core) {
    for number in core.trash.take() {
        core.tables.forget(number);
        let removed = core.env.remove(&file_name::table(&core.directory, number));
        if removed.is_err() {
            let _ = core.env.remove(&file_name::old_table(&core.directory, number));
        }
    }
}

/// A memtable with old deletions is flushed although it is not full: what they deleted can only be
/// erased by a compaction, and the log holds it too.
fn flush_old_deletions(core: &Core) {
    let due = {
        let active = Arc::clone(&core.view.load().active);
        active.deletions() > 0 && active.age() >= core.options.erase_within / 2
    };
    if due {
        // Where this fails, writes fail too, and it is tried again.
        let _ = core.commits.log().rotate(core);
    }
}
