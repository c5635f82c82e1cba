//! Cursors over all the places in which a view has entries: its memtables, each table of level 0,
//! and each level below as one.

use std::sync::Arc;

use super::core::Core;
use super::view::View;
use crate::error::{Error, Result};
use crate::format::LEVELS;
use crate::iterator::{ConcatenatingIterator, FileList, InternalIterator, MergingIterator};
use crate::memtable::MemTableIterator;
use crate::table::Reading;
use crate::version::Version;
use crate::version::file::TableFile;

/// Cursors over everything that a view holds.
pub(super) fn sources(
    core: &Arc<Core>,
    view: &View,
    reading: &Reading,
) -> Result<Vec<Box<dyn InternalIterator>>> {
    let mut sources: Vec<Box<dyn InternalIterator>> = Vec::new();
    for memtable in view.memtables().filter(|memtable| !memtable.is_empty()) {
        sources.push(Box::new(MemTableIterator::new(Arc::clone(memtable))));
    }
    for file in view.version.files(0) {
        sources.push(cursor(core, file, reading)?);
    }
    for level in (1..LEVELS).filter(|&level| !view.version.files(level).is_empty()) {
        let files = LevelFiles {
            core: Arc::clone(core),
            version: Arc::clone(&view.version),
            level,
            reading: reading.clone(),
        };
        sources.push(Box::new(ConcatenatingIterator::new(files)));
    }
    Ok(sources)
}

/// A cursor over a table; over nothing where the table cannot be opened and the cursor goes past
/// damage.
fn cursor(core: &Core, file: &TableFile, reading: &Reading) -> Result<Box<dyn InternalIterator>> {
    match core.tables.table(file, reading.mode) {
        Ok(table) => Ok(Box::new(table.cursor(reading.clone()))),
        Err(error) => {
            reading.past_damage.pass(Err(error))?;
            Ok(Box::new(MergingIterator::new(Vec::new())))
        }
    }
}

/// The files of a sorted level, opened as a cursor comes to them.
struct LevelFiles {
    core: Arc<Core>,
    version: Arc<Version>,
    level: usize,
    reading: Reading,
}

impl FileList for LevelFiles {
    fn len(&self) -> usize {
        self.version.files(self.level).len()
    }

    fn smallest(&self, index: usize) -> &[u8] {
        self.version.files(self.level).get(index).map_or(&[], |file| &file.smallest)
    }

    fn largest(&self, index: usize) -> &[u8] {
        self.version.files(self.level).get(index).map_or(&[], |file| &file.largest)
    }

    fn open(&self, index: usize) -> Result<Box<dyn InternalIterator>> {
        let file = self.version.files(self.level).get(index).ok_or(Error::Closed)?;
        cursor(&self.core, file, &self.reading)
    }
}
