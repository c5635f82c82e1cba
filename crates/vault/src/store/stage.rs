//! Turning one change into entries of the database.
//!
//! Everything that is derived from a message goes with it: what its old version left elsewhere is
//! removed in the same batch, whatever that version was.

use bytes::Bytes;

use super::change::Message;
use super::each::each;
use super::opened::{decode_message, decode_message_id};
use super::plan::{Plan, Tail};
use crate::error::{Error, Result};
use crate::label::{LONGEST, Label};
use crate::layout::{self, Kind, space};
use crate::names::Name;
use crate::record::{Item, MessageId, StoredMessage};

/// What one change does.
#[derive(Default)]
pub(super) struct Staged {
    /// Keys with their new values; none is a removal. Later ones count.
    pub(super) entries: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    /// What is counted more or less.
    pub(super) counted: Option<(Kind, Counted)>,
    /// Whether it came out that more is counted than there is.
    pub(super) is_miscounted: bool,
    /// Whether there may be something that nobody knows of at the place of the message.
    pub(super) is_in_doubt: bool,
    /// How many other messages get another place.
    pub(super) moved: u64,
    /// The message that is now the last.
    pub(super) tail: Option<Tail>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Counted {
    Added,
    Removed,
}

impl Staged {
    pub(super) fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.entries.push((key, Some(value)));
    }

    pub(super) fn remove(&mut self, key: Vec<u8>) {
        self.entries.push((key, None));
    }
}

/// The version of a message that is there.
struct Old {
    /// Where it is; none where nothing of it is left but a damaged entry.
    label: Option<Label>,
    /// None where it cannot be read, and so what it left elsewhere is not known.
    message: Option<StoredMessage<Bytes>>,
    /// Whether the way from the id to it is whole, the id itself included.
    is_found: bool,
    /// Whether the id leads to nothing: the message went with a damaged block that was removed.
    is_lost: bool,
}

impl Old {
    /// Something is left of it that leads nowhere.
    const NOWHERE: Self = Self { label: None, message: None, is_found: false, is_lost: false };
}

