//! Changes that are going to be made together.
//!
//! A group is one batch of the database and one sync. Each change sees what those before it in the
//! group do, through an overlay, and one that cannot be made leaves no trace in it.

use bytes::Bytes;
use sigil_leveldb::WriteBatch;

use super::change::Change;
use super::message_order::{MessageOrder, Overlay};
use super::opened::Opened;
use super::stage::{Counted, Staged};
use crate::error::{Error, Result};
use crate::label::Label;
use crate::layout::{self, Kind, space};
use crate::record::Counters;

/// The message that is last in the order.
#[derive(Debug, Clone)]
pub(super) struct Tail {
    pub(super) time: f64,
    pub(super) label: Label,
}

/// See the module's documentation.
pub(super) struct Plan<'a> {
    pub(super) opened: &'a Opened,
    pub(super) counters: Counters,
    pub(super) tail: Option<Tail>,
    pub(super) overlay: Overlay,
    /// Whether it came out that the counters are wrong.
    pub(super) is_miscounted: bool,
    /// Whether messages that are there are changed or removed.
    pub(super) changes_messages: bool,
    /// How many messages get another place so that others have one.
    pub(super) moved: u64,
    /// About how large the batch is going to be.
    pub(super) bytes: usize,
}

impl<'a> Plan<'a> {
    pub(super) fn new(opened: &'a Opened, counters: Counters, tail: Option<Tail>) -> Self {
        Self {
            opened,
            counters,
            tail,
            overlay: Overlay::new(),
            is_miscounted: false,
            changes_messages: false,
            moved: 0,
            bytes: 0,
        }
    }

    /// Adds a change, or nothing of it.
    pub(super) fn add(&mut self, change: &Change) -> Result<()> {
        let staged = match change {
            Change::SaveMessage(message) => self.save_message(message),
            Change::DeleteMessage { id } => self.delete_message(id),
            Change::SaveItem { kind, id, value } => self.save_item(*kind, id, value),
            Change::DeleteItem { kind, id } => self.delete_item(*kind, id),
        }?;
        self.take(staged);
        Ok(())
    }

    pub(super) fn take(&mut self, staged: Staged) {
        let removes = |(key, value): &(Vec<u8>, Option<_>)| {
            value.is_none() && key.first() == Some(&space::MESSAGES)
        };
        // One that is changed at its place is removed from it first.
        self.changes_messages |= staged.is_in_doubt || staged.entries.iter().any(removes);
        for (key, value) in staged.entries {
            self.bytes += key.len() + value.as_ref().map_or(0, Vec::len);
            self.counters.sealed += u64::from(value.is_some());
            self.overlay.insert(key, value.map(Bytes::from));
        }
        self.is_miscounted |= staged.is_miscounted;
        self.moved += staged.moved;
        match staged.counted {
            Some((kind, Counted::Added)) => *self.counters.of(kind) += 1,
            Some((kind, Counted::Removed)) => {
                let counter = self.counters.of(kind);
                *counter = counter.saturating_sub(1);
            }
            None => {}
        }
        if staged.tail.is_some() {
            self.tail = staged.tail;
        }
    }

    /// The batch, with the counters as they are after it; none where nothing changes.
    pub(super) fn batch(&mut self) -> Result<Option<WriteBatch>> {
        if self.overlay.is_empty() {
            return Ok(None);
        }
        self.counters.sealed += 1;
        let counters = self.seal(&layout::COUNTERS, &self.counters.encode())?;
        let mut batch = WriteBatch::with_capacity(self.bytes + 256);
        for (key, value) in &self.overlay {
            match value {
                Some(value) => batch.put(key, value),
                None => batch.delete(key),
            }
        }
        batch.put(&layout::COUNTERS, &counters);
        Ok(Some(batch))
    }

    pub(super) fn order(&self) -> Result<MessageOrder<'_>> {
        MessageOrder::now(self.opened, &self.overlay)
    }

    pub(super) fn get(&self, kind: Kind, place: &[u8]) -> Result<Option<Bytes>> {
        match self.overlay.get(place) {
            Some(Some(sealed)) => self.opened.open(kind, place, sealed).map(Some),
            Some(None) => Ok(None),
            None => self.opened.get(kind, place, None),
        }
    }

    pub(super) fn has(&self, place: &[u8]) -> Result<bool> {
        match self.overlay.get(place) {
            Some(value) => Ok(value.is_some()),
            None => match self.opened.db.get(place).map_err(Error::from) {
                // Nobody can say; whoever asks is about to write over it.
                Err(error) if error.is_damage() => Ok(true),
                found => Ok(found?.is_some()),
            },
        }
    }

    pub(super) fn seal(&self, place: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
        self.opened.sealer.load().seal(place, plain)
    }
}
