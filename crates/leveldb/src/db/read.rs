//! Reading: point reads, iterators, and what memory alone can answer.
//!
//! Closing empties the view after it has set its flag. So a reader takes the view first and asks
//! whether the database is open second: an emptied view is never read as one without the key.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;

use super::Cached;
use super::core::Core;
use super::iterator::DbIterator;
use super::range::Range;
use super::snapshot::Snapshot;
use super::view::View;
use crate::error::{Error, Result};
use crate::internal_key::{self, SequenceNumber, ValueKind};
use crate::lookup::Lookup;
use crate::table::ReadMode;

pub(crate) fn get(core: &Core, key: &[u8], snapshot: Option<&Snapshot>) -> Result<Option<Bytes>> {
    Ok(newest(core, key, snapshot, ReadMode::Any)?.and_then(value_of))
}

/// The newest entry of `key`, in the snapshot or as it is now.
fn newest(
    core: &Core,
    key: &[u8],
    snapshot: Option<&Snapshot>,
    mode: ReadMode,
) -> Result<Option<(u64, Bytes)>> {
    if let Some(snapshot) = snapshot {
        let view = snapshot.view();
        core.check_open()?;
        let lookup = Lookup::new(key, internal_key::seek_tag(snapshot.sequence()));
        return view.get(&core.tables, &lookup, mode);
    }
    let view = core.view.load();
    core.check_open()?;
    let sequence = core.visible.load(Ordering::Acquire);
    view.get(&core.tables, &Lookup::new(key, internal_key::seek_tag(sequence)), mode)
}

/// The moment to read many entries of: the snapshot's, or now.
fn moment(core: &Core, snapshot: Option<&Snapshot>) -> Result<(Arc<View>, SequenceNumber)> {
    let view = snapshot.map_or_else(|| core.view.load_full(), Snapshot::view);
    core.check_open()?;
    let sequence =
        snapshot.map_or_else(|| core.visible.load(Ordering::Acquire), Snapshot::sequence);
    Ok((view, sequence))
}

pub(crate) fn get_many<K: AsRef<[u8]>>(
    core: &Core,
    keys: &[K],
    snapshot: Option<&Snapshot>,
) -> Result<Vec<Option<Bytes>>> {
    let (view, sequence) = moment(core, snapshot)?;
    let seek_tag = internal_key::seek_tag(sequence);
    let look_up = |key: &K| {
        let found = view.get(&core.tables, &Lookup::new(key.as_ref(), seek_tag), ReadMode::Any)?;
        Ok(found.and_then(value_of))
    };
    keys.iter().map(look_up).collect()
}

/// What can be said without waiting; `mode` says how far the look goes.
pub(crate) fn without_waiting(
    core: &Core,
    key: &[u8],
    snapshot: Option<&Snapshot>,
    mode: ReadMode,
) -> Result<Cached> {
    match newest(core, key, snapshot, mode) {
        Ok(found) => Ok(found.and_then(value_of).map_or(Cached::Absent, Cached::Hit)),
        Err(Error::WouldBlock) => Ok(Cached::Unknown),
        Err(error) => Err(error),
    }
}

fn value_of((tag, value): (u64, Bytes)) -> Option<Bytes> {
    (ValueKind::from_byte(tag as u8) == Some(ValueKind::Value)).then_some(value)
}

pub(crate) fn iterator(
    core: &Arc<Core>,
    range: Range,
    snapshot: Option<&Snapshot>,
) -> Result<DbIterator> {
    let (view, sequence) = moment(core, snapshot)?;
    DbIterator::new(core, view, sequence, range)
}

pub(crate) fn approximate_size(core: &Core, from: &[u8], to: &[u8]) -> Result<u64> {
    let version = Arc::clone(&core.view.load().version);
    core.check_open()?;
    let end = version.offset_of(&core.tables, to)?;
    Ok(end.saturating_sub(version.offset_of(&core.tables, from)?))
}
