//! Listing sessions, proofs or peers.
//!
//! Ids and values stand apart, so whichever of the two is damaged, the other tells of it: an id
//! without its value is reported, a value without its id brings its own.

use std::collections::BTreeMap;

use bytes::Bytes;
use sigil_leveldb::{Entries, Range, Snapshot};

use super::opened::Opened;
use super::{Inner, Store};
use crate::error::{Error, Result};
use crate::layout::{self, Kind};
use crate::names::Name;
use crate::options::Event;
use crate::record::Item;

/// All of one kind.
#[derive(Debug, Clone, Default)]
pub struct Items {
    /// Ids with their values, sorted by id.
    pub found: Vec<(String, Bytes)>,
    /// The ids of those that cannot be read.
    pub unreadable: Vec<String>,
}

impl Store {
    /// All sessions, proofs or peers, as of one moment.
    pub fn items(&self, kind: Kind) -> Result<Items> {
        self.inner.items(kind)
    }
}

impl Inner {
    fn items(&self, kind: Kind) -> Result<Items> {
        if kind == Kind::Message {
            return Err(Error::Invalid("a message is no item".into()));
        }
        let opened = self.opened()?;
        let moment = opened.db.snapshot()?;
        let mut gathered = Gathered::default();
        let mut names = gathered.read_values(&opened, &moment, kind)?;
        gathered.read_ids(&opened, &moment, kind, &mut names)?;
        let Gathered { found, unreadable, nameless } = gathered;
        let count = unreadable.len() + nameless;
        if count > 0 {
            self.metrics.lock().unreadable += count as u64;
            self.options.tell(Event::Unreadable { kind, ids: unreadable.clone(), count });
        }
        Ok(Items { found: found.into_iter().collect(), unreadable })
    }
}

#[derive(Default)]
struct Gathered {
    found: BTreeMap<String, Bytes>,
    unreadable: Vec<String>,
    /// Unreadable values whose ids cannot be read either.
    nameless: usize,
}

/// What became of the value under a name.
type Names = BTreeMap<Name, bool>;

impl Gathered {
    fn read_values(&mut self, opened: &Opened, moment: &Snapshot, kind: Kind) -> Result<Names> {
        let mut names = Names::new();
        let range = Range::prefix(&[kind.values()]);
        for entry in Entries::forward(opened.db.iter_at(moment, range)?) {
            let (place, sealed) = match entry.map_err(Error::from) {
                Ok(entry) => entry,
                // A damaged block ends the walk; the ids lead on.
                Err(error) if error.is_damage() => break,
                Err(error) => return Err(error),
            };
            let Some(name) = layout::name_in(&place) else { continue };
            names.insert(name, self.take(opened, kind, &place, &sealed));
        }
        Ok(names)
    }

    fn take(&mut self, opened: &Opened, kind: Kind, place: &[u8], sealed: &[u8]) -> bool {
        let item = opened.open(kind, place, sealed).ok().and_then(|plain| Item::decode(&plain));
        let is_readable = item.is_some();
        if let Some(item) = item {
            self.found.insert(item.id, item.value);
        }
        is_readable
    }

    fn read_ids(
        &mut self,
        opened: &Opened,
        moment: &Snapshot,
        kind: Kind,
        names: &mut Names,
    ) -> Result<()> {
        let range = Range::prefix(&[kind.ids()]);
        for entry in Entries::forward(opened.db.iter_at(moment, range)?) {
            let (place, sealed) = match entry.map_err(Error::from) {
                Ok(entry) => entry,
                Err(error) if error.is_damage() => break,
                Err(error) => return Err(error),
            };
            let Some(name) = layout::name_in(&place) else { continue };
            if names.get(&name) == Some(&true) {
                continue;
            }
            let value = layout::named(kind.values(), &name);
            let is_readable = match opened.db.get_at(moment, &value).map_err(Error::from) {
                Ok(Some(sealed)) => self.take(opened, kind, &value, &sealed),
                Ok(None) => false,
                Err(error) if error.is_damage() => false,
                Err(error) => return Err(error),
            };
            names.insert(name, true);
            if !is_readable {
                match opened
                    .open(kind, &place, &sealed)
                    .map(|plain| String::from_utf8(plain.into()))
                {
                    Ok(Ok(id)) => self.unreadable.push(id),
                    _ => self.nameless += 1,
                }
            }
        }
        self.nameless += names.values().filter(|is_told| !**is_told).count();
        self.unreadable.sort_unstable();
        Ok(())
    }
}
