//! A directory that was moved or removed while a database is open in it: its name stays taken in this
//! process, and what another process puts in its place is left alone.

use std::fs;
use std::path::Path;

use sigil_leveldb::{Db, Durability, Error, Options, destroy, inspect, repair};

use crate::options;
use crate::peers::{Kind, Peer, put_part};

const WRITES: usize = 2_000;

fn small() -> Options {
    Options { write_buffer_size: 64 << 10, ..options() }
}

/// A database with a table and a log.
fn fill(directory: &Path) -> Db {
    let db = Db::open(directory, small()).unwrap();
    db.put(b"forgotten", b"in a table", Durability::Sync).unwrap();
    db.flush().unwrap();
    db.put(b"forgotten too", b"in a log", Durability::Sync).unwrap();
    db
}

fn is_moved(error: &Error) -> bool {
    matches!(error, Error::Moved { .. }) && error.to_string().contains("moved or removed")
}

#[test]
fn the_name_stays_taken_until_the_database_is_closed() {
    let above = tempfile::tempdir().unwrap();
    let (path, elsewhere) = (above.path().join("db"), above.path().join("elsewhere"));
    for is_removed in [true, false] {
        let forgotten = fill(&path);
        forgotten.check_place().unwrap();
        if is_removed {
            fs::remove_dir_all(&path).unwrap();
        } else {
            fs::rename(&path, &elsewhere).unwrap();
        }
        assert!(is_moved(&forgotten.check_place().unwrap_err()));
        for _ in 0..2 {
            assert!(is_moved(&Db::open(&path, options()).unwrap_err()));
        }
        // It is refused before it has made a lock file, and so not taken for a database.
        assert!(!path.join("LOCK").exists());
        fs::write(path.join("CURRENT"), "MANIFEST-000001\n").unwrap();
        assert!(is_moved(&destroy(&path, &options()).unwrap_err()));
        assert!(is_moved(&repair(&path, &options()).unwrap_err()));
        fs::write(path.join("LOCK"), "").unwrap();
        assert!(is_moved(&inspect(&path, &options()).unwrap_err()));
        fs::remove_dir_all(&path).unwrap();
        let moved = Db::open(&elsewhere, Options { create_if_missing: false, ..options() });
        if is_removed {
            assert!(matches!(moved, Err(Error::DoesNotExist { .. })));
        } else {
            let own = Some(std::process::id());
            assert!(matches!(moved, Err(Error::Locked { holder, .. }) if holder == own));
        }
        forgotten.close().unwrap();
        let next = Db::open(&path, Options { error_if_exists: true, ..options() }).unwrap();
        next.close().unwrap();
        fs::remove_dir_all(&path).unwrap();
    }
    let moved = Db::open(&elsewhere, options()).unwrap();
    assert_eq!(moved.get(b"forgotten").unwrap().unwrap(), "in a table");
    assert_eq!(moved.get(b"forgotten too").unwrap().unwrap(), "in a log");
}

#[test]
fn what_is_put_back_is_what_was_there() {
    let above = tempfile::tempdir().unwrap();
    let (path, elsewhere) = (above.path().join("db"), above.path().join("elsewhere"));
    let db = fill(&path);
    fs::rename(&path, &elsewhere).unwrap();
    assert!(db.flush().is_err());
    fs::rename(&elsewhere, &path).unwrap();
    db.check_place().unwrap();
    db.put(b"later", b"value", Durability::Sync).unwrap();
    db.flush().unwrap();
    assert_eq!(db.get(b"forgotten too").unwrap().unwrap(), "in a log");
}

#[test]
fn a_name_is_taken_by_whatever_way_it_is_reached() {
    let above = tempfile::tempdir().unwrap();
    let (path, link) = (above.path().join("db"), above.path().join("link"));
    fs::create_dir(&path).unwrap();
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let other = above.path().join("other");
    fs::create_dir(&other).unwrap();
    let forgotten = fill(&link);
    fs::remove_dir_all(&path).unwrap();
    fs::create_dir(&path).unwrap();
    for name in [&link, &path] {
        assert!(is_moved(&Db::open(name, options()).unwrap_err()));
    }
    // Another directory under the name that it was opened by is not its own either.
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(&other, &link).unwrap();
    let next = fill(&link);
    assert!(is_moved(&forgotten.check_place().unwrap_err()));
    assert!(forgotten.flush().is_err());
    drop(forgotten);
    next.close().unwrap();
    let next = Db::open(&other, options()).unwrap();
    assert_eq!(next.get(b"forgotten too").unwrap().unwrap(), "in a log");
}

/// Names of this process say nothing to another. Its files have the same names as ours had.
#[test]
fn the_database_of_another_process_in_its_place_is_left_alone() {
    for kind in [Kind::Ours, Kind::Cpp] {
        let above = tempfile::tempdir().unwrap();
        let path = above.path().join("db");
        let forgotten = fill(&path);
        fs::remove_dir_all(&path).unwrap();
        let mut other = Peer::start(kind);
        other.open(&path, true).unwrap();
        let mut refusals = 0;
        for index in 0..WRITES {
            let mut write = Vec::new();
            put_part(&mut write, format!("key {index:04}").as_bytes());
            put_part(&mut write, b"\x01value");
            other.call(b'W', &write).unwrap();
            let value = vec![b'x'; 300];
            let put = forgotten.put(format!("ours {index}").as_bytes(), &value, Durability::Sync);
            if let Err(error) = put {
                assert!(error.to_string().contains("moved or removed"), "{error}");
                refusals += 1;
            }
        }
        assert!(refusals > 0, "what is too much for memory has nowhere to go");
        assert!(forgotten.compact_range(None, None).is_err());
        let _ = forgotten.close();
        other.call(b'C', &[]).unwrap();
        let db = Db::open(&path, options()).unwrap();
        let entries: Vec<_> = db.range(..).unwrap().map(Result::unwrap).collect();
        assert_eq!(entries.len(), WRITES, "{kind:?}");
        assert!(entries.iter().all(|(key, _)| key.starts_with(b"key ")));
        assert!(db.verify().unwrap().is_whole());
    }
}
