//! Counting what there is. Where a block is damaged, what stands behind it is counted by what can be
//! reached from the other end and by what the ids know.

use sigil_leveldb::{DbIterator, Entries, Range, Snapshot};

use super::known;
use super::opened::Opened;
use crate::error::{Error, Result};
use crate::layout::Kind;
use crate::record::Counters;

/// Counts everything anew; what else is in the counters stays. Gives what stood in the way.
pub(super) fn all(
    opened: &Opened,
    moment: &Snapshot,
    counters: &mut Counters,
) -> Result<Option<Error>> {
    let mut damage = None;
    for kind in [Kind::Message, Kind::Session, Kind::Proof, Kind::Peer] {
        let (count, found) = of_kind(opened, moment, kind)?;
        *counters.of(kind) = count;
        damage = damage.or(found);
    }
    Ok(damage)
}

fn of_kind(opened: &Opened, moment: &Snapshot, kind: Kind) -> Result<(u64, Option<Error>)> {
    let mut count = 0;
    let Some(damage) = each(opened, moment, kind, Entries::forward, |_| count += 1)? else {
        return Ok((count, None));
    };
    let mut places = known::places(opened, moment, kind);
    for direction in [Entries::forward, Entries::backward] {
        each(opened, moment, kind, direction, |place| {
            places.insert(place);
        })?;
    }
    Ok((places.len() as u64, Some(damage)))
}

/// Calls with the places of a kind until a damaged block, which is given.
fn each(
    opened: &Opened,
    moment: &Snapshot,
    kind: Kind,
    direction: fn(DbIterator) -> Entries,
    mut take: impl FnMut(Vec<u8>),
) -> Result<Option<Error>> {
    let cursor = opened.db.iter_at(moment, Range::prefix(&[kind.values()]))?;
    for key in direction(cursor).keys() {
        match key.map_err(Error::from) {
            Ok(place) => take(place.to_vec()),
            Err(error) if error.is_damage() => return Ok(Some(error)),
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}
