//! Listing sessions, proofs or peers.
//!
//! Ids and values stand apart, so whichever of the two is damaged, the other tells of it: an id
//! without its value is reported, a value without its id brings its own.

use std::collections::BTreeMap;

use bytes::Bytes;
use sigil_leveldb::Snapshot;

use super::each::each;
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
        each(opened, moment, &[kind.values()], |place, sealed| {
            if let Some(name) = layout::name_in(place) {
                names.insert(name, self.take(opened, kind, place, sealed));
            }
            Ok(())
        })?;
        Ok(names)
    }

    /// Whether the item can be read.
    fn take(&mut self, opened: &Opened, kind: Kind, place: &[u8], sealed: Result<Bytes>) -> bool {
        let plain = sealed.and_then(|sealed| opened.open(kind, place, &sealed));
        let item = plain.ok().and_then(|plain| Item::decode(&plain));
        let is_readable = item.is_some();
        self.found.extend(item.map(|item| (item.id, item.value)));
        is_readable
    }

    fn read_ids(
        &mut self,
        opened: &Opened,
        moment: &Snapshot,
        kind: Kind,
        names: &mut Names,
    ) -> Result<()> {
        each(opened, moment, &[kind.ids()], |place, sealed| {
            let Some(name) = layout::name_in(place) else { return Ok(()) };
            // Of what has no value that was read there may be one in a damaged block.
            if names.insert(name, true) != Some(true) {
                let id = sealed.and_then(|sealed| opened.open(kind, place, &sealed));
                match id.map(|id| String::from_utf8(id.into())) {
                    Ok(Ok(id)) => self.unreadable.push(id),
                    _ => self.nameless += 1,
                }
            }
            Ok(())
        })?;
        self.nameless += names.values().filter(|is_told| !**is_told).count();
        self.unreadable.sort_unstable();
        Ok(())
    }
}
