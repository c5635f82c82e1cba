//! Does everything with a damaged database, and compares what it says with what it should hold.

use std::collections::BTreeSet;
use std::path::PathBuf;

use sigil_leveldb::env::MemoryEnv;
use sigil_leveldb::{Db, DbIterator, Entries, Error, FileKind, Options, Range, Result};

use crate::sample::{DIRECTORY, Sample, State, files, options};

/// What came of a damaged database.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It was not opened.
    Refused(Error),
    /// It was opened, and these errors were met.
    Opened(Vec<Error>),
}

impl Outcome {
    pub(crate) fn errors(&self) -> &[Error] {
        match self {
            Self::Refused(error) => std::slice::from_ref(error),
            Self::Opened(errors) => errors,
        }
    }

    pub(crate) fn is_noticed(&self) -> bool {
        !self.errors().is_empty()
    }
}

/// Opens, reads, verifies, compacts, reads, closes, opens and reads. Everything that is not an
/// error must be as in `expected`.
pub(crate) fn exercise(sample: &Sample, env: &MemoryEnv, expected: &State) -> Outcome {
    exercise_with(sample, env, expected, options(env.clone()))
}

pub(crate) fn exercise_with(
    sample: &Sample,
    env: &MemoryEnv,
    expected: &State,
    options: Options,
) -> Outcome {
    let before = data_files(env);
    let db = match Db::open(DIRECTORY, options.clone()) {
        Ok(db) => db,
        Err(error) => {
            assert!(error.is_corruption(), "{error}");
            assert!(before == data_files(env), "an opening that failed changed files");
            return Outcome::Refused(error);
        }
    };
    let mut errors = read_all(&db, &sample.keys, expected);
    let verified = db.verify().unwrap();
    if verified.is_whole() {
        assert!(errors.is_empty(), "verify overlooked {errors:?}");
    }
    errors.extend(verified.damages);
    errors.extend(db.compact_range(None, None).err());
    errors.extend(read_all(&db, &sample.keys, expected));
    errors.extend(db.close().err());
    drop(db);
    match Db::open(DIRECTORY, options) {
        Ok(db) => errors.extend(read_all(&db, &sample.keys, expected)),
        Err(error) => errors.push(error),
    }
    assert!(errors.iter().all(Error::is_corruption), "{errors:?}");
    Outcome::Opened(errors)
}

/// Reads everything in every way, and gives the errors.
pub(crate) fn read_all(db: &Db, keys: &[Vec<u8>], expected: &State) -> Vec<Error> {
    let mut errors = Vec::new();
    for key in keys {
        match db.get(key) {
            Ok(value) => {
                let right = expected.get(key).map(Vec::as_slice);
                assert!(value.as_deref() == right, "{}: wrong value", key.escape_ascii());
            }
            Err(error) => errors.push(error),
        }
    }
    let right = expected.iter().map(|(key, value)| (key.as_slice(), value.as_slice()));
    errors.extend(compare(db.iter(Range::all()).map(Entries::forward), right.clone()));
    errors.extend(compare(db.iter(Range::all()).map(Entries::backward), right.rev()));
    for direction in [Entries::forward, Entries::backward] {
        errors.extend(gather(db, direction, keys, expected));
    }
    errors
}

/// A scan past damage gives what is right up to the first error, and every key that can be read.
fn gather(
    db: &Db,
    direction: fn(DbIterator) -> Entries,
    keys: &[Vec<u8>],
    expected: &State,
) -> Vec<Error> {
    let (mut errors, mut gathered) = (Vec::new(), BTreeSet::new());
    for entry in direction(db.iter(Range::all().past_damage(true)).unwrap()) {
        match entry {
            Ok((key, value)) => {
                let right = expected.get(&key).map(Vec::as_slice);
                assert!(!errors.is_empty() || right == Some(&*value), "a scan is wrong");
                assert!(gathered.insert(key), "a key is given twice");
            }
            Err(error) => errors.push(error),
        }
        assert!(gathered.len() + errors.len() < 1_000, "a scan does not end");
    }
    for key in keys {
        if let Ok(Some(_)) = db.get(key) {
            assert!(gathered.contains(key), "{}: left out", key.escape_ascii());
        }
    }
    errors
}

/// A scan gives all that is right, or what is right up to an error.
fn compare<'a>(
    scan: Result<Entries>,
    mut right: impl Iterator<Item = (&'a [u8], &'a [u8])>,
) -> Option<Error> {
    let scan = match scan {
        Ok(scan) => scan,
        Err(error) => return Some(error),
    };
    for entry in scan {
        match entry {
            Ok((key, value)) => {
                assert!(right.next() == Some((&*key, &*value)), "a scan is wrong");
            }
            Err(error) => return Some(error),
        }
    }
    assert!(right.next().is_none(), "a scan ends early");
    None
}

/// The files that an opening that fails leaves alone.
fn data_files(env: &MemoryEnv) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = files(env);
    files.retain(|(path, _)| !matches!(FileKind::of(path), FileKind::Lock | FileKind::InfoLog));
    files
}
