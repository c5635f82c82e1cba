//! Every byte of every file is changed in turn.

use std::path::Path;

use sigil_leveldb::{Error, FileKind};

use crate::check::{Outcome, exercise};
use crate::guard::watched;
use crate::is_long;
use crate::sample::Sample;

fn changes() -> &'static [u8] {
    if is_long() { &[0xff, 1, 2, 4, 8, 16, 32, 64, 128] } else { &[0xff] }
}

/// Changes every byte of the files that are wanted, and gives what came of each to `judge`.
fn flip(
    sample: &Sample,
    wanted: impl Fn(FileKind) -> bool,
    judge: impl Fn(&Path, usize, &Outcome),
) {
    let mut cases = 0;
    for (path, bytes) in sample.files().iter().filter(|(path, _)| wanted(FileKind::of(path))) {
        for at in sample.offsets(path, bytes.len()) {
            for change in changes() {
                let mut damaged = bytes.clone();
                damaged[at] ^= change;
                let env = sample.with(path, &damaged);
                watched(format!("{} at {at} ^ {change:#x}", path.display()), || {
                    judge(path, at, &exercise(sample, &env, sample.newest_state()));
                });
                cases += 1;
            }
        }
    }
    assert!(cases > 0);
}

/// Whether an error names the file.
fn names(error: &Error, damaged: &Path) -> bool {
    matches!(error, Error::Corruption { path, .. } if path == damaged)
}

#[test]
fn of_tables() {
    let sample = Sample::with_one_log();
    let is_table = |kind| matches!(kind, FileKind::Table(_));
    assert_eq!(sample.files().iter().filter(|(path, _)| is_table(FileKind::of(path))).count(), 5);
    flip(&sample, is_table, |path, _, outcome| {
        assert!(outcome.is_noticed(), "a changed byte was not noticed");
        assert!(outcome.errors().iter().all(|error| names(error, path)), "{outcome:?}");
    });
}

#[test]
fn of_a_single_log() {
    let sample = Sample::with_one_log();
    let is_log = |kind| matches!(kind, FileKind::Log(_));
    flip(&sample, is_log, |path, _, outcome| {
        assert!(outcome.is_noticed(), "a changed byte was not noticed");
        assert!(outcome.errors().iter().all(|error| names(error, path)), "{outcome:?}");
    });
}

#[test]
fn of_two_logs() {
    let sample = Sample::with_two_logs();
    let is_log = |kind| matches!(kind, FileKind::Log(_));
    flip(&sample, is_log, |path, _, outcome| {
        assert!(outcome.is_noticed(), "a changed byte was not noticed");
        assert!(outcome.errors().iter().all(|error| names(error, path)), "{outcome:?}");
    });
}

#[test]
fn of_what_says_which_files_count() {
    for sample in Sample::all() {
        let wanted = |kind| matches!(kind, FileKind::Manifest(_) | FileKind::Current);
        flip(&sample, wanted, |_, _, outcome| {
            assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
        });
    }
}

#[test]
fn of_files_without_data() {
    let sample = Sample::with_one_log();
    let wanted = |kind| matches!(kind, FileKind::Lock | FileKind::InfoLog | FileKind::Reserve);
    flip(&sample, wanted, |_, _, outcome| assert!(!outcome.is_noticed(), "{outcome:?}"));
}
