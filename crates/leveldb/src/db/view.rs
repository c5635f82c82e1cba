//! What readers see: the memtables and the version of one moment.
//!
//! A reader loads the view, then the last visible sequence number, in this order. Everything at or
//! below that number is in the view, or was written after the view was loaded and before the
//! number was: then it is in a memtable that the view does not have, and so is everything after
//! it, so the reader sees a prefix of the writes all the same. The other order would be wrong: a
//! compaction between the two loads may drop what only the older number needs.

use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use parking_lot::Mutex;

use crate::error::Result;
use crate::internal_key::{self, SequenceNumber};
use crate::lookup::Lookup;
use crate::memtable::MemTable;
use crate::table::{Hit, ReadMode};
use crate::version::Version;
use crate::version::table_cache::TableCache;

/// See the module's documentation.
#[derive(Clone)]
pub(crate) struct View {
    /// The memtable that takes writes.
    pub(crate) active: Arc<MemTable>,
    /// Full memtables that wait for their flush, newest first.
    pub(crate) pending: Vec<Arc<MemTable>>,
    pub(crate) version: Arc<Version>,
    /// No entry in the tables of the version is newer. None where nobody can tell.
    pub(crate) tables_up_to: Option<SequenceNumber>,
}

impl View {
    /// All memtables, newest first.
    pub(crate) fn memtables(&self) -> impl Iterator<Item = &Arc<MemTable>> {
        std::iter::once(&self.active).chain(&self.pending)
    }

    /// The entry that is looked for: its tag and its value.
    pub(crate) fn get(
        &self,
        tables: &TableCache,
        lookup: &Lookup<'_>,
        mode: ReadMode,
    ) -> Result<Option<(u64, Bytes)>> {
        for memtable in self.memtables() {
            if let Some(found) = memtable.get(lookup) {
                return Ok(Some(found));
            }
        }
        let rows = tables.read_cache().zip(self.tables_up_to);
        if let Some(row) = rows.and_then(|(cache, up_to)| cache.row(lookup, up_to)) {
            return Ok(Some(row));
        }
        let Some(Hit { tag, value, again }) = self.version.get(tables, lookup, mode)? else {
            return Ok(None);
        };
        // What is read once need not be kept twice.
        if let Some((cache, up_to)) = rows
            && again
            && lookup.seek_tag >= internal_key::seek_tag(up_to)
        {
            cache.keep_row(lookup, up_to, tag, &value);
        }
        Ok(Some((tag, value)))
    }
}

/// The view in force. Readers load it without waiting; the few who change it take turns.
pub(crate) struct ViewCell {
    current: ArcSwap<View>,
    changing: Mutex<()>,
}

impl ViewCell {
    pub(crate) fn new(view: View) -> Self {
        Self { current: ArcSwap::from_pointee(view), changing: Mutex::new(()) }
    }

    /// The view, for the length of a point read.
    pub(crate) fn load(&self) -> arc_swap::Guard<Arc<View>> {
        self.current.load()
    }

    /// The view, to keep.
    pub(crate) fn load_full(&self) -> Arc<View> {
        self.current.load_full()
    }

    pub(crate) fn replace(&self, view: View) {
        let _turn = self.changing.lock();
        self.current.store(Arc::new(view));
    }

    /// Makes `fresh` the memtable that takes writes, in place of one that never did.
    pub(crate) fn change_active(&self, fresh: MemTable) {
        self.change(|view| view.active = Arc::new(fresh));
    }

    /// Makes `fresh` the memtable that takes writes; the one before it waits for its flush.
    pub(crate) fn rotate(&self, fresh: MemTable) {
        self.change(|view| {
            view.pending.insert(0, Arc::clone(&view.active));
            view.active = Arc::new(fresh);
        });
    }

    /// Puts a version in force. The memtables up to `flushed` are in it now.
    pub(crate) fn install(&self, version: Arc<Version>, flushed: Option<&MemTable>) {
        self.change(|view| {
            view.version = version;
            let Some(flushed) = flushed else { return };
            view.pending.retain(|memtable| memtable.log_number() > flushed.log_number());
            view.tables_up_to = view.tables_up_to.map(|up_to| up_to.max(flushed.last_sequence()));
        });
    }

    /// Lets go of everything, when the database is closed.
    pub(crate) fn clear(&self) {
        let active = Arc::new(MemTable::new(0));
        let (pending, version) = (Vec::new(), Arc::default());
        self.replace(View { active, pending, version, tables_up_to: None });
    }

    fn change(&self, apply: impl FnOnce(&mut View)) {
        let _turn = self.changing.lock();
        let mut view = View::clone(&self.current.load());
        apply(&mut view);
        self.current.store(Arc::new(view));
    }
}
