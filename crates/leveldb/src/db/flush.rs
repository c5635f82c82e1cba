//! Flushing: the oldest full memtable becomes a table.
//!
//! The edit that names the table also moves the manifest past the memtable's log, so a crash either
//! finds the log and no table, or the table and no need for the log. The log is removed after that.
//!
//! Entries that newer ones of the same memtable hide from every reader are left out, as compactions
//! do. On a full disk all memtables that wait become one table, so that a deletion in one of them
//! takes what it hides in an older one along: a database that fills its disk can so be made smaller.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::core::Core;
use super::view::View;
use crate::compaction::EntryFilter;
use crate::error::{CorruptionKind, Error, IoOperation, Result};
use crate::file_name;
use crate::format::LEVELS;
use crate::internal_key;
use crate::iterator::{InternalIterator, MergingIterator};
use crate::memtable::{MemTable, MemTableIterator};
use crate::table::{TableBuilder, TableOptions, TableSummary};
use crate::version::Version;
use crate::version::edit::{NewFile, VersionEdit};

/// A table with its number.
type Written = (u64, TableSummary);

/// A table that overlaps nothing above it may go straight down to this level: it then skips the
/// compactions that would have carried it there.
const DEEPEST_FLUSH_LEVEL: usize = 2;

/// Flushes the oldest pending memtable, or all of them where the disk is full. Says whether there was
/// one.
pub(crate) fn flush_oldest(core: &Core) -> Result<bool> {
    // IMPORTANT: one at a time. Two who flush the same memtable would make two tables with the same
    // entries, and the slower of them would move the manifest back to a log that is gone.
    let _turn = core.flushing.lock();
    let view = core.view.load_full();
    let Some(oldest) = view.pending.last() else { return Ok(false) };
    let started = Instant::now();
    let (memtables, table) = write_some(core, &view.pending, oldest)?;
    let newest = memtables.first().unwrap_or(oldest);
    let edit = VersionEdit { log_number: Some(log_after(&view, newest)), ..VersionEdit::default() };
    let bytes = table.as_ref().map_or(0, |(_, summary)| summary.file_size);
    if table.is_some() {
        core.health.found_room();
    }
    let named_before = core.versions.lock().log_number();
    install(core, newest, table, edit)?;
    let memory: usize = memtables.iter().map(|memtable| memtable.memory()).sum();
    core.pressure.flushed(memory as u64, started.elapsed());
    core.info_log.line(format_args!("flushed log {} to {bytes} bytes", newest.log_number()));
    // IMPORTANT: also an empty log that the manifest named before, and that one first. If the manifest
    // loses its last edit to damage, it names that log again, and recovery must not find it while
    // the writes of the other are gone. What cannot be removed now is removed at the next opening.
    let flushed = memtables.iter().rev().map(|memtable| memtable.log_number());
    for log in std::iter::once(named_before).chain(flushed) {
        let _ = core.env.remove(&file_name::log(&core.directory, log));
    }
    Ok(true)
}

/// Writes the oldest of the memtables as a table, or all where the disk is full and they fit. Gives
/// those that it wrote.
fn write_some<'a>(
    core: &Core,
    pending: &'a [Arc<MemTable>],
    oldest: &'a Arc<MemTable>,
) -> Result<(&'a [Arc<MemTable>], Option<Written>)> {
    // IMPORTANT: the newest has the last sequence number, which one without writes does not know.
    let written = pending.iter().position(|memtable| !memtable.is_empty()).unwrap_or(0);
    let all = pending.get(written..).unwrap_or_default();
    if core.is_short_of_room() && all.len() > 1 {
        match write_table(core, all) {
            Err(error) if error.is_out_of_space() => {}
            written => return Ok((all, written?)),
        }
    }
    let alone = std::slice::from_ref(oldest);
    Ok((alone, write_table(core, alone)?))
}

