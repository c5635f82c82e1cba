//! What to compact: a pure choice, from a version and a few limits.
//!
//! A level that outgrew its size hands a file down; level 0 counts files instead of bytes, since
//! each of them costs every read a look. Where sizes are fine, tables are chosen by what they waste:
//! those in which deletions are many, and those whose deletions are older than the bound within
//! which deleted data has to be gone.

use std::sync::Arc;

use crate::format::LEVELS;
use crate::internal_key::{self, SequenceNumber};
use crate::table::TableStatistics;
use crate::version::Version;
use crate::version::file::TableFile;

/// Files in level 0 that make a compaction worth it.
const LEVEL0_TRIGGER: usize = 4;

/// How much larger each level may be than the one above it.
pub(crate) const LEVEL_FACTOR: u64 = 10;

/// An output stops when it overlaps this many target sizes of the level after its own, so that
/// compacting it later stays cheap.
const GRANDPARENT_FACTOR: u64 = 10;

/// A table in which at least this share of the entries are deletions is compacted for that alone.
const DELETIONS_SHARE: f64 = 0.5;

/// What the choice depends on besides the version.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// Bytes that level 1 may have.
    pub(crate) level1_bytes: u64,
    pub(crate) target_file_size: u64,
    /// Entries at or below this number are read by no snapshot once they are replaced.
    pub(crate) oldest_snapshot: SequenceNumber,
    /// Deletions made before this time, in seconds since 1970, are overdue.
    pub(crate) erase_before: u64,
    /// The disk is full: a compaction should need little room.
    pub(crate) is_short_of_room: bool,
}

/// Files to merge, and where the result goes.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) level: usize,
    /// Files of `level`.
    pub(crate) inputs: Vec<Arc<TableFile>>,
    pub(crate) output_level: usize,
    /// Files of `output_level` that overlap the inputs; empty when the inputs are rewritten where
    /// they are.
    pub(crate) next: Vec<Arc<TableFile>>,
    /// Files of the level after `output_level` that overlap the inputs.
    pub(crate) grandparents: Vec<Arc<TableFile>>,
    /// Entries are to be dropped: moving the file unread is not enough.
    pub(crate) rewrite: bool,
    /// Only keys behind this one are merged,
    pub(crate) after: Option<Vec<u8>>,
    /// and up to this one. What the inputs have behind it is for later parts, so they stay.
    pub(crate) up_to: Option<Vec<u8>>,
    pub(crate) version: Arc<Version>,
}

impl Plan {
    /// A plan for files of a level, together with everything that has to go along.
    fn new(
        version: &Arc<Version>,
        level: usize,
        seed: Vec<Arc<TableFile>>,
        rewrite: bool,
    ) -> Option<Self> {
        Self::of(version, level, with_overlapping(version, level, seed), rewrite)
    }

    /// A plan for a file of level 0 that overlaps no older one there: it may sink below the others.
    pub(crate) fn alone(version: &Arc<Version>, number: u64) -> Option<Self> {
        let file = version.files(0).iter().find(|file| file.number == number)?;
        Self::of(version, 0, vec![Arc::clone(file)], true)
    }

    fn of(
        version: &Arc<Version>,
        level: usize,
        inputs: Vec<Arc<TableFile>>,
        rewrite: bool,
    ) -> Option<Self> {
        let (from, to) = user_range(&inputs)?;
        let output_level = level + 1;
        let next = with_overlapping(
            version,
            output_level,
            version.overlapping(output_level, Some(&from), Some(&to)),
        );
        let (all_from, all_to) = match user_range(&next) {
            Some((low, high)) => (low.min(from), high.max(to)),
            None => (from, to),
        };
        let grandparents = version.overlapping(output_level + 1, Some(&all_from), Some(&all_to));
        let version = Arc::clone(version);
        let (after, up_to) = (None, None);
        Some(Self {
            level,
            inputs,
            output_level,
            next,
            grandparents,
            rewrite,
            after,
            up_to,
            version,
        })
    }

    /// A plan that rewrites a file in its own level.
    fn in_place(version: &Arc<Version>, level: usize, file: &Arc<TableFile>) -> Self {
        Self {
            level,
            inputs: with_overlapping(version, level, vec![Arc::clone(file)]),
            output_level: level,
            next: Vec::new(),
            grandparents: Vec::new(),
            rewrite: true,
            after: None,
            up_to: None,
            version: Arc::clone(version),
        }
    }

    /// Whether the single input can change its level without being read.
    pub(crate) fn is_move(&self, limits: &Limits) -> bool {
        let overlap: u64 = self.grandparents.iter().map(|file| file.size).sum();
        !self.rewrite
            && self.inputs.len() == 1
            && self.next.is_empty()
            && overlap <= GRANDPARENT_FACTOR * limits.target_file_size
    }

    /// All input files with their levels.
    pub(crate) fn all_inputs(&self) -> impl Iterator<Item = (usize, &Arc<TableFile>)> {
        let upper = self.inputs.iter().map(|file| (self.level, file));
        upper.chain(self.next.iter().map(|file| (self.output_level, file)))
    }

    /// The files that the outputs replace, with their levels.
    pub(crate) fn replaced(&self) -> impl Iterator<Item = (usize, &Arc<TableFile>)> {
        self.all_inputs().filter(|(level, _)| self.up_to.is_none() || *level != self.level)
    }

    /// The bytes of the level after the output that one output may overlap.
    pub(crate) fn grandparent_limit(limits: &Limits) -> u64 {
        GRANDPARENT_FACTOR * limits.target_file_size
    }
}

