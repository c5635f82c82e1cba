//! Entries that lead to a message, written where they are missing.
//!
//! A message tells the name of its id and those of its peers, so what leads to it can be made from
//! it alone. An entry that leads to another version of the message is left: which of the two is to
//! be found by the id is nobody's to say.

use bytes::Bytes;

use super::Inner;
use super::opened::{Opened, decode_message_id};
use super::plan::Plan;
use super::stage::Staged;
use crate::error::Result;
use crate::label::Label;
use crate::layout::{self, Kind, space};
use crate::record::{MessageId, StoredMessage};

/// Messages whose entries are written in one batch.
const AT_ONCE: usize = 256;

/// What is known of the entry of an id.
pub(super) enum Leads {
    Here,
    /// To nothing, or to what is not this message; the id itself may still be told.
    Astray(Option<String>),
    /// To another version of the message.
    Elsewhere,
    /// It cannot be read.
    Unknown,
}

/// Where the entry of a message's id leads.
pub(super) fn leads(
    label: &Label,
    message: &StoredMessage<Bytes>,
    get: impl Fn(&[u8]) -> Result<Option<Bytes>>,
    message_at: impl Fn(&Label) -> Result<Option<StoredMessage<Bytes>>>,
) -> Result<Leads> {
    let plain = get(&layout::named(space::MESSAGE_IDS, &message.id));
    let entry = match plain.and_then(|plain| plain.as_deref().map(decode_message_id).transpose()) {
        Ok(Some(entry)) if entry.label == *label => return Ok(Leads::Here),
        Ok(Some(entry)) => entry,
        Ok(None) => return Ok(Leads::Astray(None)),
        Err(error) if error.is_damage() => return Ok(Leads::Unknown),
        Err(error) => return Err(error),
    };
    match message_at(&entry.label) {
        Ok(Some(other)) if other.id == message.id => Ok(Leads::Elsewhere),
        Ok(_) => Ok(Leads::Astray(entry.id)),
        // It may be this message's other version.
        Err(error) if error.is_damage() => Ok(Leads::Unknown),
        Err(error) => Err(error),
    }
}

impl Inner {
    /// Writes what is missing of what leads to these messages, as they are now.
    pub(super) fn lead_to(&self, opened: &Opened, labels: &[Label]) -> Result<()> {
        for labels in labels.chunks(AT_ONCE) {
            let mut writer = self.writer.lock();
            writer.check()?;
            let mut plan = Plan::new(opened, writer.counters, writer.tail.clone());
            for label in labels {
                let staged = plan.entries_of(label)?;
                plan.take(staged);
            }
            self.commit(&mut writer, &mut plan)?;
            self.metrics.lock().counters = writer.counters;
        }
        Ok(())
    }
}

impl Plan<'_> {
    fn entries_of(&self, label: &Label) -> Result<Staged> {
        let mut staged = Staged::default();
        let message = match self.message(label) {
            Ok(Some(message)) => message,
            Ok(None) => return Ok(staged),
            Err(error) if error.is_damage() => return Ok(staged),
            Err(error) => return Err(error),
        };
        let get = |place: &[u8]| self.get(Kind::Message, place);
        if let Leads::Astray(id) = leads(label, &message, get, |label| self.message(label))? {
            let place = layout::named(space::MESSAGE_IDS, &message.id);
            let entry = MessageId { label: label.clone(), id };
            let sealed = self.seal(&place, &entry.encode())?;
            staged.put(place, sealed);
        }
        for peer in message.peers() {
            let place = layout::by_peer(&peer, label);
            if !self.has(&place)? {
                staged.put(place, Vec::new());
            }
        }
        Ok(staged)
    }
}
