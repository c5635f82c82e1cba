//! The oldest file of level 0 alone, for a disk that has no room for a compaction of all of them.
//!
//! Files of level 0 that overlap go down together, since a newer entry must not sink below an older
//! one. The oldest may go alone, if it is the oldest: its number does not tell. The repair of C++ LevelDB
//! puts tables into level 0 whose numbers are not in the order of their entries. So the entries are asked.

use std::sync::Arc;

use crate::db::core::Core;
use crate::error::{CorruptionKind, Error, Result};
use crate::internal_key::{self, SequenceNumber};
use crate::iterator::InternalIterator;
use crate::table::ReadMode;
use crate::version::file::TableFile;

/// The number of the file that may go down alone, of files of level 0, newest first.
pub(crate) fn candidate(core: &Core, inputs: &[Arc<TableFile>]) -> Result<Option<u64>> {
    let [newer @ .., oldest] = inputs else { return Ok(None) };
    if newer.is_empty() {
        return Ok(None);
    }
    let Some((_, last)) = sequences(core, oldest)? else { return Ok(None) };
    for file in newer {
        if sequences(core, file)?.is_some_and(|(first, _)| first <= last) {
            return Ok(None);
        }
    }
    Ok(Some(oldest.number))
}

/// The smallest and the largest sequence number in a table.
fn sequences(
    core: &Core,
    file: &Arc<TableFile>,
) -> Result<Option<(SequenceNumber, SequenceNumber)>> {
    let mut entries = core.tables.table(file, ReadMode::Any)?.iter(false);
    let mut range: Option<(SequenceNumber, SequenceNumber)> = None;
    entries.seek_to_first()?;
    while entries.valid() {
        core.check_open()?;
        let Some(entry) = internal_key::parse(entries.key()) else {
            return Err(Error::corruption(&core.directory, None, CorruptionKind::BadKey));
        };
        let (first, last) = range.unwrap_or((entry.sequence, entry.sequence));
        range = Some((first.min(entry.sequence), last.max(entry.sequence)));
        entries.next()?;
    }
    Ok(range)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Db;
    use crate::env::MemoryEnv;
    use crate::options::{Durability, Options};

    #[test]
    fn the_oldest_is_the_one_whose_entries_are() {
        let env = Arc::new(MemoryEnv::new());
        let options = Options { create_if_missing: true, env, ..Options::default() };
        let db = Db::open("/db", options).unwrap();
        for value in 0..5_u8 {
            db.put(b"key", &[value], Durability::Process).unwrap();
            db.flush().unwrap();
        }
        let core = &db.handle.core;
        let files = core.view.load().version.files(0).to_vec();
        let [newest, .., oldest] = files.as_slice() else { panic!("{files:?}") };
        let pair = |newer: &Arc<TableFile>, older: &Arc<TableFile>| {
            candidate(core, &[Arc::clone(newer), Arc::clone(older)]).unwrap()
        };
        assert_eq!(pair(newest, oldest), Some(oldest.number));
        // As the repair of C++ LevelDB can leave them.
        assert_eq!(pair(oldest, newest), None);
        assert_eq!(candidate(core, std::slice::from_ref(oldest)).unwrap(), None);
    }
}
