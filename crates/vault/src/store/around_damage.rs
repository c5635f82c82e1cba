//! A place for a message where a damaged block stands in the way of looking for one. The ids know
//! where the others are; what cannot be read stays before or behind, as it was.

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
        let (labels, mut high) = (self.known_labels()?, None);
        if labels.is_empty() {
            // Any place might be one that is taken.
            return Err(damage);
        }
        for label in labels.into_iter().rev() {
            match self.message(&label) {
                Ok(Some(message)) if message.time <= time => {
                    return Ok((Some(self.free_after(label, high.as_ref())), high));
                }
                Ok(_) => high = Some(label),
                Err(error) if error.is_damage() => high = Some(label),
                Err(error) => return Err(error),
            }
        }
        Ok((None, high))
    }

    fn known_labels(&self) -> Result<BTreeSet<Label>> {
        let mut labels: BTreeSet<_> =
            known::messages(self.opened, &self.opened.db.snapshot()?).into_keys().collect();
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

    /// The last label from `low` on behind which there is room: a message whose id is damaged may
    /// stand where nobody knows of it.
    fn free_after(&self, mut low: Label, high: Option<&Label>) -> Label {
        loop {
            let next = Label::between(Some(&low), high);
            if !matches!(self.opened.db.get(&layout::message(&next)), Ok(Some(_))) {
                return low;
            }
            low = next;
        }
    }
}
