//! Everything that stands under a prefix, in its order, also where blocks of the database are
//! damaged.
//!
//! Behind damage the database shows what might be there: a record may have a newer version in the
//! damaged block, or may have been deleted there. So each record is asked for again from there on.

use bytes::Bytes;
use sigil_leveldb::{Entries, Range, Snapshot};

use super::opened::Opened;
use crate::error::{Error, Result};

/// Calls with each place and the sealed record in it, or why that cannot be read. Gives the first
/// damage to a block: what is in such a block alone is not seen.
pub(super) fn each(
    opened: &Opened,
    moment: &Snapshot,
    prefix: &[u8],
    mut take: impl FnMut(&[u8], Result<Bytes>) -> Result<()>,
) -> Result<Option<Error>> {
    let mut damage = None;
    let range = Range::prefix(prefix).past_damage(true);
    for entry in Entries::forward(opened.db.iter_at(moment, range)?) {
        let (place, seen) = match entry.map_err(Error::from) {
            Ok(entry) => entry,
            Err(error) if error.is_damage() => {
                damage.get_or_insert(error);
                continue;
            }
            Err(error) => return Err(error),
        };
        let sealed = match damage {
            None => Ok(Some(seen)),
            Some(_) => opened.db.get_at(moment, &place).map_err(Error::from),
        };
        match sealed {
            Ok(Some(sealed)) => take(&place, Ok(sealed))?,
            Ok(None) => {}
            Err(error) if error.is_damage() => take(&place, Err(error))?,
            Err(error) => return Err(error),
        }
    }
    Ok(damage)
}
