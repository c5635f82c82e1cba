//! A database with what makes sense of it.

use std::path::PathBuf;

use arc_swap::ArcSwap;
use bytes::Bytes;
use sigil_leveldb::{Db, Durability, Entries, Range, Snapshot, WriteBatch};

use super::found_before::FoundBefore;
use super::ids::LostIds;
use crate::error::{Error, Result};
use crate::label::Label;
use crate::layout::{self, Kind, SEALED, space};
use crate::names::NameKey;
use crate::opened_cache::{Numbered, OpenedCache, Weighed};
use crate::record::{MessageId, StoredMessage};
use crate::seal::{Sealer, seal_of};

/// See the module's documentation.
pub(super) struct Opened {
    pub(super) db: Db,
    pub(super) directory: PathBuf,
    pub(super) names: NameKey,
    /// Gets keys while the store is open and loses none, so whatever was read before can be opened
    /// with what is here now.
    pub(super) sealer: ArcSwap<Sealer>,
    pub(super) cache: OpenedCache<StoredMessage<Bytes>>,
    pub(super) found_before: FoundBefore,
    pub(super) lost_ids: LostIds,
}

impl Weighed for StoredMessage<Bytes> {
    fn weight(&self) -> usize {
        size_of::<Self>() + self.value.len()
    }
}

impl Opened {
    /// A record at a moment, or now; an error where there is one that cannot be read.
    pub(super) fn get(
        &self,
        kind: Kind,
        place: &[u8],
        moment: Option<&Snapshot>,
    ) -> Result<Option<Bytes>> {
        let sealed = match moment {
            Some(moment) => self.db.get_at(moment, place)?,
            None => self.db.get(place)?,
        };
        sealed.map(|sealed| self.open(kind, place, &sealed)).transpose()
    }

    /// What a record has inside.
    pub(super) fn open(&self, kind: Kind, place: &[u8], sealed: &[u8]) -> Result<Bytes> {
        let plain = self.sealer.load().open(place, sealed);
        plain.map(Bytes::from).ok_or(Error::Unreadable(kind))
    }

    /// Writes a batch, which may change or remove messages that were there.
    pub(super) fn write(
        &self,
        batch: WriteBatch,
        durability: Durability,
        changes_messages: bool,
    ) -> Result<()> {
        if changes_messages {
            self.cache.begin_change();
        }
        let written = self.db.write(batch, durability);
        if changes_messages && let Ok(moment) = self.db.snapshot() {
            self.cache.end_change(moment.sequence());
        }
        Ok(written?)
    }

    /// Whether the keys open any record but the counters; none where there is no other.
    pub(super) fn is_anything_readable(&self) -> Result<Option<bool>> {
        let (sealer, mut readable, mut damage) = (self.sealer.load(), None, None);
        for space in SEALED.into_iter().filter(|space| *space != space::COUNTERS) {
            let range = Range::prefix(&[space]).past_damage(true);
            for entry in Entries::forward(self.db.iter(range)?) {
                match entry.map_err(Error::from) {
                    Ok((place, sealed)) if sealer.open(&place, &sealed).is_some() => {
                        return Ok(Some(true));
                    }
                    Ok(_) => readable = Some(false),
                    Err(error) if error.is_damage() => damage = Some(error),
                    Err(error) => return Err(error),
                }
            }
        }
        damage.map_or(Ok(readable), Err)
    }

    /// The message at a place in the order.
    pub(super) fn message(
        &self,
        label: &Label,
        moment: Option<&Snapshot>,
    ) -> Result<Option<StoredMessage<Bytes>>> {
        let place = layout::message(label);
        let sealed = match moment {
            Some(moment) => self.db.get_at(moment, &place)?,
            None => self.db.get(&place)?,
        };
        sealed.map(|sealed| self.open_message(&place, &sealed)).transpose()
    }

    /// A message that was read from its place, perhaps not for the first time.
    pub(super) fn open_message(&self, place: &[u8], sealed: &[u8]) -> Result<StoredMessage<Bytes>> {
        let message = self.open_message_up_to(usize::MAX, place, sealed, None)?;
        message.map(|known| known.value).ok_or(Error::Unreadable(Kind::Message))
    }

    /// The same, perhaps with the moment at which it was read; none where its value is larger than
    /// `most` and would have to be made.
    pub(super) fn open_message_up_to(
        &self,
        most: usize,
        place: &[u8],
        sealed: &[u8],
        moment: Option<&Snapshot>,
    ) -> Result<Option<Numbered<StoredMessage<Bytes>>>> {
        let moment = moment.map(Snapshot::sequence);
        let Some(seal) = seal_of(sealed) else { return Err(Error::Unreadable(Kind::Message)) };
        if let Some(message) = self.cache.get(place, &seal, moment) {
            return Ok(Some(message));
        }
        if sealed.len() > most {
            return Ok(None);
        }
        let plain = self.open(Kind::Message, place, sealed)?;
        if StoredMessage::value_size(&plain).is_some_and(|size| size > most) {
            return Ok(None);
        }
        let message = decode_message(&plain)?;
        Ok(Some(self.cache.insert(place, seal, moment, message)))
    }
}

pub(super) fn decode_message(plain: &Bytes) -> Result<StoredMessage<Bytes>> {
    StoredMessage::decode(plain).ok_or(Error::Unreadable(Kind::Message))
}

pub(super) fn decode_message_id(plain: &[u8]) -> Result<MessageId> {
    MessageId::decode(plain).ok_or(Error::Unreadable(Kind::Message))
}
