//! What a crash keeps, undoes and tears, operation by operation.

use super::*;

fn path(name: &str) -> PathBuf {
    Path::new("/db").join(name)
}

/// A file system with the durable, empty directory `/db`.
fn env() -> MemoryEnv {
    let env = MemoryEnv::new();
    env.create_dir_all(Path::new("/db")).unwrap();
    env.sync_dir(Path::new("/")).unwrap();
    env
}

fn sync_db(env: &MemoryEnv) {
    env.sync_dir(Path::new("/db")).unwrap();
}

fn write(env: &MemoryEnv, name: &str, bytes: &[u8]) -> Arc<dyn WritableFile> {
    let file = env.create(&path(name)).unwrap();
    file.append(bytes).unwrap();
    file
}

fn read(env: &MemoryEnv, name: &str) -> Option<String> {
    env.read_file(&path(name)).map(|bytes| String::from_utf8(bytes).unwrap())
}

fn dropped(env: &MemoryEnv, name: &str) -> Option<String> {
    read(&env.crash(CrashMode::Drop), name)
}

/// All that torn crashes of `env` can make of a file, over many seeds.
fn torn(env: &MemoryEnv, name: &str) -> BTreeSet<Option<Vec<u8>>> {
    (0..500).map(|seed| env.crash(CrashMode::Torn { seed }).read_file(&path(name))).collect()
}

#[test]
fn files_behave() {
    let env = env();
    let file = write(&env, "f", b"hello world");
    let reader = env.open(&path("f")).unwrap();
    let mut buffer = [0; 5];
    assert_eq!(reader.read_at(6, &mut buffer).unwrap(), 5);
    assert_eq!(&buffer, b"world");
    assert_eq!(reader.read_at_if_cached(9, &mut buffer).unwrap(), Some(2));
    assert_eq!(reader.read_at(u64::MAX, &mut buffer).unwrap(), 0);
    file.truncate(5).unwrap();
    file.append(b"!").unwrap();
    assert_eq!(read(&env, "f").unwrap(), "hello!");
    assert_eq!((reader.size().unwrap(), env.size(&path("f")).unwrap()), (6, 6));
    env.remove(&path("f")).unwrap();
    assert_eq!(reader.read_at(0, &mut buffer).unwrap(), 5, "an open file outlives its name");
    assert_eq!(env.open_files().others, 2);
    drop((file, reader));
    assert_eq!(env.open_files().total(), 0);
}

#[test]
fn misuse_is_refused_as_a_system_would() {
    let env = env();
    write(&env, "f", b"");
    let kind = |result: io::Result<()>| result.unwrap_err().kind();
    assert_eq!(kind(env.open(&path("none")).map(drop)), io::ErrorKind::NotFound);
    assert_eq!(kind(env.create(Path::new("/none/f")).map(drop)), io::ErrorKind::NotFound);
    assert_eq!(kind(env.open(Path::new("/db")).map(drop)), io::ErrorKind::IsADirectory);
    assert_eq!(kind(env.list(&path("f")).map(drop)), io::ErrorKind::NotADirectory);
    assert_eq!(kind(env.list(&path("none")).map(drop)), io::ErrorKind::NotFound);
    assert_eq!(kind(env.create_dir_all(&path("f"))), io::ErrorKind::AlreadyExists);
    assert_eq!(kind(env.create_dir_all(&path("f/g"))), io::ErrorKind::AlreadyExists);
    assert_eq!(kind(env.remove_dir(Path::new("/db"))), io::ErrorKind::DirectoryNotEmpty);
    assert_eq!(kind(env.remove(&path("none"))), io::ErrorKind::NotFound);
    assert_eq!(kind(env.rename(&path("none"), &path("f"))), io::ErrorKind::NotFound);
    assert_eq!(kind(env.rename(&path("f"), Path::new("/db"))), io::ErrorKind::IsADirectory);
    assert_eq!(kind(env.hard_link(&path("f"), &path("f"))), io::ErrorKind::AlreadyExists);
    assert_eq!(kind(env.sync_dir(&path("none"))), io::ErrorKind::NotFound);
    assert!(matches!(env.lock(Path::new("/none/LOCK")), Err(LockError::Io(_))));
}

