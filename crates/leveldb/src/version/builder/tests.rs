//! Only edits that lead from a possible database to a possible database are accepted.

use super::*;
use crate::internal_key::{ValueKind, encode, pack_tag};
use crate::version::edit::NewFile;

fn file(number: u64, from: &str, to: &str) -> NewFile {
    let key = |user: &str| encode(user.as_bytes(), pack_tag(7, ValueKind::Value));
    NewFile { number, size: 1, smallest: key(from), largest: key(to) }
}

fn adding(files: &[(usize, NewFile)]) -> VersionEdit {
    VersionEdit { new_files: files.to_vec(), ..VersionEdit::default() }
}

fn after(
    base: &Version,
    trash: &Arc<Trash>,
    edit: &VersionEdit,
) -> Result<Version, CorruptionKind> {
    let mut builder = VersionBuilder::new(base, Arc::clone(trash));
    builder.apply(edit)?;
    builder.build()
}

fn numbers(version: &Version, level: usize) -> Vec<u64> {
    version.files(level).iter().map(|file| file.number).collect()
}

#[test]
fn level_0_is_newest_first_and_the_others_are_sorted_by_key() {
    let edit = adding(&[
        (0, file(3, "a", "z")),
        (0, file(9, "b", "c")),
        (1, file(8, "m", "p")),
        (1, file(5, "q", "z")),
        (1, file(7, "a", "l")),
    ]);
    let version = after(&Version::default(), &Arc::default(), &edit).unwrap();
    assert_eq!(numbers(&version, 0), [9, 3]);
    assert_eq!(numbers(&version, 1), [7, 8, 5]);
}

#[test]
fn contradictions_are_refused() {
    let base =
        after(&Version::default(), &Arc::default(), &adding(&[(1, file(1, "a", "f"))])).unwrap();
    let refused = |edit: VersionEdit| {
        assert_eq!(after(&base, &Arc::default(), &edit).err(), Some(CorruptionKind::Inconsistent));
    };
    refused(adding(&[(1, file(2, "f", "k"))]));
    refused(adding(&[(1, file(2, "k", "g"))]));
    refused(adding(&[(1, file(1, "x", "z"))]));
    refused(adding(&[(2, file(1, "x", "z"))]));
    refused(VersionEdit { deleted_files: vec![(1, 2)], ..VersionEdit::default() });
    refused(VersionEdit { deleted_files: vec![(2, 1)], ..VersionEdit::default() });
}

#[test]
fn a_file_that_moves_stays_the_same_and_one_that_goes_is_trash_once_nobody_holds_it() {
    let trash = Arc::new(Trash::default());
    let base = after(&Version::default(), &trash, &adding(&[(1, file(1, "a", "f"))])).unwrap();
    let moving = VersionEdit { deleted_files: vec![(1, 1)], ..adding(&[(2, file(1, "a", "f"))]) };
    let moved = after(&base, &trash, &moving).unwrap();
    assert!(Arc::ptr_eq(&base.files(1)[0], &moved.files(2)[0]));

    let gone = VersionEdit { deleted_files: vec![(2, 1)], ..VersionEdit::default() };
    let empty = after(&moved, &trash, &gone).unwrap();
    moved.files(2)[0].mark_obsolete();
    drop((base, empty));
    assert!(trash.take().is_empty(), "a version still holds it");
    drop(moved);
    assert_eq!(trash.take(), [1]);
}
