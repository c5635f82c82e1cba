//! Reading everything that is left of a database. Whole tables are taken as they are. What can be
//! proven of damaged tables and of logs is written to new tables, so that all there is to merge in
//! the end are whole, sorted tables. A dry run does the same without writing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::files::Files;
use super::history::History;
use super::log_salvage;
use super::report::{Damage, RepairReport};
use super::table_salvage;
use super::workshop::{FinishedTable, NewTable, Workshop};
use crate::env::Env;
use crate::error::{CorruptionKind, Error, IoOperation, Result};
use crate::file_name;
use crate::internal_key::{self, TAG_SIZE};
use crate::iterator::InternalIterator;
use crate::memtable::{MemTable, MemTableIterator};
use crate::table::Table;
use crate::write_batch::BatchReader;

/// A whole table to merge.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) size: u64,
    pub(super) smallest: Vec<u8>,
    pub(super) largest: Vec<u8>,
}

impl From<FinishedTable> for Source {
    fn from(FinishedTable { path, summary, .. }: FinishedTable) -> Self {
        let (smallest, largest) = (summary.smallest, summary.largest);
        Self { path, size: summary.file_size, smallest, largest }
    }
}

/// Reads tables and logs.
pub(super) struct Gatherer<'a> {
    env: &'a dyn Env,
    /// `None` in a dry run.
    workshop: Option<&'a mut Workshop>,
    pub(super) report: RepairReport,
    pub(super) sources: Vec<Source>,
    /// Files that hold something which could not be read.
    pub(super) damaged_files: Vec<PathBuf>,
    pub(super) last_sequence: u64,
    /// The last write that the manifest knows; `None` where that is not certain.
    last_in_tables: Option<u64>,
    /// The last write that was read from a log.
    last_logged: Option<u64>,
    memtable: Arc<MemTable>,
    memtable_limit: usize,
}

impl<'a> Gatherer<'a> {
    pub(super) fn new(
        env: &'a dyn Env,
        workshop: Option<&'a mut Workshop>,
        memtable_limit: usize,
    ) -> Self {
        Self {
            env,
            workshop,
            report: RepairReport::default(),
            sources: Vec::new(),
            damaged_files: Vec::new(),
            last_sequence: 0,
            last_in_tables: None,
            last_logged: None,
            memtable: Arc::new(MemTable::new(0)),
            memtable_limit,
        }
    }

    /// Reads everything that the history says is in use.
    pub(super) fn read(
        &mut self,
        directory: &Path,
        files: &Files,
        history: &History,
    ) -> Result<()> {
        self.report.damages.extend(history.damages.iter().cloned());
        self.damaged_files.extend(history.damaged_files.iter().cloned());
        self.last_sequence = history.last_sequence;
        for (number, path) in &files.tables {
            if history.uses_table(*number) {
                self.table(path, *number, history.live.get(number).copied())?;
            }
        }
        let is_there = |number: &u64| files.tables.iter().any(|(at, _)| at == number);
        for (number, &bytes) in history.live.iter().filter(|(number, _)| !is_there(number)) {
            self.report.lost_tables += 1;
            let (path, kind) = (file_name::table(directory, *number), CorruptionKind::MissingFile);
            self.report.damages.push(Damage { path, offset: 0, bytes, kind });
        }
        self.last_in_tables = history.is_certain.then_some(history.last_sequence);
        for (_, path) in files.logs.iter().filter(|(number, _)| history.uses_log(*number)) {
            self.log(path)?;
        }
        self.spill()
    }

    fn table(&mut self, path: &Path, number: u64, recorded_size: Option<u64>) -> Result<()> {
        let file = self.env.open(path).map_err(Error::io(IoOperation::Open, path))?;
        let opened =
            Table::open(Arc::clone(&file), path.to_path_buf(), number, recorded_size, None);
        let size = file.size().map_err(Error::io(IoOperation::Stat, path))?;
        let whole = opened.and_then(|table| self.whole_table(path, size, &Arc::new(table)));
        let Err(error) = whole else { return Ok(()) };
        let noticed = Damage::of(error)?;
        self.damaged_files.push(path.to_path_buf());

        let before = self.report.entries;
        let mut rescued = None;
        let mut sink = |key: &[u8], value: &[u8]| self.rescue(&mut rescued, key, value);
        let damages = table_salvage::salvage(file, path.to_path_buf(), recorded_size, &mut sink)?;
        if let Some(table) = rescued {
            self.sources.push(table.finish()?.into());
        }
        if self.report.entries > before {
            self.report.salvaged_tables += 1;
        } else {
            self.report.lost_tables += 1;
        }
        if damages.is_empty() {
            // Only what helps to find the data is damaged.
            self.report.damages.push(noticed);
        }
        self.report.damages.extend(damages);
        Ok(())
    }

