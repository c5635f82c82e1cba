//! Listing messages, the newest first.
//!
//! What cannot be read does not take the rest with it: the page is filled with what can be, and the
//! ids of the others are reported. Where a whole block of the database is damaged, what is known of
//! places leads around it.

use bytes::Bytes;
use sigil_leveldb::{Cached as CachedValue, DbIterator, Error as EngineError, Range, Snapshot};

use super::known;
use super::message_order::MessageOrder;
use super::opened::{Opened, decode_message_id};
use super::{Inner, Store};
use crate::error::{Error, Result};
use crate::label::Label;
use crate::layout::{self, Kind, space};
use crate::names::Name;
use crate::opened_cache::Numbered;
use crate::options::Event;
use crate::record::StoredMessage;

/// What is done at once: messages, the bytes of their values, and entries that are looked at. A
/// millisecond or two at the worst.
const AT_ONCE: usize = 200;
const AT_ONCE_BYTES: usize = 256 << 10;
const AT_ONCE_STEPS: u32 = 1_000;

/// Which messages are asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Query<'a> {
    /// Only those from or for this peer.
    pub peer: Option<&'a str>,
    /// So many at most.
    pub limit: usize,
    /// Only older ones than this.
    pub before: Option<Before<'a>>,
}

/// Where a page begins.
#[derive(Debug, Clone, Copy)]
pub enum Before<'a> {
    /// After the page that gave this cursor. Of messages that got other labels since, which is
    /// where somebody chose times close to each other, some may come twice or be left out.
    Cursor(&'a [u8]),
    /// Behind this message.
    Id(&'a str),
    /// Behind all messages of this time or later.
    Time(f64),
}

/// Messages, the newest first.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Their values.
    pub values: Vec<Bytes>,
    /// A number for each value: where that is one of an earlier page, so is the value.
    pub numbers: Vec<u64>,
    /// Where each of them is, for [`Store::ids_at`].
    pub places: Vec<Label>,
    /// Where the next page begins; none where there is no more.
    pub cursor: Option<Vec<u8>>,
    /// The ids of those that belong here and cannot be read.
    pub unreadable: Vec<String>,
}

impl Store {
    /// The newest messages that a query asks for, as of one moment.
    pub fn messages(&self, query: &Query<'_>) -> Result<Page> {
        self.messages_up_to(query, usize::MAX)
    }

    /// The same; the page ends early, with a cursor, after the value with which they are so many
    /// bytes.
    pub fn messages_up_to(&self, query: &Query<'_>, bytes: usize) -> Result<Page> {
        self.inner.list(query, bytes, false)
    }

