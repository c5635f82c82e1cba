//! The gate: the handle that all clones of a [`super::Db`] share. Every call that changes something
//! passes here, and is refused where the database is closed, was opened read-only, or is known to be
//! on a full disk.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::background::{self, Background};
use super::core::Core;
use super::follower::Follower;
use super::health::Job;
use super::shutdown;
use crate::error::{Error, Result};
use crate::format::TRY_WRITE_LIMIT;
use crate::options::{Durability, WriteOptions};
use crate::write_batch::{BatchEntry, WriteBatch};

/// How often a write that makes room is tried again on a full disk. The space that is given up for it
/// can be put aside again before it comes to that, or be taken by a flush or compaction that finds
/// that it needs more.
const SECOND_ATTEMPTS: usize = 8;

/// For how long at most each of these, after the first, waits for such a flush or compaction to end.
const ATTEMPT_PAUSE: Duration = Duration::from_millis(100);

/// See the module's documentation.
pub(crate) struct Handle {
    pub(crate) core: Arc<Core>,
    role: Role,
}

enum Role {
    /// Holds the lock, and threads until it is closed.
    Writer(Mutex<Writer>),
    Follower(Mutex<Follower>),
}

enum Writer {
    Open(Background),
    /// How closing went: whoever closes again is told the same.
    Closed(Result<()>),
}

impl Handle {
    pub(crate) fn writer(core: Arc<Core>, background: Background) -> Self {
        Self { core, role: Role::Writer(Mutex::new(Writer::Open(background))) }
    }

    pub(crate) fn follower(core: Arc<Core>, follower: Follower) -> Self {
        Self { core, role: Role::Follower(Mutex::new(follower)) }
    }

    fn check_writable(&self) -> Result<()> {
        self.core.check_open()?;
        match self.role {
            Role::Writer(_) => Ok(()),
            Role::Follower(_) => Err(Error::ReadOnly),
        }
    }

    pub(crate) fn write(&self, batch: WriteBatch, options: WriteOptions) -> Result<()> {
        self.check_writable()?;
        batch.check()?;
        if batch.is_empty() {
            return if options.durability == Durability::Sync { self.sync() } else { Ok(()) };
        }
        self.check_space(&batch)?;
        if let Some(delay) = self.core.pressure.delay(batch.byte_size()) {
            std::thread::sleep(delay);
        }
        self.commit(batch, options.durability)
    }

    /// Commits a batch. Where the disk is found full, the space put aside for that is given up, and
    /// a batch that makes room is committed in it.
    fn commit(&self, batch: WriteBatch, durability: Durability) -> Result<()> {
        let core = &self.core;
        let spare = (core.reserve.is_wanted() && makes_room(&batch)).then(|| batch.clone());
        let mut seen = core.progress.count();
        let mut outcome = core.commits.commit(core, batch, durability);
        for attempt in 0..SECOND_ATTEMPTS {
            match &outcome {
                Err(error) if error.is_out_of_space() => core.reserve.give_up(),
                _ => break,
            }
            let Some(batch) = &spare else { break };
            if attempt > 0 {
                core.progress.wait_past(seen, ATTEMPT_PAUSE);
            }
            seen = core.progress.count();
            outcome = core.commits.commit(core, batch.clone(), durability);
        }
        outcome
    }

    pub(crate) fn try_write(&self, batch: &mut WriteBatch, options: WriteOptions) -> Result<()> {
        self.check_writable()?;
        batch.check()?;
        if batch.is_empty() {
            return if options.durability == Durability::Sync {
                Err(Error::WouldBlock)
            } else {
                Ok(())
            };
        }
        let bytes = batch.byte_size();
        if bytes > TRY_WRITE_LIMIT {
            return Err(Error::WouldBlock);
        }
        self.check_space(batch)?;
        let written = self.core.commits.try_commit(&self.core, batch, options.durability);
        if let Err(error) = written {
            if !error.is_out_of_space() {
                return Err(error);
            }
            // Giving up what is put aside takes time.
            self.core.upkeep_wanted.raise();
            let has_space = self.core.reserve.is_wanted() && makes_room(batch);
            return Err(if has_space { Error::WouldBlock } else { error });
        }
        // Paid afterwards: the next write of this thread is the one that would have to wait.
        let _ = self.core.pressure.delay(bytes);
        Ok(())
    }