#[test]
fn directories_list_their_own_names_only() {
    let env = env();
    env.create_dir_all(&path("a/b")).unwrap();
    write(&env, "f", b"");
    write(&env, "a/g", b"");
    assert_eq!(env.list(Path::new("/db")).unwrap(), [Path::new("a"), Path::new("f")]);
    assert_eq!(env.list(Path::new("/")).unwrap(), [Path::new("db")]);
    env.remove_dir(&path("a/b")).unwrap();
    assert_eq!(env.list(&path("a")).unwrap(), [Path::new("g")]);
}

#[test]
fn a_name_needs_its_directory_synced_and_content_the_file() {
    let env = env();
    let file = write(&env, "f", b"one");
    file.sync().unwrap();
    assert_eq!(dropped(&env, "f"), None);
    sync_db(&env);
    file.append(b"two").unwrap();
    assert_eq!(dropped(&env, "f").unwrap(), "one");
    file.sync().unwrap();
    assert_eq!(dropped(&env, "f").unwrap(), "onetwo");
    write(&env, "g", b"unsynced");
    sync_db(&env);
    assert_eq!(dropped(&env, "g").unwrap(), "");
}

#[test]
fn removal_and_rename_are_undone_until_synced() {
    let env = env();
    write(&env, "a", b"a").sync().unwrap();
    write(&env, "b", b"b").sync().unwrap();
    write(&env, "c", b"c").sync().unwrap();
    sync_db(&env);
    env.remove(&path("a")).unwrap();
    env.rename(&path("b"), &path("c")).unwrap();
    let crashed = env.crash(CrashMode::Drop);
    assert_eq!(["a", "b", "c"].map(|name| read(&crashed, name).unwrap()), ["a", "b", "c"]);
    sync_db(&env);
    let crashed = env.crash(CrashMode::Drop);
    assert_eq!(crashed.list(Path::new("/db")).unwrap(), [Path::new("c")]);
    assert_eq!(read(&crashed, "c").unwrap(), "b");
}

#[test]
fn what_is_cut_off_comes_back_until_synced() {
    let env = env();
    let file = write(&env, "f", b"0123456789");
    file.sync().unwrap();
    sync_db(&env);
    file.truncate(6).unwrap();
    file.append(b"x").unwrap();
    file.truncate(3).unwrap();
    file.append(b"y").unwrap();
    assert_eq!(read(&env, "f").unwrap(), "012y");
    assert_eq!(dropped(&env, "f").unwrap(), "0123456789");
    let torn = torn(&env, "f");
    let allowed: BTreeSet<_> =
        [&b"0123456789"[..], b"012", b"012y", b"012\0"].map(|bytes| Some(bytes.to_vec())).into();
    assert_eq!(torn, allowed);
    let emptied = env.create(&path("f")).unwrap();
    assert_eq!(dropped(&env, "f").unwrap(), "0123456789");
    emptied.sync().unwrap();
    assert_eq!(dropped(&env, "f").unwrap(), "");
    emptied.truncate(2).unwrap();
    assert_eq!(read(&env, "f").unwrap(), "\0\0");
}

#[test]
fn a_failed_sync_loses_bytes_for_good() {
    let env = env();
    let file = write(&env, "f", b"abc");
    file.sync().unwrap();
    sync_db(&env);
    file.append(b"def").unwrap();
    env.lose_unsynced(&path("f")).unwrap();
    file.append(b"ghi").unwrap();
    assert_eq!(dropped(&env, "f").unwrap(), "abc");
    file.sync().unwrap();
    assert_eq!(read(&env, "f").unwrap(), "abcdefghi");
    assert_eq!(dropped(&env, "f").unwrap(), "abc\0\0\0ghi");
    assert_eq!(read(&env.crash(CrashMode::Keep), "f").unwrap(), "abcdefghi");
    file.truncate(5).unwrap();
    file.append(b"new").unwrap();
    file.sync().unwrap();
    assert_eq!(dropped(&env, "f").unwrap(), "abc\0\0new");
}

