//! The log that takes writes, and what keeps it true.
//!
//! A write goes to the log first and to the memtable second, so what readers see is always in the
//! log. Three rules make a failure harmless:
//!
//! * A write whose append failed is cut off the log again and never reaches the memtable. Its
//!   sequence numbers are skipped, so that no other write can be taken for it.
//! * A log whose sync failed, or that could not be cut, is given up. Nothing is appended anywhere
//!   until its memtable, which holds everything that was acknowledged, is a table on the disk and
//!   the manifest has moved past the log: a failed sync is not repaired by another sync.
//! * A new log gets its first record only after the old one was synced. So after a power cut only
//!   the last log that has records can be cut short, and a shorter one before it is damage.
//!
//! Recovery checks that each log goes on where the one before it ended. Where numbers were skipped
//! just before a log's first record, an empty batch stands in front of it and closes the gap.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::core::Core;
use super::health::Job;
use super::sync_point::SyncPoint;
use crate::env::WritableFile;
use crate::error::{Error, IoOperation, Result};
use crate::file_name;
use crate::format::MAX_BATCH_SIZE;
use crate::internal_key::{MAX_SEQUENCE, SequenceNumber};
use crate::log::LogWriter;
use crate::memtable::MemTable;
use crate::options::Durability;
use crate::write_batch::{self, WriteBatch};

/// Unsynced bytes that wake the thread that syncs: the sync that a rotation has to wait for then
/// finds little left to do.
const SYNC_AHEAD: u64 = 1 << 20;

/// See the module's documentation.
pub(crate) struct WriteLog {
    /// `None` after the log was given up.
    active: Option<ActiveLog>,
    next_sequence: SequenceNumber,
    /// The last sequence number that stands in a log.
    last_logged: SequenceNumber,
    /// A log was given up, and its memtable is not known to be a table yet.
    awaits_flush: bool,
}

struct ActiveLog {
    number: u64,
    writer: LogWriter,
    sync_point: Arc<SyncPoint>,
    /// Everything before this offset is known to be durable.
    synced: u64,
    /// Everything before this offset is durable or about to be: somebody was told.
    sync_asked: u64,
    /// The thread that syncs was told that a write asked for its interval.
    interval_told: bool,
}

/// The content of a log up to an offset, to be synced by somebody else than its writer.
pub(crate) struct SyncTarget {
    number: u64,
    offset: u64,
    sync_point: Arc<SyncPoint>,
}

impl WriteLog {
    /// The state after recovery: nothing open yet.
    pub(crate) fn new(last_sequence: SequenceNumber, last_logged: SequenceNumber) -> Self {
        Self { active: None, next_sequence: last_sequence + 1, last_logged, awaits_flush: false }
    }

    /// Takes the log that opening has created.
    pub(crate) fn start(&mut self, number: u64, file: Arc<dyn WritableFile>, path: PathBuf) {
        self.active = Some(ActiveLog::new(number, LogWriter::new(file, path)));
    }

    /// Whether a write can be appended now, without waiting for anything.
    pub(crate) fn has_room(&self, core: &Core) -> bool {
        self.active.is_some()
            && !self.awaits_flush
            && !core.is_closed()
            && core.view.load().active.memory() < core.options.write_buffer_size
    }

    /// Makes sure that a write can be appended: begins a new log and memtable where the old ones
    /// are full or given up, and waits for flushes where too many memtables wait for theirs.
    pub(crate) fn make_room(&mut self, core: &Core) -> Result<()> {
        loop {
            core.check_open()?;
            let seen = core.progress.count();
            let pending = core.view.load().pending.len();
            if self.active.is_none() {
                self.begin_log(core)?;
            } else if self.awaits_flush && pending > 0 {
                Self::wait_for_flush(core, seen)?;
            } else if self.has_room_after_flush(core) {
                self.awaits_flush = false;
                return Ok(());
            } else if pending >= core.options.max_pending_memtables {
                // Nobody else gets at the log while this waits, and what it has is promised to be
                // durable soon. It would be synced afterwards anyway.
                self.settle(core)?;
                Self::wait_for_flush(core, seen)?;
            } else {
                self.begin_log(core)?;
            }
        }
    }