    /// The same, if it is a small page that can be had without waiting for a disk: for a thread that
    /// has other things to do. None where it is not, or where anything is damaged.
    pub fn messages_at_once(&self, query: &Query<'_>) -> Result<Option<Page>> {
        // A time is searched for, here and there.
        if query.limit > AT_ONCE || matches!(query.before, Some(Before::Time(_))) {
            return Ok(None);
        }
        match self.inner.list(query, usize::MAX, true) {
            Ok(page) => Ok(Some(page)),
            Err(error) if error.is_damage() || is_wait(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The ids of the messages at places that a page gave, as far as they can be told.
    pub fn ids_at(&self, places: &[Label]) -> Result<Vec<Option<String>>> {
        let opened = self.inner.opened()?;
        let moment = opened.db.snapshot()?;
        let id = |place: &Label| opened.id_of(&moment, place).ok()?;
        Ok(places.iter().map(id).collect())
    }
}

fn is_wait(error: &Error) -> bool {
    matches!(error, Error::Engine(EngineError::WouldBlock))
}

impl Inner {
    fn list(&self, query: &Query<'_>, bytes: usize, at_once: bool) -> Result<Page> {
        let opened = self.opened()?;
        let moment = opened.db.snapshot()?;
        let listing = Listing {
            opened: &opened,
            moment: &moment,
            peer: query.peer.map(|peer| layout::peer_name(&opened.names, peer)),
            limit: query.limit,
            bytes,
            at_once,
        };
        let end = listing.end(query.before)?;
        let mut found = Found::default();
        if let Err(error) = listing.walk(end.as_ref(), &mut found) {
            if at_once || !error.is_damage() {
                return Err(error);
            }
            listing.go_around(end.as_ref(), &mut found)?;
            found.is_block_damaged = true;
        }
        let is_full = listing.is_full(&found);
        let Found { values, numbers, places, damaged, is_block_damaged, .. } = found;
        // Nobody knows all that was in a damaged block.
        let count = damaged.len().max(usize::from(is_block_damaged));
        let unreadable = if damaged.is_empty() { Vec::new() } else { listing.ids_of(&damaged)? };
        if count > 0 {
            self.metrics.lock().unreadable += count as u64;
            let (kind, ids) = (Kind::Message, unreadable.clone());
            self.options.tell(Event::Unreadable { kind, ids, count });
        }
        let cursor = places.last().filter(|_| is_full).map(|label| label.bytes().to_vec());
        Ok(Page { values, numbers, places, cursor, unreadable })
    }
}

struct Listing<'a> {
    opened: &'a Opened,
    moment: &'a Snapshot,
    peer: Option<Name>,
    limit: usize,
    /// When so many bytes were found it is enough.
    bytes: usize,
    /// Whether this may neither wait for a disk nor take long.
    at_once: bool,
}

type Message = Numbered<StoredMessage<Bytes>>;

#[derive(Default)]
struct Found {
    values: Vec<Bytes>,
    numbers: Vec<u64>,
    /// How large they are together.
    bytes: usize,
    /// Where they are.
    places: Vec<Label>,
    damaged: Vec<Label>,
    is_block_damaged: bool,
}

impl Listing<'_> {
    /// The label that everything asked for is below.
    fn end(&self, before: Option<Before<'_>>) -> Result<Option<Label>> {
        match before {
            None => Ok(None),
            Some(Before::Cursor(cursor)) => Label::from_bytes(cursor)
                .map(Some)
                .ok_or_else(|| Error::Invalid("no page gave this cursor".into())),
            Some(Before::Id(id)) => {
                let name = layout::name_of(&self.opened.names, Kind::Message, id);
                let place = layout::named(Kind::Message.ids(), &name);
                let sealed = self.get(&place)?;
                let plain = sealed.map(|it| self.opened.open(Kind::Message, &place, &it));
                let entry = plain.transpose()?.map(|it| decode_message_id(&it)).transpose()?;
                entry.map(|entry| Some(entry.label)).ok_or(Error::NotFound)
            }
            Some(Before::Time(time)) if time.is_nan() => {
                Err(Error::Invalid("a time is a number".into()))
            }
            Some(Before::Time(time)) => {
                let mut order = MessageOrder::at(self.opened, self.moment)?;
                match order.around(time, false) {
                    Ok((_, end)) => Ok(end),
                    Err(error) if error.is_damage() => self.end_around_damage(time),
                    Err(error) => Err(error),
                }
            }
        }
    }

    /// The first message of a time or later, of those that are known.
    fn end_around_damage(&self, time: f64) -> Result<Option<Label>> {
        let mut end = None;
        for label in known::all_messages(self.opened, self.moment)?.into_keys().rev() {
            match self.opened.message(&label, Some(self.moment)) {
                Ok(Some(message)) if message.time < time => break,
                Ok(Some(_)) => end = Some(label),
                Ok(None) => {}
                Err(error) if error.is_damage() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(end)
    }

    fn is_full(&self, found: &Found) -> bool {
        found.values.len() >= self.limit || found.bytes >= self.bytes
    }

    fn walk(&self, end: Option<&Label>, found: &mut Found) -> Result<()> {
        let mut cursor = self.cursor(end)?;
        while !self.is_full(found) && cursor.valid() {
            let label = match &self.peer {
                Some(_) => layout::label_of_peer_entry(cursor.key()),
                None => layout::label_of_message(cursor.key()),
            };
            let label = label.ok_or(Error::Unreadable(Kind::Message))?;
            let message = match &self.peer {
                Some(_) => self.message(&label),
                None => self.open(cursor.key(), cursor.value()).map(Some),
            };
            self.take(label, message, found)?;
            cursor.prev()?;
        }
        Ok(())
    }

    fn cursor(&self, end: Option<&Label>) -> Result<DbIterator> {
        let first = match &self.peer {
            Some(peer) => layout::named(space::BY_PEER, peer),
            None => vec![space::MESSAGES],
        };
        let range = match end {
            None => Range::prefix(&first),
            Some(label) => {
                let end = [&first, label.bytes()].concat();
                Range::between(first.as_slice()..end.as_slice())
            }
        };
        let range = if self.at_once { range.at_once(AT_ONCE_STEPS) } else { range };
        let mut cursor = self.opened.db.iter_at(self.moment, range.fill_cache(true))?;
        cursor.seek_to_last()?;
        Ok(cursor)
    }

    fn get(&self, place: &[u8]) -> Result<Option<Bytes>> {
        if !self.at_once {
            return Ok(self.opened.db.get_at(self.moment, place)?);
        }
        match self.opened.db.try_get_at(self.moment, place)? {
            CachedValue::Hit(sealed) => Ok(Some(sealed)),
            CachedValue::Absent => Ok(None),
            CachedValue::Unknown => Err(EngineError::WouldBlock.into()),
        }
    }

    fn message(&self, label: &Label) -> Result<Option<Message>> {
        let place = layout::message(label);
        if let Some(message) = self.opened.cache.get_at(&place, self.moment.sequence()) {
            return Ok(Some(message));
        }
        self.get(&place)?.map(|sealed| self.open(&place, &sealed)).transpose()
    }

    fn open(&self, place: &[u8], sealed: &[u8]) -> Result<Message> {
        let most = if self.at_once { AT_ONCE_BYTES } else { usize::MAX };
        match self.opened.open_message_up_to(most, place, sealed, Some(self.moment))? {
            Some(message) => Ok(message),
            None => Err(EngineError::WouldBlock.into()),
        }
    }

    fn take(
        &self,
        label: Label,
        message: Result<Option<Message>>,
        found: &mut Found,
    ) -> Result<()> {
        match message {
            Ok(Some(Numbered { number, value: message })) if self.is_asked_for(&message) => {
                found.bytes += message.value.len();
                if self.at_once && found.bytes > AT_ONCE_BYTES {
                    return Err(EngineError::WouldBlock.into());
                }
                found.values.push(message.value);
                found.numbers.push(number);
                found.places.push(label);
            }
            // An entry that leads nowhere, or to a message of others, is no message.
            Ok(_) => {}
            Err(error) if error.is_damage() && !self.at_once => found.damaged.push(label),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn is_asked_for(&self, message: &StoredMessage<Bytes>) -> bool {
        self.peer.is_none_or(|peer| message.peers().any(|other| other == peer))
    }

    /// Fills the page from what is known, from the place where the walk ended.
    fn go_around(&self, end: Option<&Label>, found: &mut Found) -> Result<()> {
        let reached = found.places.last().into_iter().chain(&found.damaged).min().cloned();
        let end = reached.as_ref().or(end);
        let labels = known::all_messages(self.opened, self.moment)?.into_keys().rev();
        for label in labels.filter(|label| end.is_none_or(|end| label < end)) {
            if self.is_full(found) {
                break;
            }
            let message = self.message(&label);
            self.take(label, message, found)?;
        }
        Ok(())
    }

    fn ids_of(&self, labels: &[Label]) -> Result<Vec<String>> {
        Ok(self.opened.ids_of_lost(self.moment, labels)?.into_iter().flatten().collect())
    }
}
