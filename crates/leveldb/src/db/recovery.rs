//! Recovery: from the files of a directory to the state of a database, without changing any of them.
//!
//! The manifest gives the tables; the logs from its log number on give the writes that are in no
//! table yet, each log becoming a memtable again. A crash leaves traces that are normal: a last log
//! cut short, a manifest cut short, tables and logs that nobody names. Damage can look the same, so
//! what is whole by itself is checked against the rest:
//!
//! * Every table that the manifest names is there, in the size it names.
//! * The first log begins no later than where the manifest ends, and each log where the one before
//!   it ended. A log cut short is therefore the last one, or lost nothing. Where the manifest ends
//!   says nothing of a second log: C++ LevelDB names the number of its last write whenever it adds to
//!   the manifest, and that write may stand in the last of several logs.
//! * The log that the manifest names is there, if anything newer is. Otherwise the manifest lost an
//!   edit: the one that moved past that log.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::directory::Listing;
use crate::env::Env;
use crate::error::{CorruptionKind, Error, IoOperation, Result};
use crate::file_name;
use crate::internal_key::SequenceNumber;
use crate::key_digest::common_prefix;
use crate::log::{LogEnd, LogRead, LogReader};
use crate::memtable::MemTable;
use crate::options::LogRecovery;
use crate::version::Version;
use crate::version::file::Trash;
use crate::version::manifest::{self, ManifestState};
use crate::write_batch::BatchReader;

/// What opening found in the logs.
#[non_exhaustive]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecoveryReport {
    /// Writes that were read back from logs.
    pub writes: u64,
    /// The log that ended inside its last record, and where: what a crash leaves.
    pub torn: Option<(PathBuf, u64)>,
    /// What could not be read. Empty unless [`LogRecovery::Salvage`] was asked for.
    pub losses: Vec<Loss>,
}

/// A part of a log that was skipped.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// The log.
    pub path: PathBuf,
    /// Where the damage begins.
    pub offset: u64,
    /// Bytes that were skipped; 0 where whole records are missing between two logs.
    pub bytes: u64,
}

/// A database as its files have it.
pub(crate) struct Recovered {
    pub(crate) manifest: ManifestState,
    pub(crate) listing: Listing,
    /// One for each log that has writes, oldest first.
    pub(crate) memtables: Vec<Arc<MemTable>>,
    pub(crate) last_sequence: SequenceNumber,
    /// Where the next log has to go on.
    pub(crate) last_logged: SequenceNumber,
    pub(crate) report: RecoveryReport,
}

/// Reads the database in `directory`; `None` where there is none.
pub(crate) fn recover(
    env: &dyn Env,
    directory: &Path,
    mode: LogRecovery,
    trash: &Arc<Trash>,
) -> Result<Option<Recovered>> {
    let Some((path, number)) = manifest::current(env, directory)? else {
        return refuse_leftovers(env, directory).map(|()| None);
    };
    let manifest = manifest::read(env, &path, number, Arc::clone(trash))?;
    let listing = Listing::read(env, directory)?;
    check_tables(env, directory, &manifest, &listing)?;
    check_log_is_there(env, directory, &manifest, &listing)?;

    let mut replay = Replay::new(env, mode, &manifest);
    let wanted =
        |number: &u64| *number >= manifest.log_number || *number == manifest.prev_log_number;
    for &number in listing.logs.iter().filter(|number| wanted(number)) {
        replay.log(&file_name::log(directory, number), number)?;
    }
    let Replay { memtables, last_sequence, last_read, report, .. } = replay;
    let last_logged = last_read.unwrap_or(last_sequence);
    Ok(Some(Recovered { manifest, listing, memtables, last_sequence, last_logged, report }))
}

/// A directory with data and without `CURRENT` has lost it; it is not a place for a new database.
fn refuse_leftovers(env: &dyn Env, directory: &Path) -> Result<()> {
    let listing = match Listing::read(env, directory) {
        Ok(listing) => listing,
        Err(error) if error.io_kind() == Some(std::io::ErrorKind::NotFound) => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut logs = listing.logs.iter();
    if !listing.tables.is_empty() || logs.any(|&number| has_writes(env, directory, number)) {
        let current = file_name::current(directory);
        return Err(Error::corruption(&current, None, CorruptionKind::MissingFile));
    }
    Ok(())
}

fn has_writes(env: &dyn Env, directory: &Path, log: u64) -> bool {
    env.size(&file_name::log(directory, log)).is_ok_and(|size| size > 0)
}

fn check_tables(
    env: &dyn Env,
    directory: &Path,
    manifest: &ManifestState,
    listing: &Listing,
) -> Result<()> {
    for (_, file) in manifest.version.all_files() {
        let path = file_name::table(directory, file.number);
        if !listing.tables.contains(&file.number) {
            return Err(Error::corruption(&path, None, CorruptionKind::MissingFile));
        }
        let size = match env.size(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                env.size(&file_name::old_table(directory, file.number))
            }
            size => size,
        };
        match size {
            Ok(size) if size == file.size => {}
            Ok(_) => return Err(Error::corruption(&path, None, CorruptionKind::WrongSize)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::corruption(&path, None, CorruptionKind::MissingFile));
            }
            Err(error) => return Err(Error::io(IoOperation::Stat, &path)(error)),
        }
    }
    Ok(())
}