impl Plan<'_> {
    pub(super) fn save_message(&self, message: &Message) -> Result<Staged> {
        let names = &self.opened.names;
        let id = layout::name_of(names, Kind::Message, &message.id);
        let old = self.old_message(&id)?;
        let mut staged = Staged::default();
        if let Some(old) = &old {
            // Before anything is placed: others may come where it was.
            remove_message(&mut staged, old);
            staged.is_miscounted = old.is_lost;
        }
        let label = match &old {
            Some(Old { label: Some(label), message: Some(found), .. })
                if found.time == message.time =>
            {
                label.clone()
            }
            old => {
                let leaving = old.as_ref().and_then(|old| old.label.as_ref());
                self.place(message.time, leaving, &mut staged)?
            }
        };
        if old.as_ref().is_none_or(|old| old.is_lost) {
            staged.counted = Some((Kind::Message, Counted::Added));
        }
        let peer = |peer: &Option<String>| {
            peer.as_deref()
                .filter(|peer| !peer.is_empty())
                .map(|peer| layout::peer_name(names, peer))
        };
        let stored = StoredMessage {
            time: message.time,
            id,
            sender: peer(&message.sender),
            recipient: peer(&message.recipient),
            value: message.value.as_slice(),
        };
        for peer in stored.peers() {
            staged.put(layout::by_peer(&peer, &label), Vec::new());
        }
        let place = layout::message(&label);
        let sealed = self.seal(&place, &stored.encode())?;
        staged.put(place, sealed);
        let is_known = old.is_some_and(|old| old.is_found && old.label.as_ref() == Some(&label));
        if !is_known {
            let place = layout::named(space::MESSAGE_IDS, &id);
            let entry = MessageId { label, id: Some(message.id.clone()) };
            let sealed = self.seal(&place, &entry.encode())?;
            staged.put(place, sealed);
        }
        Ok(staged)
    }

    pub(super) fn delete_message(&self, id: &str) -> Result<Staged> {
        let id = layout::name_of(&self.opened.names, Kind::Message, id);
        let mut staged = Staged::default();
        if let Some(old) = self.old_message(&id)? {
            remove_message(&mut staged, &old);
            staged.remove(layout::named(space::MESSAGE_IDS, &id));
            staged.is_miscounted = old.is_lost;
            staged.counted = (!old.is_lost).then_some((Kind::Message, Counted::Removed));
        }
        Ok(staged)
    }

    pub(super) fn save_item(&self, kind: Kind, id: &str, value: &[u8]) -> Result<Staged> {
        let name = layout::name_of(&self.opened.names, kind, id);
        let mut staged = Staged::default();
        let (values, ids) = (layout::named(kind.values(), &name), layout::named(kind.ids(), &name));
        if !self.has(&values)? && !self.has(&ids)? {
            staged.counted = Some((kind, Counted::Added));
        }
        let sealed = self.seal(&values, &Item::encode(id, value))?;
        staged.put(values, sealed);
        let sealed = self.seal(&ids, id.as_bytes())?;
        staged.put(ids, sealed);
        Ok(staged)
    }

    pub(super) fn delete_item(&self, kind: Kind, id: &str) -> Result<Staged> {
        let name = layout::name_of(&self.opened.names, kind, id);
        let mut staged = Staged::default();
        let (values, ids) = (layout::named(kind.values(), &name), layout::named(kind.ids(), &name));
        if self.has(&values)? || self.has(&ids)? {
            staged.remove(values);
            staged.remove(ids);
            staged.counted = Some((kind, Counted::Removed));
        }
        Ok(staged)
    }

    /// A place after all messages of the same time or before, for one that was elsewhere or nowhere.
    fn place(&self, time: f64, leaving: Option<&Label>, staged: &mut Staged) -> Result<Label> {
        let (low, high) = match &self.tail {
            Some(tail) if tail.time <= time => (Some(tail.label.clone()), None),
            _ => match self.order().and_then(|mut order| order.around(time, true)) {
                Err(error) if error.is_damage() => {
                    staged.is_in_doubt = true;
                    self.around_damage(time, error)?
                }
                found => found?,
            },
        };
        let label = match (&low, &high) {
            (Some(low), Some(high)) => self.label_between((low, high), leaving, staged)?,
            _ => Label::between(low.as_ref(), high.as_ref()),
        };
        if label.bytes().len() > LONGEST {
            let what = "too many messages were put between two of nearly the same time";
            return Err(Error::Invalid(what.into()));
        }
        if high.is_none() {
            staged.tail = Some(Tail { time, label: label.clone() });
        }
        Ok(label)
    }

    fn old_message(&self, id: &Name) -> Result<Option<Old>> {
        let place = layout::named(space::MESSAGE_IDS, id);
        let entry = self.get(Kind::Message, &place);
        let entry =
            entry.and_then(|plain| plain.map(|plain| decode_message_id(&plain)).transpose());
        let (label, is_found) = match entry {
            Ok(Some(entry)) => (entry.label, entry.id.is_some()),
            Ok(None) => return Ok(None),
            // The way to it is damaged. It must not stay behind beside its new version.
            Err(error) if error.is_damage() => match self.find_by_name(id)? {
                Some(label) => (label, false),
                None => return Ok(Some(Old::NOWHERE)),
            },
            Err(error) => return Err(error),
        };
        match self.message(&label) {
            Ok(Some(message)) if message.id == *id => Ok(Some(Old {
                label: Some(label),
                message: Some(message),
                is_found,
                is_lost: false,
            })),
            // Nothing is there, or another message, which must not be touched: this is not where
            // it is, if it is anywhere.
            Ok(other) => match self.find_by_name(id)? {
                Some(label) => {
                    let message = self.message(&label)?;
                    Ok(Some(Old { label: Some(label), message, is_found: false, is_lost: false }))
                }
                None if other.is_some() => Ok(Some(Old::NOWHERE)),
                None => {
                    Ok(Some(Old { label: Some(label), message: None, is_found, is_lost: true }))
                }
            },
            Err(error) if error.is_damage() => {
                Ok(Some(Old { label: Some(label), message: None, is_found, is_lost: false }))
            }
            Err(error) => Err(error),
        }
    }

    fn find_by_name(&self, id: &Name) -> Result<Option<Label>> {
        let mut found = None;
        let moment = self.opened.db.snapshot()?;
        each(self.opened, &moment, &[space::MESSAGES], |place, sealed| {
            let plain = sealed.and_then(|sealed| self.opened.open(Kind::Message, place, &sealed));
            if plain.and_then(|plain| decode_message(&plain)).is_ok_and(|it| it.id == *id) {
                found = layout::label_of_message(place);
            }
            Ok(())
        })?;
        Ok(found)
    }

    pub(super) fn message(&self, label: &Label) -> Result<Option<StoredMessage<Bytes>>> {
        let plain = self.get(Kind::Message, &layout::message(label))?;
        plain.map(|plain| decode_message(&plain)).transpose()
    }
}

fn remove_message(staged: &mut Staged, old: &Old) {
    let Some(label) = &old.label else { return };
    staged.remove(layout::message(label));
    for peer in old.message.iter().flat_map(StoredMessage::peers) {
        staged.remove(layout::by_peer(&peer, label));
    }
}
