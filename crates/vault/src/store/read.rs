//! Reading one thing.

use bytes::Bytes;
use sigil_leveldb::Cached as CachedValue;

use super::Store;
use super::opened::{Opened, decode_message_id};
use crate::error::{Error, Result};
use crate::label::Label;
use crate::layout::{self, Kind};
use crate::names::Name;
use crate::record::Item;

/// How often a message is looked for that is moved all the time.
const ATTEMPTS: usize = 100;

/// What a look into memory found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cached {
    /// A value.
    Hit(Bytes),
    /// There is none, certainly.
    Absent,
    /// The disk would have to be asked.
    Unknown,
}

/// What a database has under a key; none where it would have to wait for the answer.
type Get<'a> = &'a dyn Fn(&[u8]) -> Result<Option<Option<Bytes>>>;

impl Store {
    /// The value of a message, a session, a proof or a peer.
    ///
    /// # Errors
    ///
    /// [`Error::Unreadable`] where it is there and was damaged.
    pub fn get(&self, kind: Kind, id: &str) -> Result<Option<Bytes>> {
        let opened = self.inner.opened()?;
        match find(&opened, kind, id, &|key| Ok(Some(opened.db.get(key)?)))? {
            Cached::Hit(value) => Ok(Some(value)),
            _ => Ok(None),
        }
    }

    /// The value if memory has it: this never waits for a disk.
    pub fn get_if_cached(&self, kind: Kind, id: &str) -> Result<Cached> {
        let opened = self.inner.opened()?;
        find(&opened, kind, id, &|key| {
            Ok(match opened.db.try_get(key)? {
                CachedValue::Hit(value) => Some(Some(value)),
                CachedValue::Absent => Some(None),
                CachedValue::Unknown => None,
            })
        })
    }
}

fn find(opened: &Opened, kind: Kind, id: &str, get: Get<'_>) -> Result<Cached> {
    let name = layout::name_of(&opened.names, kind, id);
    if kind == Kind::Message {
        return find_message(opened, &name, get);
    }
    let place = layout::named(kind.values(), &name);
    let Some(found) = get(&place)? else { return Ok(Cached::Unknown) };
    // A value that went missing beside its id shows in `verify`; here it might be being removed.
    let Some(sealed) = found else { return Ok(Cached::Absent) };
    let item = Item::decode(&opened.open(kind, &place, &sealed)?).filter(|item| item.id == id);
    item.map(|item| Cached::Hit(item.value)).ok_or(Error::Unreadable(kind))
}

fn find_message(opened: &Opened, name: &Name, get: Get<'_>) -> Result<Cached> {
    if let Some(label) = opened.found_before.get(name)
        && let Ok(Cached::Hit(value)) = message_at(opened, name, &label, get)
    {
        return Ok(Cached::Hit(value));
    }
    let entry = layout::named(Kind::Message.ids(), name);
    let mut before = None;
    for _ in 0..ATTEMPTS {
        let Some(found) = get(&entry)? else { return Ok(Cached::Unknown) };
        let Some(sealed) = found else { return Ok(Cached::Absent) };
        let label = decode_message_id(&opened.open(Kind::Message, &entry, &sealed)?)?.label;
        match message_at(opened, name, &label, get)? {
            Cached::Absent => {}
            found => {
                opened.found_before.insert(name, &label);
                return Ok(found);
            }
        }
        // Moved or removed between the two reads, unless the entry says the same again.
        if before.as_ref() == Some(&label) {
            break;
        }
        before = Some(label);
    }
    Err(Error::Unreadable(Kind::Message))
}

/// The message with an id, if it is the one at a place.
fn message_at(opened: &Opened, id: &Name, label: &Label, get: Get<'_>) -> Result<Cached> {
    let place = layout::message(label);
    let Some(found) = get(&place)? else { return Ok(Cached::Unknown) };
    let Some(sealed) = found else { return Ok(Cached::Absent) };
    let message = opened.open_message(&place, &sealed)?;
    Ok(if message.id == *id { Cached::Hit(message.value) } else { Cached::Absent })
}
