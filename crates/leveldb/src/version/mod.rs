//! A version: which tables make up the database at one moment.
//!
//! Level 0 holds flushed memtables, whose key ranges overlap; the newest has the largest number.
//! In every deeper level ranges are disjoint and files sorted, and a level's entries are newer than
//! those of the levels below it. A version never changes: flushes and compactions make the next
//! one, and whoever reads holds on to the one it began with.

pub(crate) mod builder;
pub(crate) mod edit;
pub(crate) mod file;
pub(crate) mod manifest;
pub(crate) mod set;
pub(crate) mod table_cache;

use std::sync::Arc;

use crate::error::Result;
use crate::format::LEVELS;
use crate::internal_key;
use crate::lookup::Lookup;
use crate::table::{Hit, ReadMode};
use file::TableFile;
use table_cache::TableCache;

/// See the module's documentation.
#[derive(Debug, Clone, Default)]
pub(crate) struct Version {
    levels: [Vec<Arc<TableFile>>; LEVELS],
}

impl Version {
    /// `levels` must be as the module describes; [`builder`] checks that.
    fn new(levels: [Vec<Arc<TableFile>>; LEVELS]) -> Self {
        Self { levels }
    }

    /// The files of a level: newest first in level 0, by key in the others.
    pub(crate) fn files(&self, level: usize) -> &[Arc<TableFile>] {
        self.levels.get(level).map_or(&[], Vec::as_slice)
    }

    /// All files with their levels.
    pub(crate) fn all_files(&self) -> impl Iterator<Item = (usize, &Arc<TableFile>)> {
        self.levels
            .iter()
            .enumerate()
            .flat_map(|(level, files)| files.iter().map(move |file| (level, file)))
    }

    /// Bytes of all files of a level.
    pub(crate) fn level_bytes(&self, level: usize) -> u64 {
        self.files(level).iter().map(|file| file.size).sum()
    }

    /// The entry that is looked for.
    pub(crate) fn get(
        &self,
        tables: &TableCache,
        lookup: &Lookup<'_>,
        mode: ReadMode,
    ) -> Result<Option<Hit>> {
        let user_key = lookup.user_key;
        let mut newest: Option<Hit> = None;
        for file in self.files(0) {
            if !file.overlaps(Some(user_key), Some(user_key)) {
                continue;
            }
            // Files of a flush are ordered, so the first hit decides; after a repair by other
            // software they need not be, so where it is not certain the sequence numbers do.
            if let (Some(found), Some(statistics)) = (&newest, file.statistics())
                && statistics.max_sequence < found.tag >> 8
            {
                continue;
            }
            let found = tables.table(file, mode)?.get(lookup, mode)?;
            if let Some(found) = found
                && newest.as_ref().is_none_or(|newest| found.tag > newest.tag)
            {
                newest = Some(found);
            }
        }
        if newest.is_some() {
            return Ok(newest);
        }
        for level in 1..LEVELS {
            for file in self.candidates(level, user_key) {
                let found = tables.table(file, mode)?.get(lookup, mode)?;
                if found.is_some() {
                    return Ok(found);
                }
            }
        }
        Ok(None)
    }

    /// The files of a sorted level whose range holds `user_key`: nearly always one or none. Other
    /// writers may split the entries of one key over neighbouring files; the newest come first.
    fn candidates(&self, level: usize, user_key: &[u8]) -> impl Iterator<Item = &Arc<TableFile>> {
        let files = self.files(level);
        let start = files.partition_point(|file| file.largest_user_key() < user_key);
        files
            .get(start..)
            .unwrap_or_default()
            .iter()
            .take_while(move |file| file.smallest_user_key() <= user_key)
    }

    /// The files of a level that can hold keys of the range, both ends included.
    pub(crate) fn overlapping(
        &self,
        level: usize,
        from: Option<&[u8]>,
        to: Option<&[u8]>,
    ) -> Vec<Arc<TableFile>> {
        self.files(level).iter().filter(|file| file.overlaps(from, to)).cloned().collect()
    }

    /// Whether any file of the level can hold keys of the range.
    pub(crate) fn overlaps(&self, level: usize, from: &[u8], to: &[u8]) -> bool {
        if level == 0 {
            return self.files(0).iter().any(|file| file.overlaps(Some(from), Some(to)));
        }
        let files = self.files(level);
        let start = files.partition_point(|file| file.largest_user_key() < from);
        files.get(start).is_some_and(|file| file.smallest_user_key() <= to)
    }

    /// Whether no file below `level` can hold an older entry of the key.
    pub(crate) fn is_bottom_for(&self, level: usize, user_key: &[u8]) -> bool {
        (level + 1..LEVELS).all(|deeper| !self.overlaps(deeper, user_key, user_key))
    }

    /// Bytes of table data before `user_key`, roughly.
    pub(crate) fn offset_of(&self, tables: &TableCache, user_key: &[u8]) -> Result<u64> {
        let target =
            internal_key::encode(user_key, internal_key::seek_tag(internal_key::MAX_SEQUENCE));
        let mut offset = 0;
        for (_, file) in self.all_files() {
            if internal_key::compare(&file.largest, &target).is_le() {
                offset += file.size;
            } else if internal_key::compare(&file.smallest, &target).is_lt() {
                offset += tables.table(file, ReadMode::Any)?.approximate_offset(&target);
            }
        }
        Ok(offset)
    }
}
