//! From whatever whole tables there are to the tables of the repaired database.
//!
//! Everything is merged by internal key, so the newest entry of a key comes first, whatever file it
//! was in; it is the only one that is kept, and a deletion goes together with what it hides, since
//! nothing is left below. The result is sorted and disjoint.
//!
//! Tables that do not overlap are read one behind the other, so no more are open at once than
//! overlap anywhere.

use std::path::Path;
use std::sync::Arc;

use super::gather::Source;
use super::workshop::{FinishedTable, NewTable, Workshop};
use crate::env::Env;
use crate::error::{CorruptionKind, Error, IoOperation, Result};
use crate::file_name::FileKind;
use crate::internal_key::{self, ValueKind};
use crate::iterator::{ConcatenatingIterator, FileList, InternalIterator, MergingIterator};
use crate::table::Table;

/// Merges `sources` into new tables of about `target_size`, each durable.
pub(super) fn merge(
    sources: Vec<Source>,
    workshop: &mut Workshop,
    target_size: u64,
) -> Result<Vec<FinishedTable>> {
    let mut input = MergingIterator::new(cursors(sources, &workshop.env));
    let mut finished = Vec::new();
    let mut current: Option<NewTable> = None;
    let mut last_key: Option<Vec<u8>> = None;
    input.seek_to_first()?;
    while input.valid() {
        let entry = internal_key::parse(input.key())
            .ok_or_else(|| Error::corruption(&workshop.directory, None, CorruptionKind::BadKey))?;
        let is_newest = last_key.as_deref() != Some(entry.user_key);
        if is_newest {
            let key = last_key.get_or_insert_default();
            key.clear();
            key.extend_from_slice(entry.user_key);
        }
        if is_newest && entry.kind == ValueKind::Value {
            if let Some(full) = current.take_if(|table| table.size() >= target_size) {
                finished.push(full.finish_durably()?);
            }
            let table = match &mut current {
                Some(table) => table,
                None => current.insert(workshop.begin_table()?),
            };
            table.add(input.key(), input.value())?;
        }
        input.next()?;
    }
    if let Some(last) = current {
        finished.push(last.finish_durably()?);
    }
    Ok(finished)
}

/// A cursor for each run of tables that do not overlap.
fn cursors(mut sources: Vec<Source>, env: &Arc<dyn Env>) -> Vec<Box<dyn InternalIterator>> {
    sources.sort_by(|a, b| internal_key::compare(&a.smallest, &b.smallest));
    let mut runs: Vec<Vec<Source>> = Vec::new();
    for source in sources {
        let ends_before = |run: &&mut Vec<Source>| {
            run.last()
                .is_some_and(|last| internal_key::compare(&last.largest, &source.smallest).is_lt())
        };
        match runs.iter_mut().find(ends_before) {
            Some(run) => run.push(source),
            None => runs.push(vec![source]),
        }
    }
    let cursor = |tables| -> Box<dyn InternalIterator> {
        Box::new(ConcatenatingIterator::new(Run { tables, env: Arc::clone(env) }))
    };
    runs.into_iter().map(cursor).collect()
}

/// Tables that do not overlap, in order.
struct Run {
    tables: Vec<Source>,
    env: Arc<dyn Env>,
}

impl FileList for Run {
    fn len(&self) -> usize {
        self.tables.len()
    }

    fn smallest(&self, index: usize) -> &[u8] {
        self.tables.get(index).map_or(&[], |table| &table.smallest)
    }

    fn largest(&self, index: usize) -> &[u8] {
        self.tables.get(index).map_or(&[], |table| &table.largest)
    }

    fn open(&self, index: usize) -> Result<Box<dyn InternalIterator>> {
        let source = self.tables.get(index).ok_or(Error::Closed)?;
        Ok(Box::new(open(&*self.env, &source.path, source.size)?.iter(false)))
    }
}

fn open(env: &dyn Env, path: &Path, size: u64) -> Result<Arc<Table>> {
    let file = env.open(path).map_err(Error::io(IoOperation::Open, path))?;
    let number = FileKind::of(path).number().unwrap_or(0);
    Table::open(file, path.to_path_buf(), number, Some(size), None).map(Arc::new)
}
