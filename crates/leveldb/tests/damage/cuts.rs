//! Every file is cut at every length.

use sigil_leveldb::FileKind;

use crate::check::{Outcome, exercise};
use crate::guard::watched;
use crate::sample::Sample;

/// Cuts the files that are wanted. The newest log may end anywhere, and then what it has still is
/// there and nothing else is gone; to all others a cut is damage.
fn cut(sample: &Sample, wanted: impl Fn(FileKind) -> bool) {
    let mut cases = 0;
    for (path, bytes) in sample.files().iter().filter(|(path, _)| wanted(FileKind::of(path))) {
        let is_newest_log = *path == sample.newest_log;
        for length in sample.offsets(path, bytes.len()) {
            let env = sample.with(path, &bytes[..length]);
            watched(format!("{} cut to {length}", path.display()), || {
                if is_newest_log {
                    let outcome = exercise(sample, &env, sample.state_of_cut(length as u64));
                    assert!(!outcome.is_noticed(), "{outcome:?}");
                } else {
                    let outcome = exercise(sample, &env, sample.newest_state());
                    assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
                }
            });
            cases += 1;
        }
    }
    assert!(cases > 0);
}

#[test]
fn of_tables_and_what_names_them() {
    for sample in Sample::all() {
        cut(&sample, |kind| {
            matches!(kind, FileKind::Table(_) | FileKind::Manifest(_) | FileKind::Current)
        });
    }
}

#[test]
fn of_a_single_log() {
    cut(&Sample::with_one_log(), |kind| matches!(kind, FileKind::Log(_)));
}

#[test]
fn of_two_logs() {
    cut(&Sample::with_two_logs(), |kind| matches!(kind, FileKind::Log(_)));
}

#[test]
fn of_files_without_data() {
    let sample = Sample::with_one_log();
    for (path, bytes) in sample.files() {
        if matches!(FileKind::of(&path), FileKind::InfoLog | FileKind::Reserve) {
            for length in 0..bytes.len() {
                let env = sample.with(&path, &bytes[..length]);
                let outcome = watched(format!("{} cut to {length}", path.display()), || {
                    exercise(&sample, &env, sample.newest_state())
                });
                assert!(!outcome.is_noticed(), "{outcome:?}");
            }
        }
    }
}
