//! The real file system keeps the same contract as the one in memory, as far as it can be seen
//! without cutting the power.

use super::*;

#[test]
fn files_are_written_read_and_cut() {
    let directory = tempfile::tempdir().unwrap();
    let env = RealEnv::new();
    let path = directory.path().join("000001.log");
    let writer = env.create(&path).unwrap();
    writer.append(b"hello world").unwrap();
    writer.sync().unwrap();
    writer.truncate(5).unwrap();
    writer.append(b"!").unwrap();
    let reader = env.open(&path).unwrap();
    let mut buffer = [0; 16];
    assert_eq!(reader.read_at(0, &mut buffer).unwrap(), 6);
    assert_eq!(&buffer[..6], b"hello!");
    assert_eq!(reader.read_at(6, &mut buffer).unwrap(), 0);
    assert_eq!(reader.read_at(100, &mut buffer).unwrap(), 0);
    assert_eq!((reader.size().unwrap(), env.size(&path).unwrap()), (6, 6));
    drop(env.create(&path).unwrap());
    assert_eq!(reader.size().unwrap(), 0, "creating empties");
}

#[test]
fn names_come_and_go() {
    let directory = tempfile::tempdir().unwrap();
    let env = RealEnv::new();
    let inner = directory.path().join("a/b");
    env.create_dir_all(&inner).unwrap();
    env.create_dir_all(&inner).unwrap();
    let names = ["one", "two", "three"].map(|name| inner.join(name));
    env.create(&names[0]).unwrap().append(b"1").unwrap();
    env.create(&names[1]).unwrap();
    env.rename(&names[0], &names[1]).unwrap();
    env.hard_link(&names[1], &names[2]).unwrap();
    env.sync_dir(&inner).unwrap();
    let mut listed = env.list(&inner).unwrap();
    listed.sort();
    assert_eq!(listed, [Path::new("three"), Path::new("two")]);
    assert_eq!(env.size(&names[2]).unwrap(), 1);
    assert_eq!(env.open(&names[0]).unwrap_err().kind(), io::ErrorKind::NotFound);
    assert_eq!(env.remove(&names[0]).unwrap_err().kind(), io::ErrorKind::NotFound);
    assert_eq!(env.remove_dir(&inner).unwrap_err().kind(), io::ErrorKind::DirectoryNotEmpty);
    env.remove(&names[1]).unwrap();
    env.remove(&names[2]).unwrap();
    env.remove_dir(&inner).unwrap();
    assert_eq!(env.sync_dir(&inner).unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[test]
fn cached_reads_answer_right_or_not_at_all() {
    let directory = tempfile::tempdir().unwrap();
    let env = RealEnv::new();
    let path = directory.path().join("f");
    let writer = env.create(&path).unwrap();
    writer.append(&[7; 10_000]).unwrap();
    let reader = env.open(&path).unwrap();
    let mut buffer = [0; 4096];
    if let Some(count) = reader.read_at_if_cached(5_000, &mut buffer).unwrap() {
        assert_eq!((count, buffer), (4096, [7; 4096]));
    }
    assert_eq!(reader.read_at_if_cached(9_000, &mut buffer).unwrap(), None, "short is unknown");
    assert_eq!(reader.read_at_if_cached(20_000, &mut buffer).unwrap(), None);
}

#[test]
fn handles_are_counted() {
    let directory = tempfile::tempdir().unwrap();
    let env = RealEnv::new();
    let log = directory.path().join("000001.log");
    let open = (
        env.create(&log).unwrap(),
        env.open(&log).unwrap(),
        env.create(&directory.path().join("000002.ldb")).unwrap(),
        env.create(&directory.path().join("MANIFEST-000003")).unwrap(),
        env.lock(&directory.path().join("LOCK")).unwrap(),
    );
    assert!(env.open(&directory.path().join("none.log")).is_err());
    let expected = OpenFiles { logs: 2, tables: 1, manifests: 1, locks: 1, others: 0 };
    assert_eq!(env.clone().open_files(), expected);
    drop(open);
    assert_eq!(env.open_files().total(), 0);
}