    /// While the disk is full only what makes room is let through.
    fn check_space(&self, batch: &WriteBatch) -> Result<()> {
        let Some(refusal) = self.core.reserve.refusal() else { return Ok(()) };
        if makes_room(batch) {
            return Ok(());
        }
        self.core.upkeep_wanted.raise();
        Err(refusal)
    }

    pub(crate) fn sync(&self) -> Result<()> {
        self.check_writable()?;
        let mut log = self.core.commits.log();
        log.make_room(&self.core)?;
        let synced = log.sync().inspect_err(|error| self.core.write_failed(error));
        drop(log);
        if synced.is_err() {
            self.core.reserve.give_up();
        }
        synced
    }

    pub(crate) fn flush(&self) -> Result<()> {
        self.check_writable()?;
        let log = self.core.commits.log().rotate(&self.core)?;
        let failed_before = self.core.health.failed_flushes();
        self.core.flush_wanted.raise();
        loop {
            let seen = self.core.progress.count();
            let waiting =
                self.core.view.load().pending.iter().any(|memtable| memtable.log_number() < log);
            // Closing lets go of the memtables too, and then they are not in tables.
            self.core.check_open()?;
            if !waiting {
                return Ok(());
            }
            // An error from before the call may have a cause that is gone.
            if self.core.health.failed_flushes() > failed_before
                && let Some(error) = self.core.health.failure(Job::Flush)
            {
                return Err(error);
            }
            self.core.progress.wait_past(seen, Duration::from_millis(100));
        }
    }

    pub(crate) fn compact_range(&self, from: Option<&[u8]>, to: Option<&[u8]>) -> Result<()> {
        if let (Some(from), Some(to)) = (from, to)
            && from > to
        {
            return self.check_writable();
        }
        match self.compact_once(from, to) {
            Err(error) if error.is_out_of_space() => {
                // By now the reserve was given up, and tables that the attempt replaced can go.
                background::empty_trash(&self.core);
                self.compact_once(from, to)?;
            }
            outcome => outcome?,
        }
        // What readers held when the last compaction ended, and hold no more.
        background::empty_trash(&self.core);
        Ok(())
    }

    fn compact_once(&self, from: Option<&[u8]>, to: Option<&[u8]>) -> Result<()> {
        self.flush()?;
        let request = self.core.manual.submit(from, to)?;
        self.core.compaction_wanted.raise();
        request.wait()
    }

    pub(crate) fn refresh(&self) -> Result<bool> {
        self.core.check_open()?;
        match &self.role {
            Role::Writer(_) => Ok(false),
            Role::Follower(follower) => {
                let mut follower = follower.lock();
                self.core.check_open()?;
                follower.refresh(&self.core)
            }
        }
    }

    pub(crate) fn close(&self) -> Result<()> {
        match &self.role {
            Role::Follower(follower) => {
                self.core.closed.store(true, std::sync::atomic::Ordering::Release);
                // Waits for a refresh under way, which would fill the view again.
                let _follower = follower.lock();
                drop(self.core.at_files.write());
                self.core.view.clear();
                Ok(())
            }
            Role::Writer(writer) => {
                // Whoever closes at the same time waits here, and finds it done.
                let mut writer = writer.lock();
                let outcome = match &mut *writer {
                    Writer::Open(threads) => shutdown::close(&self.core, threads),
                    Writer::Closed(outcome) => outcome.clone(),
                };
                *writer = Writer::Closed(outcome.clone());
                outcome
            }
        }
    }
}

/// Whether a batch takes values away and brings none.
fn makes_room(batch: &WriteBatch) -> bool {
    batch.iter().all(|entry| matches!(entry, BatchEntry::Delete { .. }))
}

impl Drop for Handle {
    fn drop(&mut self) {
        // There is nobody to tell; a log that could not be synced is still as safe as `Process`.
        let _ = self.close();
    }
}
