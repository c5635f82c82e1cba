//! Opening read-only takes no lock, needs none, and leaves the directory as it was, to the byte and
//! to the time of its last change; also where nothing can be written.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use sigil_leveldb::{Db, Durability, Entries, Error, Options, Range};

use crate::options;
use crate::peers::{Kind, Peer};

fn read_only() -> Options {
    Options { read_only: true, ..Options::default() }
}

/// Everything about the files of a directory that a write would change.
fn state(directory: &Path) -> BTreeMap<String, (u64, SystemTime, Vec<u8>)> {
    let mut state = BTreeMap::new();
    let own = fs::metadata(directory).unwrap();
    state.insert(".".to_owned(), (0, own.modified().unwrap(), Vec::new()));
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        let metadata = entry.metadata().unwrap();
        let content = fs::read(entry.path()).unwrap();
        let name = entry.file_name().into_string().unwrap();
        state.insert(name, (metadata.len(), metadata.modified().unwrap(), content));
    }
    state
}

/// A database with tables, and with writes in logs.
fn fill(directory: &Path) {
    let db = Db::open(directory, Options { write_buffer_size: 32 << 10, ..options() }).unwrap();
    for index in 0..5_000 {
        let key = format!("key {:04}", index % 3_000);
        db.put(key.as_bytes(), format!("value {index}").as_bytes(), Durability::Process).unwrap();
    }
    db.close().unwrap();
}

fn check(db: &Db) {
    assert_eq!(Entries::forward(db.iter(Range::all()).unwrap()).map(Result::unwrap).count(), 3_000);
    assert_eq!(db.get(b"key 0000").unwrap().unwrap(), "value 3000");
    assert!(matches!(db.put(b"key", b"", Durability::Process), Err(Error::ReadOnly)));
    assert!(matches!(db.flush(), Err(Error::ReadOnly)));
    assert!(matches!(db.compact_range(None, None), Err(Error::ReadOnly)));
    assert!(db.verify().unwrap().is_whole());
    db.refresh().unwrap();
}

#[test]
fn a_reader_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    fill(directory.path());
    fs::remove_file(directory.path().join("LOCK")).unwrap();
    let before = state(directory.path());
    let first = Db::open(directory.path(), read_only()).unwrap();
    let second = Db::open(directory.path(), read_only()).unwrap();
    check(&first);
    check(&second);
    first.close().unwrap();
    drop(second);
    assert!(state(directory.path()) == before);
}

#[test]
fn a_reader_and_a_writer_do_not_mind_each_other() {
    for kind in [Kind::Cpp, Kind::Ours] {
        let directory = tempfile::tempdir().unwrap();
        fill(directory.path());
        let reader = Db::open(directory.path(), read_only()).unwrap();
        let mut writer = Peer::start(kind);
        writer.open(directory.path(), true).unwrap();
        let second = Db::open(directory.path(), read_only()).unwrap();
        for reader in [reader, second] {
            check(&reader);
            reader.close().unwrap();
        }
        // Readers that come and go leave the writer its lock.
        assert!(Peer::start(Kind::Cpp).open(directory.path(), true).is_err());
        writer.call(b'C', &[]).unwrap();
    }
}

/// Root may write where permissions say no, so only a mount that is read-only proves the point;
/// where mounting is not allowed the permissions have to do.
#[test]
#[cfg(unix)]
fn a_reader_works_where_nothing_can_be_written() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    fill(directory.path());
    let mount = ReadOnlyMount::over(directory.path());
    let mounted = mount.is_some();
    if mounted {
        let refused = fs::write(directory.path().join("new"), "").unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::ReadOnlyFilesystem);
    } else {
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o500)).unwrap();
        if fs::write(directory.path().join("new"), "").is_ok() {
            fs::remove_file(directory.path().join("new")).unwrap();
            eprintln!("skipped: there is no mount, and permissions do not bind this user");
        }
    }
    let reader = Db::open(directory.path(), read_only()).unwrap();
    check(&reader);
    reader.close().unwrap();
    if mounted {
        let error = Db::open(directory.path(), options()).unwrap_err();
        assert_eq!(error.io_kind(), Some(std::io::ErrorKind::ReadOnlyFilesystem), "{error}");
    } else {
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o700)).unwrap();
    }
}

/// A directory mounted over itself, read-only, until this is dropped.
struct ReadOnlyMount(PathBuf);

impl ReadOnlyMount {
    /// `None` where it cannot be done.
    fn over(directory: &Path) -> Option<Self> {
        let run = |arguments: &[&str]| {
            let output = Command::new("mount").args(arguments).arg(directory).output();
            output.is_ok_and(|output| output.status.success())
        };
        let mount = run(&["--bind", directory.to_str()?]).then(|| Self(directory.to_path_buf()))?;
        run(&["-o", "remount,bind,ro"]).then_some(mount)
    }
}

impl Drop for ReadOnlyMount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}
