//! A database stays where it was opened, wherever the process goes. A relative path that was looked
//! up anew for each file would, after a change of the working directory, name the files of another
//! database and write over them, past its lock.
//!
//! The working directory belongs to the whole process, so only one test here may change it.

use sigil_leveldb::{Db, Durability, Error, Options, destroy, inspect, repair};

fn options() -> Options {
    Options { create_if_missing: true, ..Options::default() }
}

#[test]
fn a_relative_path_means_one_directory_for_good() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::env::set_current_dir(one.path()).unwrap();
    let first = Db::open("db", options()).unwrap();
    let second = Db::open(two.path().join("db"), options()).unwrap();
    first.put(b"whose", b"first", Durability::Sync).unwrap();
    second.put(b"whose", b"second", Durability::Sync).unwrap();

    std::env::set_current_dir(two.path()).unwrap();
    for db in [&first, &second] {
        db.put(b"more", b"value", Durability::Sync).unwrap();
        db.flush().unwrap();
        db.compact_range(None, None).unwrap();
    }
    first.checkpoint("copy").unwrap();
    first.close().unwrap();
    second.close().unwrap();

    for (directory, name) in [(one.path(), "first"), (two.path(), "second")] {
        let db = Db::open(directory.join("db"), options()).unwrap();
        assert_eq!(db.get(b"whose").unwrap().as_deref(), Some(name.as_bytes()));
        assert!(db.verify().unwrap().is_whole());
    }
    assert!(two.path().join("copy/CURRENT").exists());
}

#[test]
fn an_empty_path_is_no_directory() {
    let refused = |outcome: Result<(), Error>| {
        assert!(matches!(outcome, Err(Error::InvalidArgument(_))));
    };
    refused(Db::open("", options()).map(drop));
    refused(repair("", &options()).map(drop));
    refused(inspect("", &options()).map(drop));
    refused(destroy("", &options()));
}
