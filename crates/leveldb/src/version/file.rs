//! A table file as versions know it, and what happens when the last of them lets go of it.
//!
//! Versions share their files. A compaction that replaces a file marks it obsolete; it stays
//! readable for every version, and so for every iterator, that still holds it. When the last of
//! them is dropped the file's number goes to the [`Trash`], and a background thread removes it:
//! dropping an iterator never waits for the disk.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use crate::internal_key;
use crate::table::{Table, TableStatistics};

/// A live table.
pub(crate) struct TableFile {
    pub(crate) number: u64,
    pub(crate) size: u64,
    /// The first internal key.
    pub(crate) smallest: Vec<u8>,
    /// The last internal key.
    pub(crate) largest: Vec<u8>,
    /// Set once they are known: when the file was made here, or when it was first opened.
    statistics: OnceLock<Option<TableStatistics>>,
    /// The open table, for those who cannot open it later because its file may vanish.
    pinned: OnceLock<Arc<Table>>,
    obsolete: AtomicBool,
    trash: Arc<Trash>,
}

impl TableFile {
    pub(crate) fn new(
        number: u64,
        size: u64,
        smallest: Vec<u8>,
        largest: Vec<u8>,
        trash: Arc<Trash>,
    ) -> Self {
        Self {
            number,
            size,
            smallest,
            largest,
            statistics: OnceLock::new(),
            pinned: OnceLock::new(),
            obsolete: AtomicBool::new(false),
            trash,
        }
    }

    pub(crate) fn smallest_user_key(&self) -> &[u8] {
        internal_key::user_key(&self.smallest)
    }

    pub(crate) fn largest_user_key(&self) -> &[u8] {
        internal_key::user_key(&self.largest)
    }

    /// Whether any key of the file can lie in the range, both ends included; `None` is no bound.
    pub(crate) fn overlaps(&self, from: Option<&[u8]>, to: Option<&[u8]>) -> bool {
        from.is_none_or(|from| self.largest_user_key() >= from)
            && to.is_none_or(|to| self.smallest_user_key() <= to)
    }

    /// What is known of the entries; `None` until the file was opened, and for tables of other
    /// writers.
    pub(crate) fn statistics(&self) -> Option<&TableStatistics> {
        self.statistics.get()?.as_ref()
    }

    /// Whether `set_statistics` was called.
    pub(crate) fn statistics_known(&self) -> bool {
        self.statistics.get().is_some()
    }

    pub(crate) fn set_statistics(&self, statistics: Option<TableStatistics>) {
        // The content of a table never changes, so the first answer is as good as any.
        let _ = self.statistics.set(statistics);
    }

    pub(crate) fn pinned(&self) -> Option<&Arc<Table>> {
        self.pinned.get()
    }

    pub(crate) fn pin(&self, table: Arc<Table>) {
        let _ = self.pinned.set(table);
    }

    /// To be called once the manifest that no longer names the file is durable.
    pub(crate) fn mark_obsolete(&self) {
        self.obsolete.store(true, Ordering::Release);
    }
}

impl fmt::Debug for TableFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableFile")
            .field("number", &self.number)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

impl Drop for TableFile {
    fn drop(&mut self) {
        if self.obsolete.load(Ordering::Acquire) {
            self.trash.add(self.number);
        }
    }
}

/// Numbers of table files that nobody can reach any more.
#[derive(Debug, Default)]
pub(crate) struct Trash {
    numbers: Mutex<Vec<u64>>,
}

impl Trash {
    pub(crate) fn add(&self, number: u64) {
        self.numbers.lock().push(number);
    }

    pub(crate) fn take(&self) -> Vec<u64> {
        std::mem::take(&mut *self.numbers.lock())
    }
}
