//! Where things are, as far as that can be told: by what stands there, and by the ids, which are in
//! other blocks of the database. Where one of those is damaged, this leads around it.

use std::collections::{BTreeMap, BTreeSet};

use sigil_leveldb::Snapshot;

use super::each::each;
use super::opened::{Opened, decode_message_id};
use crate::error::Result;
use crate::label::Label;
use crate::layout::{self, Kind};

/// The messages, with their ids where those can be read.
pub(super) type Messages = BTreeMap<Label, Option<String>>;

/// The messages that are known.
pub(super) fn all_messages(opened: &Opened, moment: &Snapshot) -> Result<Messages> {
    let mut known = BTreeMap::new();
    each(opened, moment, &[Kind::Message.values()], |place, _| {
        known.extend(layout::label_of_message(place).map(|label| (label, None)));
        Ok(())
    })?;
    each(opened, moment, &[Kind::Message.ids()], |place, sealed| {
        let plain = sealed.and_then(|sealed| opened.open(Kind::Message, place, &sealed));
        if let Ok(entry) = plain.and_then(|plain| decode_message_id(&plain)) {
            known.insert(entry.label, entry.id);
        }
        Ok(())
    })?;
    Ok(known)
}

/// The places of the values of a kind that are known.
pub(super) fn all_places(
    opened: &Opened,
    moment: &Snapshot,
    kind: Kind,
) -> Result<BTreeSet<Vec<u8>>> {
    if kind == Kind::Message {
        return Ok(all_messages(opened, moment)?.keys().map(layout::message).collect());
    }
    let mut places = BTreeSet::new();
    for space in [kind.values(), kind.ids()] {
        each(opened, moment, &[space], |place, _| {
            let name = layout::name_in(place);
            places.extend(name.map(|name| layout::named(kind.values(), &name)));
            Ok(())
        })?;
    }
    Ok(places)
}
