//! What the ids know: where things are, told by other blocks of the database than those in which
//! they stand. Where one of those is damaged, this leads around it.
//!
//! Read from both ends, so that a damaged block among the ids hides its own alone.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use sigil_leveldb::{DbIterator, Entries, Range, Snapshot};

use super::opened::{Opened, decode_message_id};
use crate::label::Label;
use crate::layout::{self, Kind};

/// The messages whose ids can be read.
pub(super) fn messages(opened: &Opened, moment: &Snapshot) -> BTreeMap<Label, String> {
    let mut known = BTreeMap::new();
    each(opened, moment, Kind::Message, |place, sealed| {
        let plain = opened.open(Kind::Message, place, sealed);
        if let Ok(entry) = plain.and_then(|plain| decode_message_id(&plain)) {
            known.insert(entry.label, entry.id);
        }
    });
    known
}

/// The places of the values of a kind.
pub(super) fn places(opened: &Opened, moment: &Snapshot, kind: Kind) -> BTreeSet<Vec<u8>> {
    if kind == Kind::Message {
        return messages(opened, moment).keys().map(layout::message).collect();
    }
    let mut places = BTreeSet::new();
    each(opened, moment, kind, |place, _| {
        places.extend(layout::name_in(place).map(|name| layout::named(kind.values(), &name)));
    });
    places
}

fn each(opened: &Opened, moment: &Snapshot, kind: Kind, mut take: impl FnMut(&[u8], &Bytes)) {
    let directions: [fn(DbIterator) -> Entries; 2] = [Entries::forward, Entries::backward];
    for direction in directions {
        let Ok(cursor) = opened.db.iter_at(moment, Range::prefix(&[kind.ids()])) else { return };
        let mut is_whole = true;
        for entry in direction(cursor) {
            match entry {
                Ok((place, sealed)) => take(&place, &sealed),
                Err(_) => is_whole = false,
            }
        }
        if is_whole {
            return;
        }
    }
}