/// The most urgent compaction, if any is worth it. `pointers` says where each level's last one
/// ended, so that all of a level gets its turn.
pub(crate) fn pick(
    version: &Arc<Version>,
    pointers: &[Vec<u8>; LEVELS],
    limits: &Limits,
) -> Option<Plan> {
    // Overdue deletions first: a load that keeps levels too large must not keep them for ever.
    let overdue = |statistics: &TableStatistics| statistics.oldest_deletion < limits.erase_before;
    if let Some(plan) = pick_deletions(version, limits, overdue) {
        return Some(plan);
    }
    let by_size = (0..LEVELS - 1)
        .map(|level| (level, score(version, level, limits)))
        .filter(|&(_, score)| score >= 1.0)
        .max_by(|a, b| a.1.total_cmp(&b.1));
    if let Some((level, _)) = by_size {
        let seed = after_pointer(version, level, pointers.get(level).map_or(&[], Vec::as_slice));
        return Plan::new(version, level, vec![seed?], false);
    }
    pick_deletions(version, limits, |statistics| {
        statistics.deletions as f64 >= DELETIONS_SHARE * statistics.entries as f64
    })
}

/// How far a level is beyond its size; 1 and more is too far.
fn score(version: &Version, level: usize, limits: &Limits) -> f64 {
    if level == 0 {
        return version.files(0).len() as f64 / LEVEL0_TRIGGER as f64;
    }
    let allowed = limits.level1_bytes as f64 * (LEVEL_FACTOR as f64).powi(level as i32 - 1);
    version.level_bytes(level) as f64 / allowed
}

fn after_pointer(version: &Version, level: usize, pointer: &[u8]) -> Option<Arc<TableFile>> {
    let files = version.files(level);
    if level == 0 {
        // The oldest: everything that overlaps it joins anyway.
        return files.last().cloned();
    }
    let after = files.iter().find(|file| internal_key::compare(&file.largest, pointer).is_gt());
    after.or_else(|| files.first()).cloned()
}

/// A compaction of a table whose deletions are `worth_it`.
fn pick_deletions(
    version: &Arc<Version>,
    limits: &Limits,
    worth_it: impl Fn(&TableStatistics) -> bool,
) -> Option<Plan> {
    let (level, file) = version.all_files().find(|(_, file)| {
        file.statistics().is_some_and(|statistics| {
            statistics.deletions > 0
                && worth_it(statistics)
                // Rewriting what a snapshot still reads would drop nothing, again and again.
                && statistics.max_sequence <= limits.oldest_snapshot
        })
    })?;
    let (from, to) = (file.smallest_user_key(), file.largest_user_key());
    let is_bottom = (level + 1..LEVELS).all(|deeper| !version.overlaps(deeper, from, to));
    if level > 0 && is_bottom {
        return Some(Plan::in_place(version, level, file));
    }
    Plan::new(version, level, vec![Arc::clone(file)], true)
}

/// The next step of compacting a range by hand at `level`: the files there that overlap it, no
/// more than a few targets' worth at a time, or one where room is short. `from` is where to go on; in
/// level 0 there is no order to go by, and those numbered below `before` are what there is to do.
pub(crate) fn pick_range(
    version: &Arc<Version>,
    level: usize,
    from: Option<&[u8]>,
    to: Option<&[u8]>,
    limits: &Limits,
    before: u64,
) -> Option<Plan> {
    let mut seed = version.overlapping(level, from, to);
    if level == 0 {
        seed.retain(|file| file.number < before);
    } else {
        let mut bytes = 0;
        let most = if limits.is_short_of_room { 1 } else { 4 * limits.target_file_size };
        let fitting = seed.iter().take_while(|file| {
            let fits = bytes < most;
            bytes += file.size;
            fits
        });
        let count = fitting.count();
        seed.truncate(count);
    }
    (!seed.is_empty()).then(|| Plan::new(version, level, seed, true)).flatten()
}

/// A file of the range in the deepest level that may still have deletions which can go, among those
/// numbered below `before`: what a rewrite has made is not looked at again.
pub(crate) fn pick_leftover(
    version: &Arc<Version>,
    level: usize,
    from: Option<&[u8]>,
    to: Option<&[u8]>,
    limits: &Limits,
    before: u64,
) -> Option<Plan> {
    let file = version.files(level).iter().find(|file| {
        let worth_it = file.statistics().is_none_or(|statistics| {
            statistics.deletions > 0 && statistics.max_sequence <= limits.oldest_snapshot
        });
        worth_it && file.number < before && file.overlaps(from, to)
    })?;
    Some(Plan::in_place(version, level, file))
}

/// `seed` and every file of the level that shares a key range with it, directly or through others.
/// In level 0 that keeps newer entries from sinking below older ones; in the others it keeps the
/// entries of one key together, which other writers may have split over two files.
fn with_overlapping(
    version: &Version,
    level: usize,
    seed: Vec<Arc<TableFile>>,
) -> Vec<Arc<TableFile>> {
    let mut chosen = seed;
    while let Some((from, to)) = user_range(&chosen) {
        let grown = version.overlapping(level, Some(&from), Some(&to));
        if grown.len() <= chosen.len() {
            break;
        }
        chosen = grown;
    }
    chosen
}

/// The smallest and largest user key of files; `None` where there are none.
fn user_range(files: &[Arc<TableFile>]) -> Option<(Vec<u8>, Vec<u8>)> {
    let from = files.iter().map(|file| file.smallest_user_key()).min()?;
    let to = files.iter().map(|file| file.largest_user_key()).max()?;
    Some((from.to_vec(), to.to_vec()))
}

#[cfg(test)]
pub(super) mod tests;