#[test]
fn torn_writes_keep_what_was_synced_and_zero_whole_sectors() {
    let env = env();
    let file = write(&env, "f", &[1; 700]);
    file.sync().unwrap();
    sync_db(&env);
    file.append(&[2; 3000]).unwrap();
    let (mut lengths, mut holes) = (BTreeSet::new(), 0);
    for bytes in torn(&env, "f") {
        let bytes = bytes.unwrap();
        assert!(bytes.len() >= 700 && bytes[..700].iter().all(|byte| *byte == 1));
        lengths.insert(bytes.len());
        for (index, byte) in bytes.iter().enumerate().skip(700) {
            assert!(*byte == 2 || *byte == 0);
            let inside = index > 700 && index % 512 != 0;
            assert!(!inside || *byte == bytes[index - 1], "a sector is written or not");
        }
        holes += usize::from(bytes.contains(&0));
    }
    assert!(lengths.contains(&700) && lengths.contains(&3700) && lengths.len() > 50);
    assert!(holes > 10);
}

#[test]
fn torn_names_are_kept_one_by_one_and_a_rename_is_atomic() {
    let env = env();
    env.write_file(&path("CURRENT"), "old").unwrap();
    write(&env, "tmp", b"new").sync().unwrap();
    sync_db(&env);
    env.rename(&path("tmp"), &path("CURRENT")).unwrap();
    write(&env, "other", b"").sync().unwrap();
    let mut seen = BTreeSet::new();
    for seed in 0..200 {
        let crashed = env.crash(CrashMode::Torn { seed });
        let current = read(&crashed, "CURRENT").unwrap();
        assert_eq!(read(&crashed, "tmp").is_some(), current == "old");
        seen.insert((current, read(&crashed, "other").is_some()));
    }
    assert_eq!(seen.len(), 4, "{seen:?}");
    let again = |seed| env.crash(CrashMode::Torn { seed }).list(Path::new("/db")).unwrap();
    assert_eq!(again(7), again(7));
}

#[test]
fn a_directory_that_is_lost_takes_its_files_with_it() {
    let env = MemoryEnv::new();
    env.create_dir_all(Path::new("/a/b")).unwrap();
    let file = env.create(Path::new("/a/b/f")).unwrap();
    file.sync().unwrap();
    env.sync_dir(Path::new("/a/b")).unwrap();
    env.sync_dir(Path::new("/")).unwrap();
    assert_eq!(env.crash(CrashMode::Drop).list(Path::new("/a")).unwrap().len(), 0);
    assert!(env.crash(CrashMode::Drop).read_file(Path::new("/a/b/f")).is_none());
    env.sync_dir(Path::new("/a")).unwrap();
    assert!(env.crash(CrashMode::Drop).read_file(Path::new("/a/b/f")).is_some());
}

#[test]
fn a_killed_process_loses_nothing_but_gains_no_durability() {
    let env = env();
    let file = write(&env, "f", b"data");
    let copy = env.crash(CrashMode::Keep);
    assert_eq!(read(&copy, "f").unwrap(), "data");
    assert_eq!(dropped(&copy, "f"), None);
    copy.create(&path("f")).unwrap();
    file.append(b"more").unwrap();
    assert_eq!(
        (read(&env, "f").unwrap(), read(&copy, "f").unwrap()),
        ("datamore".into(), "".into())
    );
}

#[test]
fn hard_links_stay_one_file_across_a_crash() {
    let env = env();
    write(&env, "a", b"x").sync().unwrap();
    env.hard_link(&path("a"), &path("b")).unwrap();
    sync_db(&env);
    let crashed = env.crash(CrashMode::Drop);
    write(&crashed, "a", b"changed");
    assert_eq!(read(&crashed, "b").unwrap(), "changed");
}

#[test]
fn files_written_for_a_test_are_durable() {
    let env = MemoryEnv::new();
    env.write_file(&path("f"), "old").unwrap();
    env.remove(&path("f")).unwrap();
    env.write_file(&path("f"), "new").unwrap();
    assert_eq!(dropped(&env, "f").unwrap(), "new");
    assert_eq!(torn(&env, "f"), [Some(b"new".to_vec())].into());
}

#[test]
fn locks_exclude_until_dropped_or_crashed() {
    let env = env();
    let lock = path("LOCK");
    let held = env.lock(&lock).unwrap();
    let holder = Some(std::process::id());
    assert!(matches!(env.clone().lock(&lock), Err(LockError::Held { holder: h }) if h == holder));
    assert_eq!(env.open_files().locks, 1);
    assert!(env.crash(CrashMode::Keep).lock(&lock).is_ok());
    drop(held);
    assert!(env.lock(&lock).is_ok());
    assert_eq!(env.open_files().total(), 0);
}
