//! What is chosen, from versions drawn by hand.

use super::*;
use crate::internal_key::{ValueKind, encode, pack_tag};
use crate::version::builder::VersionBuilder;
use crate::version::edit::{NewFile, VersionEdit};
use crate::version::file::Trash;

const MIB: u64 = 1 << 20;

pub(in crate::compaction) fn limits() -> Limits {
    Limits {
        level1_bytes: 10 * MIB,
        target_file_size: 2 * MIB,
        oldest_snapshot: 1_000,
        erase_before: 500,
        is_short_of_room: false,
    }
}

/// A version of files given as level, number, size and the user keys of their range. Of two that
/// share a key the one with the smaller number has the newer entries.
pub(in crate::compaction) fn version(files: &[(usize, u64, u64, &str, &str)]) -> Arc<Version> {
    let key = |user: &str, sequence| encode(user.as_bytes(), pack_tag(sequence, ValueKind::Value));
    let new_files = files.iter().map(|&(level, number, size, from, to)| {
        let newest = 1_000 - 10 * number;
        let (smallest, largest) = (key(from, newest), key(to, newest - 5));
        (level, NewFile { number, size, smallest, largest })
    });
    let edit = VersionEdit { new_files: new_files.collect(), ..VersionEdit::default() };
    let mut builder = VersionBuilder::new(&Version::default(), Arc::new(Trash::default()));
    builder.apply(&edit).unwrap();
    Arc::new(builder.build().unwrap())
}

pub(in crate::compaction) fn numbers(files: &[Arc<TableFile>]) -> Vec<u64> {
    files.iter().map(|file| file.number).collect()
}

fn statistics(
    version: &Version,
    number: u64,
    deletions: u64,
    oldest_deletion: u64,
    max_sequence: u64,
) {
    let file =
        version.all_files().map(|(_, file)| file).find(|file| file.number == number).unwrap();
    let entries = 100;
    file.set_statistics(Some(TableStatistics {
        entries,
        deletions,
        oldest_deletion,
        max_sequence,
        ..TableStatistics::default()
    }));
}

fn pick_first(version: &Arc<Version>) -> Option<Plan> {
    pick(version, &Default::default(), &limits())
}

#[test]
fn a_database_in_shape_is_left_alone() {
    assert!(pick_first(&version(&[])).is_none());
    let calm =
        version(&[(0, 9, MIB, "a", "z"), (1, 5, 9 * MIB, "a", "m"), (2, 3, 99 * MIB, "a", "z")]);
    assert!(pick_first(&calm).is_none());
}

#[test]
fn level_0_goes_down_with_all_that_overlaps_and_what_lies_below() {
    let version = version(&[
        (0, 14, MIB, "d", "f"),
        (0, 13, MIB, "b", "e"),
        (0, 12, MIB, "x", "z"),
        (0, 11, MIB, "a", "c"),
        (1, 5, MIB, "a", "b"),
        (1, 6, MIB, "f", "g"),
        (1, 7, MIB, "h", "i"),
    ]);
    let plan = pick_first(&version).unwrap();
    assert_eq!((plan.level, plan.output_level), (0, 1));
    assert_eq!(numbers(&plan.inputs), [14, 13, 11], "what overlaps the oldest, through others too");
    assert_eq!(numbers(&plan.next), [5, 6]);
    assert!(!plan.is_move(&limits()));
}

#[test]
fn a_level_that_is_too_large_hands_its_files_down_in_turn() {
    let files: Vec<_> = [("a", "b"), ("c", "d"), ("e", "f")]
        .iter()
        .zip(1..)
        .map(|(&(from, to), number)| (1, number, 4 * MIB, from, to))
        .collect();
    let version = version(&files);
    let mut pointers: [Vec<u8>; LEVELS] = Default::default();
    let mut turns = Vec::new();
    for _ in 0..4 {
        let plan = pick(&version, &pointers, &limits()).unwrap();
        assert!(plan.is_move(&limits()));
        pointers[1] = plan.inputs[0].largest.clone();
        turns.extend(numbers(&plan.inputs));
    }
    assert_eq!(turns, [1, 2, 3, 1]);
}

#[test]
fn a_move_that_would_make_a_later_compaction_dear_is_a_rewrite() {
    let mut files = vec![(1, 1, 11 * MIB, "a", "z")];
    files.extend([(3, 2, 15 * MIB, "a", "m"), (3, 3, 15 * MIB, "n", "z")]);
    let plan = pick_first(&version(&files)).unwrap();
    assert!(plan.next.is_empty() && !plan.is_move(&limits()));
}

