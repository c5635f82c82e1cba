//! From a version and edits to the next version, with the invariants checked: what a manifest
//! says is only believed if the result is a possible database.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::Version;
use super::edit::VersionEdit;
use super::file::{TableFile, Trash};
use crate::error::CorruptionKind;
use crate::format::LEVELS;
use crate::internal_key;

/// Gathers edits upon a base version.
pub(crate) struct VersionBuilder {
    levels: [BTreeMap<u64, Arc<TableFile>>; LEVELS],
    trash: Arc<Trash>,
}

impl VersionBuilder {
    pub(crate) fn new(base: &Version, trash: Arc<Trash>) -> Self {
        let mut levels: [BTreeMap<u64, Arc<TableFile>>; LEVELS] = Default::default();
        for (level, file) in base.all_files() {
            if let Some(files) = levels.get_mut(level) {
                files.insert(file.number, Arc::clone(file));
            }
        }
        Self { levels, trash }
    }

    /// Applies an edit. Removing a file that is not there, or adding one that is, is a
    /// contradiction.
    pub(crate) fn apply(&mut self, edit: &VersionEdit) -> Result<(), CorruptionKind> {
        let mut removed: BTreeMap<u64, Arc<TableFile>> = BTreeMap::new();
        for (level, number) in &edit.deleted_files {
            let files = self.levels.get_mut(*level).ok_or(CorruptionKind::Inconsistent)?;
            let file = files.remove(number).ok_or(CorruptionKind::Inconsistent)?;
            removed.insert(*number, file);
        }
        for (level, new) in &edit.new_files {
            // A file that moves to another level stays the same object, so that nobody takes the
            // dropping of its old place for the end of the file.
            let file = removed.remove(&new.number).unwrap_or_else(|| {
                let (smallest, largest) = (new.smallest.clone(), new.largest.clone());
                Arc::new(TableFile::new(
                    new.number,
                    new.size,
                    smallest,
                    largest,
                    Arc::clone(&self.trash),
                ))
            });
            let files = self.levels.get_mut(*level).ok_or(CorruptionKind::Inconsistent)?;
            if files.insert(new.number, file).is_some() {
                return Err(CorruptionKind::Inconsistent);
            }
        }
        Ok(())
    }

    /// The version, if its levels are sorted and disjoint and no file stands in two of them.
    pub(crate) fn build(self) -> Result<Version, CorruptionKind> {
        let mut levels: [Vec<Arc<TableFile>>; LEVELS] = Default::default();
        let mut numbers = HashSet::new();
        for (level, (files, sorted)) in self.levels.into_iter().zip(&mut levels).enumerate() {
            sorted.extend(files.into_values());
            if level == 0 {
                sorted.reverse();
            } else {
                sorted.sort_by(|a, b| internal_key::compare(&a.smallest, &b.smallest));
            }
            let ordered = sorted
                .iter()
                .all(|file| internal_key::compare(&file.smallest, &file.largest).is_le());
            let disjoint = level == 0
                || sorted
                    .is_sorted_by(|a, b| internal_key::compare(&a.largest, &b.smallest).is_lt());
            if !ordered || !disjoint || !sorted.iter().all(|file| numbers.insert(file.number)) {
                return Err(CorruptionKind::Inconsistent);
            }
        }
        Ok(Version::new(levels))
    }
}

#[cfg(test)]
mod tests;
