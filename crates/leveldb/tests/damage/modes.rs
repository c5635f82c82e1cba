//! The same damage, met by those who open the database in other ways: read-only, with all tables
//! read before anything else, and salvaging what is left of the logs.

use std::collections::BTreeSet;
use std::path::Path;

use sigil_leveldb::env::MemoryEnv;
use sigil_leveldb::{Db, Entries, FileKind, LogRecovery, Options, Range};

use crate::check::{Outcome, exercise_with, read_all};
use crate::guard::watched;
use crate::is_long;
use crate::sample::{DIRECTORY, Sample, files, options};

/// Changes some of the bytes of each file, and cuts the file there.
fn damage_some(
    sample: &Sample,
    step: usize,
    wanted: impl Fn(&Path) -> bool,
    case: impl Fn(&Path, usize, &MemoryEnv, &MemoryEnv),
) {
    let step = if is_long() { step.div_ceil(10) } else { step };
    for (path, bytes) in sample.files().iter().filter(|(path, _)| wanted(path)) {
        for at in (0..bytes.len()).step_by(step) {
            let mut flipped = bytes.clone();
            flipped[at] ^= 0x10;
            let (flipped, cut) = (sample.with(path, &flipped), sample.with(path, &bytes[..at]));
            watched(format!("{} damaged at {at}", path.display()), || {
                case(path, at, &flipped, &cut);
            });
        }
    }
}

fn is_data(path: &Path) -> bool {
    !matches!(FileKind::of(path), FileKind::Lock | FileKind::InfoLog | FileKind::Reserve)
}

#[test]
fn a_follower_reads_the_right_data_and_changes_nothing() {
    let sample = Sample::with_two_logs();
    let read = |env: &MemoryEnv, state| {
        let before = files(env);
        let options = Options { read_only: true, ..options(env.clone()) };
        let errors = match Db::open(DIRECTORY, options) {
            Ok(db) => read_all(&db, &sample.keys, state),
            Err(error) => vec![error],
        };
        assert!(before == files(env));
        assert!(errors.iter().all(|error| error.is_corruption()), "{errors:?}");
        !errors.is_empty()
    };
    // Refusing takes a follower a while: the writer might be between two steps.
    damage_some(&sample, 1_499, is_data, |path, at, flipped, cut| {
        assert!(read(flipped, sample.newest_state()));
        if path == sample.newest_log {
            assert!(!read(cut, sample.state_of_cut(at as u64)));
        } else {
            assert!(read(cut, sample.newest_state()));
        }
    });
}

#[test]
fn a_paranoid_opening_refuses_and_changes_nothing() {
    let sample = Sample::with_one_log();
    damage_some(&sample, 37, is_data, |_, _, flipped, _| {
        let paranoid = Options { paranoid_checks: true, ..options(flipped.clone()) };
        let outcome = exercise_with(&sample, flipped, sample.newest_state(), paranoid);
        assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
    });
}

#[test]
fn salvaging_invents_nothing_and_says_what_it_lost() {
    let sample = Sample::with_one_log();
    let known: BTreeSet<_> = sample.states.iter().flatten().collect();
    let logged =
        |key: &[u8]| sample.states.iter().any(|state| state.get(key) != sample.states[0].get(key));
    damage_some(
        &sample,
        97,
        |path| path == sample.newest_log,
        |_, _, flipped, _| {
            let options = options(flipped.clone());
            let salvage = Options { log_recovery: LogRecovery::Salvage, ..options.clone() };
            let db = Db::open(DIRECTORY, salvage).unwrap();
            assert!(!db.recovery_report().losses.is_empty());
            let salvaged = entries(&db);
            for (key, value) in &salvaged {
                assert!(known.contains(&(key, value)), "{} is wrong", key.escape_ascii());
            }
            for key in sample.keys.iter().filter(|key| !logged(key)) {
                let right = sample.newest_state().get(key).map(Vec::as_slice);
                assert_eq!(db.get(key).unwrap().as_deref(), right);
            }
            drop(db);
            // What was salvaged is whole from now on.
            let db = Db::open(DIRECTORY, options).unwrap();
            assert_eq!(entries(&db), salvaged);
            assert!(db.verify().unwrap().is_whole());
        },
    );
}

fn entries(db: &Db) -> Vec<(Vec<u8>, Vec<u8>)> {
    let entries = Entries::forward(db.iter(Range::all()).unwrap());
    entries.map(|entry| entry.map(|(key, value)| (key, value.into())).unwrap()).collect()
}