#[test]
fn entries_of_one_key_that_are_split_over_files_go_together() {
    let version = version(&[(1, 1, 6 * MIB, "a", "k"), (1, 2, 6 * MIB, "l", "m")]);
    assert_eq!(numbers(&pick_first(&version).unwrap().inputs), [1]);
    let key = |sequence| encode(b"k", pack_tag(sequence, ValueKind::Value));
    let split =
        [(1, key(90), key(40)), (2, key(30), key(20))].map(|(number, smallest, largest)| {
            (1, NewFile { number, size: 6 * MIB, smallest, largest })
        });
    let edit = VersionEdit { new_files: split.to_vec(), ..VersionEdit::default() };
    let mut builder = VersionBuilder::new(&Version::default(), Arc::new(Trash::default()));
    builder.apply(&edit).unwrap();
    let plan = pick_first(&Arc::new(builder.build().unwrap())).unwrap();
    assert_eq!(numbers(&plan.inputs), [1, 2]);
}

#[test]
fn many_or_old_deletions_are_worth_a_compaction() {
    let layout = [(2, 1, MIB, "a", "f"), (2, 2, MIB, "g", "k"), (3, 3, MIB, "a", "z")];
    let few_and_young = version(&layout);
    statistics(&few_and_young, 1, 49, 900, 10);
    assert!(pick_first(&few_and_young).is_none());

    let many = version(&layout);
    statistics(&many, 2, 50, 900, 10);
    let plan = pick_first(&many).unwrap();
    assert_eq!((plan.level, numbers(&plan.inputs)), (2, vec![2]));
    assert!(!plan.is_move(&limits()), "moving would keep the deletions");

    let old = version(&layout);
    statistics(&old, 1, 1, 499, 10);
    assert_eq!(numbers(&pick_first(&old).unwrap().inputs), [1]);
}

#[test]
fn overdue_deletions_go_before_levels_that_are_too_large() {
    let busy = version(&[(1, 1, 99 * MIB, "a", "f"), (2, 2, MIB, "g", "k"), (3, 3, MIB, "a", "z")]);
    assert_eq!(numbers(&pick_first(&busy).unwrap().inputs), [1]);
    statistics(&busy, 2, 1, 499, 10);
    assert_eq!(numbers(&pick_first(&busy).unwrap().inputs), [2]);
}

#[test]
fn deletions_at_the_bottom_are_rewritten_where_they_are() {
    let bottom = version(&[(2, 1, MIB, "a", "f"), (3, 2, MIB, "g", "z")]);
    statistics(&bottom, 1, 60, 900, 10);
    let plan = pick_first(&bottom).unwrap();
    assert_eq!((plan.level, plan.output_level), (2, 2));
}

#[test]
fn deletions_that_a_snapshot_needs_are_not_rewritten_again_and_again() {
    let held = version(&[(2, 1, MIB, "a", "f")]);
    statistics(&held, 1, 60, 100, 1_001);
    assert!(pick_first(&held).is_none());
}

#[test]
fn a_range_is_compacted_in_steps_of_bounded_size() {
    let files: Vec<_> = ["a", "b", "c", "d", "e", "f"]
        .iter()
        .zip(1..)
        .map(|(&key, number)| (1, number, 3 * MIB, key, key))
        .collect();
    let version = version(&files);
    let step = pick_range(&version, 1, Some(b"b"), Some(b"z"), &limits(), u64::MAX).unwrap();
    assert_eq!(numbers(&step.inputs), [2, 3, 4]);
    assert!(pick_range(&version, 1, Some(b"x"), None, &limits(), u64::MAX).is_none());
    assert!(pick_range(&version, 2, None, None, &limits(), u64::MAX).is_none());
}

#[test]
fn a_file_of_level_0_goes_down_alone_with_what_it_overlaps_below() {
    let version = version(&[
        (0, 7, MIB, "a", "m"),
        (0, 8, MIB, "k", "z"),
        (1, 3, MIB, "b", "c"),
        (1, 4, MIB, "x", "z"),
    ]);
    let plan = Plan::alone(&version, 7).unwrap();
    assert_eq!((numbers(&plan.inputs), numbers(&plan.next)), (vec![7], vec![3]));
    assert!(Plan::alone(&version, 3).is_none(), "it is in another level");
}

#[test]
fn what_came_to_level_0_since_is_left_there() {
    let files = [(0, 7, MIB, "a", "m"), (0, 8, MIB, "n", "z")];
    let pick = |before| pick_range(&version(&files), 0, None, None, &limits(), before);
    assert_eq!(numbers(&pick(9).unwrap().inputs), [8, 7]);
    assert_eq!(numbers(&pick(8).unwrap().inputs), [7]);
    assert!(pick(7).is_none());
}