    fn whole_table(&mut self, path: &Path, size: u64, table: &Arc<Table>) -> Result<()> {
        let statistics = table.verify()?;
        let mut entries = table.iter(false);
        entries.seek_to_last()?;
        let largest = entries.key().to_vec();
        entries.seek_to_first()?;
        if entries.valid() {
            let smallest = entries.key().to_vec();
            self.sources.push(Source { path: path.to_path_buf(), size, smallest, largest });
        }
        let tags = statistics.entries.saturating_mul(TAG_SIZE as u64);
        self.report.whole_tables += 1;
        self.report.entries += statistics.entries;
        self.report.bytes += statistics.raw_bytes.saturating_sub(tags);
        self.last_sequence = self.last_sequence.max(statistics.max_sequence);
        Ok(())
    }

    /// Takes an entry of a damaged table.
    fn rescue(&mut self, table: &mut Option<NewTable>, key: &[u8], value: &[u8]) -> Result<()> {
        let sequence = internal_key::parse(key).map_or(0, |key| key.sequence);
        self.last_sequence = self.last_sequence.max(sequence);
        self.report.entries += 1;
        self.report.bytes += (key.len().saturating_sub(TAG_SIZE) + value.len()) as u64;
        let Some(workshop) = &mut self.workshop else { return Ok(()) };
        let table = match table {
            Some(table) => table,
            None => table.insert(workshop.begin_table()?),
        };
        table.add(key, value)
    }

    fn log(&mut self, path: &Path) -> Result<()> {
        let file = self.env.open(path).map_err(Error::io(IoOperation::Open, path))?;
        let mut is_first = true;
        let rest =
            log_salvage::salvage(file, path.to_path_buf(), |offset, batch, is_explained| {
                let follows_a_gap = self.follows_a_gap(batch.sequence());
                if std::mem::take(&mut is_first) && follows_a_gap && !is_explained {
                    let (path, kind) = (path.to_path_buf(), CorruptionKind::LostHistory);
                    self.report.damages.push(Damage { path, offset, bytes: 0, kind });
                }
                self.batch(batch)
            })?;
        self.report.logs += 1;
        if let Some(offset) = rest.torn {
            self.report.torn = Some((path.to_path_buf(), offset));
        }
        if rest.torn.is_some() || !rest.damages.is_empty() {
            self.damaged_files.push(path.to_path_buf());
        }
        self.report.damages.extend(rest.damages);
        Ok(())
    }

    /// Whether writes are missing before the first one of a log, as opening judges it.
    fn follows_a_gap(&self, sequence: u64) -> bool {
        match self.last_logged {
            Some(last) => sequence != last + 1,
            None => self.last_in_tables.is_some_and(|last| sequence > last + 1),
        }
    }

    fn batch(&mut self, batch: &BatchReader<'_>) -> Result<()> {
        let last = (batch.sequence() + u64::from(batch.count())).saturating_sub(1);
        self.last_logged = self.last_logged.max(Some(last));
        self.last_sequence = self.last_sequence.max(last);
        self.report.log_records += 1;
        for entry in batch.iter() {
            let (_, key, value) = entry.parts();
            self.report.entries += 1;
            self.report.bytes += (key.len() + value.len()) as u64;
        }
        if self.workshop.is_some() {
            self.memtable.insert(batch.sequence(), batch.iter());
        }
        if self.memtable.memory() >= self.memtable_limit { self.spill() } else { Ok(()) }
    }

    /// Writes what was read from logs to a table.
    fn spill(&mut self) -> Result<()> {
        let Some(workshop) = &mut self.workshop else { return Ok(()) };
        if self.memtable.is_empty() {
            return Ok(());
        }
        let full = std::mem::replace(&mut self.memtable, Arc::new(MemTable::new(0)));
        let mut table = workshop.begin_table()?;
        let mut entries = MemTableIterator::new(full);
        let mut last_key = Vec::new();
        entries.seek_to_first()?;
        while entries.valid() {
            // Two logs may hold the same write, if one is a copy of the other.
            if entries.key() != last_key {
                table.add(entries.key(), entries.value())?;
                last_key.clear();
                last_key.extend_from_slice(entries.key());
            }
            entries.next()?;
        }
        self.sources.push(table.finish()?.into());
        Ok(())
    }
}