/// The log of the memtable that comes after `memtable`.
fn log_after(view: &View, memtable: &MemTable) -> u64 {
    let newer = view.memtables().map(|newer| newer.log_number());
    newer.filter(|&number| number > memtable.log_number()).min().unwrap_or(memtable.log_number())
}

/// Puts the table in force in place of the memtables up to `newest`.
fn install(
    core: &Core,
    newest: &MemTable,
    table: Option<Written>,
    mut edit: VersionEdit,
) -> Result<()> {
    let mut versions = core.versions.lock();
    edit.last_sequence = Some(newest.last_sequence().max(versions.last_sequence()));
    if let Some((number, summary)) = &table {
        let level = if core.compacting.load(Ordering::Acquire) {
            0
        } else {
            level_for(versions.current(), &summary.smallest, &summary.largest)
        };
        edit.new_files.push((level, NewFile::written(*number, summary)));
    }
    let version = versions.apply(edit)?;
    if let Some((number, summary)) = table {
        for (_, file) in version.all_files().filter(|(_, file)| file.number == number) {
            file.set_statistics(Some(summary.statistics));
        }
    }
    core.install(version, Some(newest));
    Ok(())
}

/// Writes memtables, newest first, as a table, synced with its name; `None` where they are empty.
fn write_table(core: &Core, memtables: &[Arc<MemTable>]) -> Result<Option<Written>> {
    let Some(oldest) = memtables.iter().rfind(|memtable| !memtable.is_empty()) else {
        return Ok(None);
    };
    let number = core.numbers.take();
    let path = file_name::table(&core.directory, number);
    let written = core
        .env
        .create(&path)
        .map_err(Error::io(IoOperation::Create, &path))
        .and_then(|file| {
            let options = TableOptions::from(&core.options);
            let mut builder = TableBuilder::new(Arc::clone(&file), path.clone(), options);
            builder.deletions_since(oldest.created());
            add_entries(core, memtables, &mut builder)?;
            let summary = builder.finish()?;
            file.sync().map_err(Error::io(IoOperation::Sync, &path))?;
            Ok(summary)
        })
        .and_then(|summary| {
            let synced = core.env.sync_dir(&core.directory);
            synced.map_err(Error::io(IoOperation::SyncDir, &core.directory))?;
            Ok(summary)
        });
    match written {
        Ok(summary) => Ok(Some((number, summary))),
        Err(error) => {
            let _ = core.env.remove(&path);
            Err(error)
        }
    }
}

/// Adds what of the memtables is read by anyone who looks into them no more.
fn add_entries(core: &Core, memtables: &[Arc<MemTable>], builder: &mut TableBuilder) -> Result<()> {
    let iterators = memtables.iter().map(|memtable| MemTableIterator::new(Arc::clone(memtable)));
    let mut entries = MergingIterator::new(
        iterators.map(|it| Box::new(it) as Box<dyn InternalIterator>).collect(),
    );
    let mut filter = EntryFilter::new(core.oldest_snapshot());
    entries.seek_to_first()?;
    while entries.valid() {
        let Some(entry) = internal_key::parse(entries.key()) else {
            return Err(Error::corruption(&core.directory, None, CorruptionKind::BadKey));
        };
        // What a deletion hides may be in any table.
        if filter.keep(&entry, || false) {
            builder.add(entries.key(), entries.value())?;
        }
        entries.next()?;
    }
    Ok(())
}

/// The level that a flushed table goes to: as deep as nothing above and at that level overlaps it.
fn level_for(version: &Version, smallest: &[u8], largest: &[u8]) -> usize {
    let (from, to) = (internal_key::user_key(smallest), internal_key::user_key(largest));
    let deepest = DEEPEST_FLUSH_LEVEL.min(LEVELS - 1);
    (0..=deepest).take_while(|&level| !version.overlaps(level, from, to)).last().unwrap_or(0)
}

#[cfg(test)]
mod tests;
