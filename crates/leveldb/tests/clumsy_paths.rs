//! Paths that cannot be a database: each gives an error that names what is the matter, and what
//! stands there stays as it is. A `LOCK` that opening would make counts as a change too.

// What a test calls is a test as well.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use sigil_leveldb::{CorruptionKind, Db, Error, Options, destroy, inspect, repair};
use tempfile::TempDir;

/// The error of every way to open the place, which leaves everything below `root` as it was.
fn refused(root: &Path, place: &Path, is_expected: impl Fn(&Error) -> bool) {
    let before = tree(root);
    for create_if_missing in [true, false] {
        for read_only in [true, false] {
            let options = Options { create_if_missing, read_only, ..Options::default() };
            let error = Db::open(place, options.clone()).unwrap_err();
            assert!(is_expected(&error), "{options:?}: {error}");
        }
    }
    assert_eq!(tree(root), before);
}

/// Everything below a directory, with the content of files.
fn tree(root: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(tree(&path));
            found.insert(path, None);
        } else {
            let content = fs::read(&path).unwrap();
            found.insert(path, Some(content));
        }
    }
    found
}

fn with_current(content: &str) -> (TempDir, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("CURRENT");
    fs::write(&path, content).unwrap();
    (root, path)
}

/// Whether the error is one of the system, and about exactly this path.
fn is_io(error: &Error, at: &Path, expected: ErrorKind) -> bool {
    matches!(error, Error::Io { path, source, .. } if path == at && source.kind() == expected)
}

fn is_corruption(error: &Error, at: &Path, expected: CorruptionKind) -> bool {
    matches!(error, Error::Corruption { path, kind, .. } if path == at && *kind == expected)
}

#[cfg(unix)]
#[test]
fn a_file_is_no_directory() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file");
    fs::write(&file, "mine").unwrap();
    for place in [file.clone(), file.join("below")] {
        refused(root.path(), &place, |error| is_io(error, &place, ErrorKind::NotADirectory));
        for outcome in [
            destroy(&place, &Options::default()),
            repair(&place, &Options::default()).map(drop),
            inspect(&place, &Options::default()).map(drop),
        ] {
            assert!(is_io(&outcome.unwrap_err(), &place, ErrorKind::NotADirectory));
        }
    }
    assert_eq!(fs::read(&file).unwrap(), b"mine");
}

#[cfg(unix)]
#[test]
fn directories_where_files_should_be() {
    for name in ["CURRENT", "MANIFEST-000007"] {
        let (root, current) = with_current("MANIFEST-000007\n");
        if name == "CURRENT" {
            fs::remove_file(&current).unwrap();
        }
        let path = root.path().join(name);
        fs::create_dir(&path).unwrap();
        refused(root.path(), root.path(), |error| is_io(error, &path, ErrorKind::IsADirectory));
    }
    let root = tempfile::tempdir().unwrap();
    let lock = root.path().join("LOCK");
    fs::create_dir(&lock).unwrap();
    let options = Options { create_if_missing: true, ..Options::default() };
    let error = Db::open(root.path(), options).unwrap_err();
    assert!(is_io(&error, &lock, ErrorKind::IsADirectory), "{error}");
    assert_eq!(tree(root.path()).len(), 1);
}

#[test]
fn a_current_that_names_nothing() {
    for content in ["", "\n", "MANIFEST-000007", "../MANIFEST-000007\n", "000007.ldb\n", "\0\n"] {
        let (root, current) = with_current(content);
        refused(root.path(), root.path(), |error| {
            is_corruption(error, &current, CorruptionKind::BadMagic)
        });
    }
    let (root, current) = with_current(&"x".repeat(1_000));
    refused(root.path(), root.path(), |error| {
        is_corruption(error, &current, CorruptionKind::WrongSize)
    });
    let (root, _) = with_current("MANIFEST-000007\n");
    let missing = root.path().join("MANIFEST-000007");
    refused(root.path(), root.path(), |error| {
        is_corruption(error, &missing, CorruptionKind::MissingFile)
    });
}

#[test]
fn data_without_current() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("000005.ldb"), "a table").unwrap();
    let current = root.path().join("CURRENT");
    refused(root.path(), root.path(), |error| {
        is_corruption(error, &current, CorruptionKind::MissingFile)
    });
}

#[test]
fn directories_above_are_made_only_where_that_is_asked_for() {
    let root = tempfile::tempdir().unwrap();
    let place = root.path().join("not/there");
    for read_only in [true, false] {
        for create_if_missing in [true, false] {
            if create_if_missing && !read_only {
                continue;
            }
            let options = Options { create_if_missing, read_only, ..Options::default() };
            let error = Db::open(&place, options).unwrap_err();
            assert!(matches!(&error, Error::DoesNotExist { path } if *path == place), "{error}");
        }
    }
    assert!(tree(root.path()).is_empty());
    let options = Options { create_if_missing: true, ..Options::default() };
    Db::open(&place, options).unwrap().close().unwrap();
    assert!(place.join("CURRENT").is_file());
}

#[test]
fn a_path_with_a_nul_byte() {
    let root = tempfile::tempdir().unwrap();
    let place = root.path().join("nul\0byte");
    refused(
        root.path(),
        &place,
        |error| matches!(error, Error::InvalidArgument(what) if what.contains("NUL")),
    );
}

/// A file number from which one could not count on: files with larger ones are not recognised, and
/// writes in them would be gone at the next opening.
#[test]
fn a_number_that_leaves_none_for_others() {
    let root = tempfile::tempdir().unwrap();
    let options = Options { create_if_missing: true, ..Options::default() };
    Db::open(root.path(), options.clone()).unwrap().close().unwrap();
    let stray = root.path().join(format!("{}.ldb", u64::MAX / 2));
    fs::write(&stray, "").unwrap();
    let before = tree(root.path());
    let error = Db::open(root.path(), options.clone()).unwrap_err();
    assert!(matches!(error, Error::Unsupported(_)), "{error}");
    assert_eq!(tree(root.path()), before);
    fs::remove_file(stray).unwrap();
    Db::open(root.path(), options).unwrap();
}

#[test]
fn an_error_says_that_this_process_holds_the_lock() {
    let root = tempfile::tempdir().unwrap();
    let options = Options { create_if_missing: true, ..Options::default() };
    let _holder = Db::open(root.path(), options.clone()).unwrap();
    let message = Db::open(root.path(), options).unwrap_err().to_string();
    let expected = format!("is held by process {} (this process)", std::process::id());
    assert!(message.ends_with(&expected), "{message}");
    let other = Error::Locked { path: "LOCK".into(), holder: Some(std::process::id() + 1) };
    assert!(!other.to_string().contains("this process"));
}
