//! A plan in parts, for a disk that is full.
//!
//! A compaction writes all of its tables before those that it merged go, so it needs as much room
//! as what is left of them. In parts it needs little more than one table: each part merges one
//! table of the output level with what the inputs have of its keys, and takes its place at once.
//!
//! The inputs themselves stay until the last part. Meanwhile what was merged stands in two levels.
//! Readers do not notice: they look into the upper level first, and it hides what it hid before.
//!
//! Every part is an edit of the manifest, with its sync; so with room, there is one part only.

use std::collections::VecDeque;
use std::sync::Arc;

use super::plan::Plan;
use crate::version::Version;
use crate::version::file::TableFile;

/// The parts of a plan that are not done yet. Holds no version, or tables that were replaced would
/// not go before the last part.
pub(crate) struct Parts {
    level: usize,
    inputs: Vec<Arc<TableFile>>,
    output_level: usize,
    grandparents: Vec<Arc<TableFile>>,
    rewrite: bool,
    /// The tables of the output level, in order; those that share a key together.
    groups: VecDeque<Vec<Arc<TableFile>>>,
    /// The last key of the part before.
    after: Option<Vec<u8>>,
    ended: bool,
}

impl Parts {
    pub(crate) fn of(plan: Plan) -> Self {
        let Plan { level, inputs, output_level, next, grandparents, rewrite, after, .. } = plan;
        let groups = groups(next);
        Self { level, inputs, output_level, grandparents, rewrite, groups, after, ended: false }
    }

    /// The next part, to be carried out on `version`.
    pub(crate) fn next(&mut self, version: Arc<Version>) -> Option<Plan> {
        if self.ended {
            return None;
        }
        let next = self.groups.pop_front().unwrap_or_default();
        let up_to = next.last().map(|file| file.largest_user_key().to_vec());
        let goes_on = |up_to: &Vec<u8>| {
            !self.groups.is_empty()
                || self.inputs.iter().any(|file| file.largest_user_key() > up_to.as_slice())
        };
        let up_to = up_to.filter(goes_on);
        self.ended = up_to.is_none();
        Some(Plan {
            level: self.level,
            inputs: self.inputs.clone(),
            output_level: self.output_level,
            next,
            grandparents: self.grandparents.clone(),
            rewrite: self.rewrite,
            after: std::mem::replace(&mut self.after, up_to.clone()),
            up_to,
            version,
        })
    }
}

fn groups(files: Vec<Arc<TableFile>>) -> VecDeque<Vec<Arc<TableFile>>> {
    let mut groups: VecDeque<Vec<Arc<TableFile>>> = VecDeque::new();
    for file in files {
        match groups.back_mut() {
            Some(group) if shares_a_key(group, &file) => group.push(file),
            _ => groups.push_back(vec![file]),
        }
    }
    groups
}

/// Other writers may split the entries of one key over two tables.
fn shares_a_key(group: &[Arc<TableFile>], file: &TableFile) -> bool {
    group.last().is_some_and(|last| last.largest_user_key() >= file.smallest_user_key())
}

#[cfg(test)]
mod tests {
    use super::super::plan::tests::{limits, numbers, version};
    use super::super::plan::{Plan, pick_range};
    use super::*;

    const MIB: u64 = 1 << 20;

    type Bounds = (Option<&'static str>, Option<&'static str>);

    /// What each part merges of the output level and replaces, and its bounds.
    fn parts_of(files: &[(usize, u64, u64, &str, &str)]) -> Vec<(Vec<u64>, Vec<u64>, Bounds)> {
        let version = version(files);
        let plan = pick_range(&version, 1, None, None, &limits(), u64::MAX).unwrap();
        let mut parts = Parts::of(plan);
        let bound = |key: &Option<Vec<u8>>| -> Option<&'static str> {
            key.as_ref().map(|key| &*String::from_utf8(key.clone()).unwrap().leak())
        };
        let describe = |part: Plan| {
            assert_eq!(numbers(&part.inputs), [1]);
            let replaced = part.replaced().map(|(_, file)| file.number).collect();
            (numbers(&part.next), replaced, (bound(&part.after), bound(&part.up_to)))
        };
        std::iter::from_fn(|| parts.next(Arc::clone(&version))).map(describe).collect()
    }

    #[test]
    fn each_table_of_the_output_level_is_a_part_and_the_inputs_go_with_the_last() {
        let input = (1, 1, MIB, "a", "z");
        let parts = parts_of(&[input, (2, 2, MIB, "b", "f"), (2, 3, MIB, "h", "k")]);
        assert_eq!(
            parts,
            [
                (vec![2], vec![2], (None, Some("f"))),
                (vec![3], vec![3], (Some("f"), Some("k"))),
                (vec![], vec![1], (Some("k"), None)),
            ]
        );
        assert_eq!(parts_of(&[input]), [(vec![], vec![1], (None, None))]);
    }

    #[test]
    fn the_last_table_is_in_the_last_part_where_nothing_lies_behind_it() {
        let parts =
            parts_of(&[(1, 1, MIB, "a", "k"), (2, 2, MIB, "b", "f"), (2, 3, MIB, "h", "k")]);
        assert_eq!(
            parts,
            [(vec![2], vec![2], (None, Some("f"))), (vec![3], vec![1, 3], (Some("f"), None)),]
        );
    }

    #[test]
    fn tables_that_share_a_key_stay_together() {
        let parts = parts_of(&[
            (1, 1, MIB, "a", "z"),
            (2, 2, MIB, "b", "f"),
            (2, 3, MIB, "f", "k"),
            (2, 4, MIB, "l", "z"),
        ]);
        assert_eq!(
            parts,
            [(vec![2, 3], vec![2, 3], (None, Some("k"))), (vec![4], vec![1, 4], (Some("k"), None)),]
        );
    }
}
