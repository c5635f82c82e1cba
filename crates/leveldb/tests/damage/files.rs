//! Whole files vanish, are emptied, filled with something else, made longer, or take the place of
//! others.

use std::path::Path;

use sigil_leveldb::FileKind;
use sigil_leveldb::env::Env;

use crate::check::{Outcome, exercise};
use crate::guard::watched;
use crate::random::noise;
use crate::sample::{Sample, State};

fn holds_no_data(path: &Path) -> bool {
    matches!(FileKind::of(path), FileKind::Lock | FileKind::InfoLog | FileKind::Reserve)
}

/// What must be there if this is now in the place of a file. Of a log that has nothing but zeros
/// nobody can know that it had more.
fn expected<'a>(sample: &'a Sample, path: &Path, bytes: &[u8]) -> &'a State {
    if path == sample.newest_log && bytes.iter().all(|&byte| byte == 0) {
        &sample.states[0]
    } else {
        sample.newest_state()
    }
}

/// Puts something in the place of each file in turn. It is noticed, unless the file has no data or
/// `excused` says so.
fn replace(
    what: &str,
    replacement: impl Fn(&[u8]) -> Vec<u8>,
    excused: impl Fn(&Sample, &Path) -> bool,
) {
    for sample in Sample::all() {
        for (path, bytes) in sample.files() {
            let bytes_now = replacement(&bytes);
            let env = sample.with(&path, &bytes_now);
            let outcome = watched(format!("{} {what}", path.display()), || {
                exercise(&sample, &env, expected(&sample, &path, &bytes_now))
            });
            let excused = bytes_now == bytes || holds_no_data(&path) || excused(&sample, &path);
            assert!(excused || outcome.is_noticed(), "{}: {what}", path.display());
        }
    }
}

/// A log that was cut, and one that was made longer before anything was written there.
fn is_newest_log(sample: &Sample, path: &Path) -> bool {
    path == sample.newest_log
}

#[test]
fn that_vanish() {
    for sample in Sample::all() {
        for (path, bytes) in sample.files() {
            let env = sample.env.deep_clone();
            env.remove(&path).unwrap();
            let outcome = watched(format!("{} removed", path.display()), || {
                exercise(&sample, &env, expected(&sample, &path, &[]))
            });
            let may_be_missed =
                bytes.is_empty() || holds_no_data(&path) || path == sample.newest_log;
            let refused = matches!(outcome, Outcome::Refused(_));
            assert!(refused || may_be_missed, "{}: {outcome:?}", path.display());
            // A database that lost its newest log, as one does that was copied without it, is one.
            let stays_open = path == sample.newest_log;
            assert!(!stays_open || !outcome.is_noticed(), "{outcome:?}");
        }
    }
}

#[test]
fn that_are_emptied_or_overwritten() {
    replace("emptied", |_| Vec::new(), is_newest_log);
    replace("zeroed", |bytes| vec![0; bytes.len()], is_newest_log);
    for seed in 1..40 {
        replace("overwritten", |bytes| noise(seed, bytes.len()), |_, _| false);
    }
}

#[test]
fn that_grow() {
    let ends_as_it_likes = |_: &Sample, path: &Path| {
        matches!(FileKind::of(path), FileKind::Log(_) | FileKind::Manifest(_))
    };
    for length in [1, 6, 7, 8, 100, 5_000] {
        replace("with zeros", |bytes| [bytes, &vec![0; length]].concat(), ends_as_it_likes);
        for seed in 1..10 {
            let grown = |bytes: &[u8]| [bytes, &noise(seed, length)].concat();
            replace("with noise", grown, ends_as_it_likes);
        }
    }
}

#[test]
fn that_change_places() {
    for sample in Sample::all() {
        let files = sample.files();
        for (index, (first, first_bytes)) in files.iter().enumerate() {
            for (second, second_bytes) in files.iter().skip(index + 1) {
                let env = sample.with(first, second_bytes);
                env.write_file(second, &first_bytes[..]).unwrap();
                watched(format!("{} and {}", first.display(), second.display()), || {
                    let other =
                        if *second == sample.newest_log { first_bytes } else { second_bytes };
                    let newest =
                        [first, second].into_iter().find(|path| **path == sample.newest_log);
                    let state = newest
                        .map_or(sample.newest_state(), |newest| expected(&sample, newest, other));
                    exercise(&sample, &env, state);
                });
            }
        }
    }
}