pub(crate) fn check_log_is_there(
    env: &dyn Env,
    directory: &Path,
    manifest: &ManifestState,
    listing: &Listing,
) -> Result<()> {
    if listing.logs.contains(&manifest.log_number) {
        return Ok(());
    }
    let live: BTreeSet<u64> = manifest.version.all_files().map(|(_, file)| file.number).collect();
    // An empty log is what an opening leaves that was killed before it could name its log.
    let newer_log = listing
        .logs
        .iter()
        .any(|&number| number > manifest.log_number && has_writes(env, directory, number));
    let newer_table =
        listing.tables.iter().any(|number| *number > manifest.log_number && !live.contains(number));
    // A manifest that names no log at all was made by a repair, or by LevelDB before its first log.
    let names_a_log = manifest.log_number != 0;
    if newer_table || (newer_log && names_a_log) {
        return Err(Error::corruption(&manifest.path, manifest.end, CorruptionKind::LostHistory));
    }
    Ok(())
}

/// What the next keys probably begin with: what all keys of the tables do, or those of the last log
/// where there are no tables yet. Memtables that expect it are filled and searched faster.
pub(crate) fn key_prefix<'a>(version: &'a Version, last_log: Option<&'a MemTable>) -> &'a [u8] {
    let tables = || version.all_files().map(|(_, file)| file);
    let smallest = tables().map(|file| file.smallest_user_key()).min();
    let largest = tables().map(|file| file.largest_user_key()).max();
    match (smallest, largest) {
        (Some(smallest), Some(largest)) => {
            smallest.get(..common_prefix(smallest, largest)).unwrap_or_default()
        }
        _ => last_log.map_or(&[], MemTable::shared_prefix),
    }
}

/// The logs read so far.
struct Replay<'a> {
    env: &'a dyn Env,
    version: &'a Version,
    mode: LogRecovery,
    memtables: Vec<Arc<MemTable>>,
    /// The last number that the manifest or a log has.
    last_sequence: SequenceNumber,
    /// The last number of the records that were read; none before the first.
    last_read: Option<SequenceNumber>,
    report: RecoveryReport,
}

impl<'a> Replay<'a> {
    fn new(env: &'a dyn Env, mode: LogRecovery, manifest: &'a ManifestState) -> Self {
        Self {
            env,
            version: &manifest.version,
            mode,
            memtables: Vec::new(),
            last_sequence: manifest.last_sequence,
            last_read: None,
            report: RecoveryReport::default(),
        }
    }

    fn log(&mut self, path: &Path, number: u64) -> Result<()> {
        let file = self.env.open(path).map_err(Error::io(IoOperation::Open, path))?;
        let mut reader = match self.mode {
            LogRecovery::Strict => LogReader::new(file, path.to_path_buf()),
            LogRecovery::Salvage => LogReader::salvaging(file, path.to_path_buf()),
        };
        let prefix = key_prefix(self.version, self.memtables.last().map(Arc::as_ref));
        let memtable = Arc::new(MemTable::for_writes(number, 0, prefix));
        let mut record = Vec::new();
        let mut first = true;
        loop {
            match reader.next(&mut record)? {
                LogRead::Record { offset } => {
                    self.record(path, offset, &record, &memtable, first)?;
                    first = false;
                }
                LogRead::Skipped { offset, bytes, .. } => {
                    self.lost(path, offset, bytes);
                    // What is missing in front of the next record is missing for this reason.
                    first = false;
                }
                LogRead::End(LogEnd::Clean) => break,
                LogRead::End(LogEnd::Torn { offset }) => {
                    self.report.torn = Some((path.to_path_buf(), offset));
                    break;
                }
            }
        }
        if !memtable.is_empty() {
            self.memtables.push(memtable);
        }
        Ok(())
    }

    fn record(
        &mut self,
        path: &Path,
        offset: u64,
        record: &[u8],
        memtable: &MemTable,
        first_of_log: bool,
    ) -> Result<()> {
        let batch = match BatchReader::new(record) {
            Ok(batch) => batch,
            Err(_) if self.mode == LogRecovery::Salvage => {
                self.lost(path, offset, 0);
                return Ok(());
            }
            Err(kind) => return Err(Error::corruption(path, offset, kind)),
        };
        let expected = self.last_read.unwrap_or(self.last_sequence) + 1;
        let gap = match self.last_read {
            Some(_) => batch.sequence() != expected,
            None => batch.sequence() > expected,
        };
        if first_of_log && gap {
            // Numbers that go back are not a loss: the log would hide newer writes of the one before.
            if self.mode == LogRecovery::Strict || batch.sequence() < expected {
                return Err(Error::corruption(path, offset, CorruptionKind::LostHistory));
            }
            self.lost(path, offset, 0);
        }
        memtable.insert(batch.sequence(), batch.iter());
        self.report.writes += 1;
        let last = (batch.sequence() + u64::from(batch.count())).saturating_sub(1);
        self.last_read = self.last_read.max(Some(last));
        self.last_sequence = self.last_sequence.max(last);
        Ok(())
    }

    fn lost(&mut self, path: &Path, offset: u64, bytes: u64) {
        self.report.losses.push(Loss { path: path.to_path_buf(), offset, bytes });
    }
}

#[cfg(test)]
mod continuity_tests;
#[cfg(test)]
mod prefix_tests;