    fn has_room_after_flush(&self, core: &Core) -> bool {
        core.view.load().active.memory() < core.options.write_buffer_size
    }

    /// Waits for the next flush to end, which is begun at once where one pauses after a failure. If
    /// it fails, that is the writer's answer.
    fn wait_for_flush(core: &Core, seen: u64) -> Result<()> {
        let failed_before = core.health.failed_flushes();
        core.flush_wanted.raise();
        core.progress.wait_past(seen, Duration::from_millis(100));
        match core.health.failure(Job::Flush) {
            Some(error) if core.health.failed_flushes() > failed_before => Err(error),
            _ => Ok(()),
        }
    }

    /// Begins a new log and memtable; the memtable before it waits for its flush. How it went is on
    /// the health board.
    fn begin_log(&mut self, core: &Core) -> Result<()> {
        // IMPORTANT: the old log is whole on the disk before the new one has a record.
        self.settle(core)?;
        let begun = self.create_log(core);
        match &begun {
            Ok(()) => core.health.succeeded(Job::Log),
            Err(error) => {
                core.job_failed(Job::Log, error);
            }
        }
        begun
    }

    /// Makes the log durable as it is. How it went is on the health board.
    fn settle(&mut self, core: &Core) -> Result<()> {
        self.sync().inspect_err(|error| {
            core.job_failed(Job::Sync, error);
        })
    }

    fn create_log(&mut self, core: &Core) -> Result<()> {
        let number = core.numbers.take();
        let path = file_name::log(&core.directory, number);
        let file = core.env.create(&path).map_err(Error::io(IoOperation::Create, &path))?;
        // The name must survive a power cut before any write in the file may claim to.
        if let Err(error) = core.env.sync_dir(&core.directory) {
            let _ = core.env.remove(&path);
            return Err(Error::io(IoOperation::SyncDir, &core.directory)(error));
        }
        // What the last keys had in common, the next ones probably have too.
        let prefix = core.view.load().active.shared_prefix().to_vec();
        let size = core.options.write_buffer_size;
        core.view.rotate(MemTable::for_writes(number, size, &prefix));
        self.start(number, file, path);
        core.update_pressure();
        core.flush_wanted.raise();
        Ok(())
    }

    /// Tries once more to begin a log, if no memtable would have to wait for it.
    pub(crate) fn begin_again(&mut self, core: &Core) -> Result<()> {
        if core.view.load().pending.len() < core.options.max_pending_memtables {
            self.begin_log(core)?;
        }
        Ok(())
    }

    /// Makes a memtable that is not empty wait for its flush, so that all writes so far will be in
    /// tables. Gives the number of the log that takes writes from now on.
    pub(crate) fn rotate(&mut self, core: &Core) -> Result<u64> {
        if self.active.is_none() || self.awaits_flush || !core.view.load().active.is_empty() {
            self.make_room(core)?;
            if !core.view.load().active.is_empty() {
                self.begin_log(core)?;
            }
        }
        Ok(self.active.as_ref().map_or(0, |log| log.number))
    }

    /// Does for a log that was given up what the next writer would do, since none may come: its
    /// memtable has writes that were promised to be durable soon. Says whether they are.
    pub(crate) fn replace_given_up(&mut self, core: &Core) -> Result<bool> {
        if self.awaits_flush {
            if self.active.is_none() {
                self.begin_log(core)?;
            }
            self.awaits_flush = !core.view.load().pending.is_empty();
        }
        Ok(!self.awaits_flush)
    }

    /// Appends a batch to the log and to the memtable and shows it to readers.
    pub(crate) fn append(
        &mut self,
        core: &Core,
        batch: &WriteBatch,
        durability: Durability,
    ) -> Result<()> {
        let count = batch.len() as u64;
        if batch.byte_size() > MAX_BATCH_SIZE || self.next_sequence + count > MAX_SEQUENCE {
            return Err(Error::InvalidArgument("the batch is too large".into()));
        }
        let sequence = self.next_sequence;
        // Whatever comes of it, these numbers are used up.
        self.next_sequence += count;
        let last_logged = self.last_logged;
        let log = self.active.as_mut().ok_or(Error::Closed)?;
        let written = log.write(batch, sequence, last_logged, durability);
        if let Err(failure) = written {
            if failure.log_is_lost {
                self.give_up();
            }
            core.write_failed(&failure.error);
            return Err(failure.error);
        }
        core.health.found_room();
        self.last_logged = sequence + count.saturating_sub(1);
        core.view.load().active.insert(sequence, batch.iter());
        core.visible.store(self.last_logged, Ordering::Release);
        if log.wants_sync(durability) {
            core.sync_wanted.raise();
        }
        Ok(())
    }

