//! The ids of messages at places, as far as they can be told.
//!
//! A message that can be read has the name of its id, under which the id stands. For one that cannot
//! be read all ids have to be gone through. What that gives is remembered while the store is open:
//! a damaged message is met by every list that comes by.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use sigil_leveldb::Snapshot;

use super::known;
use super::opened::{Opened, decode_message_id};
use crate::error::Result;
use crate::label::Label;
use crate::layout::{self, Kind};

/// So many are remembered.
const MOST: usize = 10_000;

/// The ids of messages that cannot be read; none where one cannot be told.
#[derive(Default)]
pub(super) struct LostIds(Mutex<BTreeMap<Label, Option<String>>>);

impl Opened {
    /// The ids of messages that cannot be read.
    pub(super) fn ids_of_lost(
        &self,
        moment: &Snapshot,
        labels: &[Label],
    ) -> Result<Vec<Option<String>>> {
        let known = {
            let lost = self.lost_ids.0.lock();
            let found: Option<Vec<_>> = labels.iter().map(|it| lost.get(it).cloned()).collect();
            found
        };
        if let Some(known) = known {
            // Saved again since, an id leads elsewhere.
            let is_there = |(label, id): (&Label, Option<String>)| {
                id.filter(|id| self.leads_to(moment, id, label))
            };
            return Ok(labels.iter().zip(known).map(is_there).collect());
        }
        let mut all = known::all_messages(self, moment)?;
        let found: Vec<_> = labels.iter().map(|label| all.remove(label).flatten()).collect();
        let mut lost = self.lost_ids.0.lock();
        if lost.len() + labels.len() > MOST {
            lost.clear();
        }
        lost.extend(labels.iter().cloned().zip(found.iter().cloned()).take(MOST));
        Ok(found)
    }

    /// The id of a message that can be read.
    pub(super) fn id_of(&self, moment: &Snapshot, label: &Label) -> Result<Option<String>> {
        let Some(message) = self.message(label, Some(moment))? else { return Ok(None) };
        let entry = layout::named(Kind::Message.ids(), &message.id);
        let plain = self.get(Kind::Message, &entry, Some(moment))?;
        Ok(plain.map(|plain| decode_message_id(&plain)).transpose()?.and_then(|entry| entry.id))
    }

    fn leads_to(&self, moment: &Snapshot, id: &str, label: &Label) -> bool {
        let name = layout::name_of(&self.names, Kind::Message, id);
        let entry = layout::named(Kind::Message.ids(), &name);
        let plain = self.get(Kind::Message, &entry, Some(moment)).ok().flatten();
        plain.is_some_and(|plain| decode_message_id(&plain).is_ok_and(|it| it.label == *label))
    }
}
