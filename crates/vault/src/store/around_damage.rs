//! A place for a message where a damaged block stands in the way of looking for one: it is found
//! among those that are known. What cannot be read stays where it is.

use std::collections::BTreeSet;

use super::known;
use super::plan::Plan;
use crate::error::{Error, Result};
use crate::label::Label;
use crate::layout::{self, space};

impl Plan<'_> {
    /// The neighbours of a time, as far as they are known: the last message that is not later, and
    /// the one that follows it. Nothing that can be read is between them.
    pub(super) fn around_damage(
        &self,
        time: f64,
        damage: Error,
    ) -> Result<(Option<Label>, Option<Label>)> {
        let mut labels = self.known_labels()?;
        if labels.is_empty() {
            // Any place might be one that is taken.
            return Err(damage);
        }
        let mut high = None;
        while let Some(label) = labels.pop_last() {
            match self.message(&label) {
                Ok(Some(message)) if message.time <= time => return Ok((Some(label), high)),
                Ok(_) => high = Some(label),
                Err(error) if error.is_damage() => high = Some(label),
                Err(error) => return Err(error),
            }
        }
        Ok((None, high))
    }

    fn known_labels(&self) -> Result<BTreeSet<Label>> {
        let mut labels: BTreeSet<_> =
            known::all_messages(self.opened, &self.opened.db.snapshot()?)?.into_keys().collect();
        let messages = vec![space::MESSAGES]..vec![space::MESSAGES + 1];
        for (place, coming) in self.overlay.range(messages) {
            let Some(label) = layout::label_of_message(place) else { continue };
            if coming.is_some() {
                labels.insert(label)
            } else {
                labels.remove(&label)
            };
        }
        Ok(labels)
    }
}
