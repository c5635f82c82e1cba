//! Counting what there is. What is in a damaged block is counted by what the ids know of it.

use sigil_leveldb::Snapshot;

use super::each::each;
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
    let damage = each(opened, moment, &[kind.values()], |_, _| {
        count += 1;
        Ok(())
    })?;
    if damage.is_some() {
        count = known::all_places(opened, moment, kind)?.len() as u64;
    }
    Ok((count, damage))
}