    /// Makes everything appended so far durable.
    pub(crate) fn sync(&mut self) -> Result<()> {
        let Some(log) = &mut self.active else { return Ok(()) };
        let synced = log.sync();
        if synced.is_err() {
            self.give_up();
        }
        synced
    }

    /// Whether acknowledged writes are in memory only, as far as is known.
    pub(crate) fn is_given_up(&self) -> bool {
        self.awaits_flush
    }

    /// Lets go of the log, for good.
    pub(crate) fn end(&mut self) {
        self.active = None;
    }

    /// The log has content that only memory is known to have.
    fn give_up(&mut self) {
        self.active = None;
        self.awaits_flush = true;
    }

    /// What of the log is not durable yet, if anything.
    pub(crate) fn sync_target(&mut self) -> Option<SyncTarget> {
        let log = self.active.as_mut()?;
        let offset = log.writer.offset();
        log.sync_asked = offset;
        log.interval_told = false;
        (log.synced < offset).then(|| SyncTarget {
            number: log.number,
            offset,
            sync_point: Arc::clone(&log.sync_point),
        })
    }

    /// To be told how syncing a target went.
    pub(crate) fn sync_ended(&mut self, target: &SyncTarget, succeeded: bool) {
        match self.active.as_mut().filter(|log| log.number == target.number) {
            Some(log) if succeeded => log.synced = log.synced.max(target.offset),
            Some(_) => self.give_up(),
            // The log is not the last one any more, so it was synced on its own account, or given
            // up.
            None => {}
        }
    }
}

impl SyncTarget {
    pub(crate) fn sync(&self) -> Result<()> {
        self.sync_point.sync()
    }
}

struct WriteFailure {
    error: Error,
    log_is_lost: bool,
}

impl ActiveLog {
    fn new(number: u64, writer: LogWriter) -> Self {
        let sync_point = Arc::new(SyncPoint::new(Arc::clone(writer.file()), writer.path()));
        Self { number, writer, sync_point, synced: 0, sync_asked: 0, interval_told: false }
    }

    fn sync(&mut self) -> Result<()> {
        let offset = self.writer.offset();
        if self.synced < offset {
            self.sync_point.sync()?;
            self.synced = offset;
            self.sync_asked = offset;
        }
        Ok(())
    }

    fn write(
        &mut self,
        batch: &WriteBatch,
        sequence: SequenceNumber,
        last_logged: SequenceNumber,
        durability: Durability,
    ) -> Result<(), WriteFailure> {
        let before = self.writer.offset();
        if before == 0 && sequence != last_logged + 1 {
            self.write_record(&[&write_batch::header(last_logged + 1, 0)])?;
        }
        self.write_record(&[&batch.header(sequence), batch.entries()])?;
        if durability == Durability::Sync
            && let Err(error) = self.sync()
        {
            // The record must not come back after the process ends; whether the cut itself
            // reaches the disk is not known, and the log is given up either way.
            let _ = self.writer.file().truncate(before);
            return Err(WriteFailure { error, log_is_lost: true });
        }
        Ok(())
    }

    fn write_record(&mut self, parts: &[&[u8]]) -> Result<(), WriteFailure> {
        self.writer.add_record(parts).map_err(|error| {
            let log_is_lost = self.writer.rewind().is_err();
            WriteFailure { error, log_is_lost }
        })
    }

    /// Whether the thread that syncs has to be told of the last write.
    fn wants_sync(&mut self, durability: Durability) -> bool {
        let offset = self.writer.offset();
        let interval = durability == Durability::Interval && !self.interval_told;
        let piled_up = offset - self.sync_asked > SYNC_AHEAD;
        if interval {
            self.interval_told = true;
        }
        if piled_up {
            self.sync_asked = offset;
        }
        (interval || piled_up) && self.synced < offset
    }
}
