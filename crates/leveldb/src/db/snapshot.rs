//! Snapshots: sequence numbers that compactions must keep readable.
//!
//! The compactions of another process keep nothing for us. So a snapshot of a database that was
//! opened read-only holds the view itself, with all its tables open.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use parking_lot::Mutex;

use super::core::Core;
use super::view::View;
use crate::internal_key::SequenceNumber;

/// The snapshots that are held, with how often each is.
#[derive(Debug, Default)]
pub(crate) struct SnapshotList {
    held: Mutex<BTreeMap<SequenceNumber, usize>>,
}

impl SnapshotList {
    /// Holds the number that `visible` gives. It is read under the list's lock, so that a
    /// compaction asking for the oldest snapshot at the same time either sees this one or answers
    /// with a number that is not above it.
    fn hold(&self, visible: impl FnOnce() -> SequenceNumber) -> SequenceNumber {
        let mut held = self.held.lock();
        let sequence = visible();
        *held.entry(sequence).or_insert(0) += 1;
        sequence
    }

    fn release(&self, sequence: SequenceNumber) {
        let mut held = self.held.lock();
        if let Some(count) = held.get_mut(&sequence) {
            *count -= 1;
            if *count == 0 {
                held.remove(&sequence);
            }
        }
    }

    /// The number below which only the newest entry of a key is ever read.
    pub(crate) fn oldest(&self, visible: impl FnOnce() -> SequenceNumber) -> SequenceNumber {
        let held = self.held.lock();
        held.keys().next().copied().unwrap_or_else(visible)
    }
}

/// The database as it was at one moment. Reads through it see nothing newer. It keeps old entries
/// from being compacted away, so hold it no longer than needed.
pub struct Snapshot {
    core: Arc<Core>,
    sequence: SequenceNumber,
    /// What to read from, where it must not be whatever is in force then.
    view: Option<Arc<View>>,
}

impl Snapshot {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        let view = core.options.read_only.then(|| core.view.load_full());
        let sequence = core.snapshots.hold(|| core.visible.load(Ordering::Acquire));
        Self { core, sequence, view }
    }

    /// The view to read the snapshot from.
    pub(crate) fn view(&self) -> Arc<View> {
        self.view.clone().unwrap_or_else(|| self.core.view.load_full())
    }

    /// The number of the last write that it shows. Writes are numbered as they are made: of two
    /// snapshots with the same number, both show the same.
    pub fn sequence(&self) -> SequenceNumber {
        self.sequence
    }

    /// Whether the snapshot was taken of the database behind `core`.
    pub(crate) fn is_of(&self, core: &Arc<Core>) -> bool {
        Arc::ptr_eq(&self.core, core)
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        self.core.snapshots.release(self.sequence);
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("sequence", &self.sequence).finish()
    }
}
