//! What repair makes of a directory: which files it reads, which it leaves alone, which it moves and
//! which it removes.

use std::path::Path;

use sigil_leveldb::env::{CrashMode, Env, MemoryEnv};
use sigil_leveldb::{
    Compression, CorruptionKind, Db, Durability, Error, FileKind, Options, inspect, repair,
};

use crate::sample::{Content, DIRECTORY, Sample, content, files, in_lost, lost, options};

fn open(env: &MemoryEnv) -> Db {
    let options = Options { create_if_missing: true, ..options(env.clone()) };
    Db::open(DIRECTORY, options).unwrap()
}

fn put(db: &Db, key: &str, value: &str) {
    db.put(key.as_bytes(), value.as_bytes(), Durability::Process).unwrap();
}

fn of_one(key: &str, value: &str) -> Content {
    [(key.into(), value.into())].into()
}

#[test]
fn what_is_open_or_not_there_is_refused() {
    let env = MemoryEnv::new();
    assert!(matches!(repair(DIRECTORY, &options(env.clone())), Err(Error::DoesNotExist { .. })));
    env.create_dir_all(Path::new(DIRECTORY)).unwrap();
    env.write_file(&Path::new(DIRECTORY).join("notes.txt"), "mine").unwrap();
    for work in [repair, inspect] {
        let outcome = work(Path::new(DIRECTORY), &options(env.clone()));
        assert!(matches!(outcome, Err(Error::DoesNotExist { .. })));
    }
    assert_eq!(env.list(Path::new(DIRECTORY)).unwrap().len(), 1);
    let db = open(&env);
    for work in [repair, inspect] {
        let outcome = work(Path::new(DIRECTORY), &options(env.clone()));
        assert!(matches!(outcome, Err(Error::Locked { .. })));
    }
    drop(db);
    let read_only = Options { read_only: true, ..options(env) };
    assert!(matches!(repair(DIRECTORY, &read_only), Err(Error::InvalidArgument(_))));
}

#[test]
fn a_repaired_database_goes_on_and_survives_a_kill_at_once() {
    let sample = Sample::new(Compression::Snappy);
    let env = sample.env.deep_clone();
    repair(DIRECTORY, &options(env.clone())).unwrap();
    let mut expected = sample.newest();
    for round in 0..3 {
        let db = open(&env);
        let key = format!("key-{round:05}");
        put(&db, &key, "new");
        expected.insert(key.into_bytes(), b"new".to_vec());
        let killed = env.crash(CrashMode::Keep);
        assert_eq!(content(&killed), expected);
        repair(DIRECTORY, &options(killed.clone())).unwrap();
        assert_eq!(content(&killed), expected);
    }
}

#[test]
fn a_replaced_table_that_was_not_removed_does_not_bring_anything_back() {
    let env = MemoryEnv::new();
    let db = open(&env);
    put(&db, "deleted", "value");
    put(&db, "kept", "value");
    db.flush().unwrap();
    let before: Vec<_> = files(&env).into_iter().collect();
    db.delete(b"deleted", Durability::Process).unwrap();
    db.compact_range(None, None).unwrap();
    db.close().unwrap();
    // The value's table is back; the deletion is in none any more.
    for (path, bytes) in before.iter().filter(|(path, _)| is_table(path)) {
        env.write_file(path, bytes.clone()).unwrap();
    }
    let manifest = files(&env).into_keys().find(|path| is_manifest(path)).unwrap();
    let bytes = env.read_file(&manifest).unwrap();
    let whole = env.deep_clone();
    repair(DIRECTORY, &options(whole.clone())).unwrap();
    assert_eq!(content(&whole), of_one("kept", "value"));
    assert!(lost(&whole).is_empty());
    // Damage in front of the edit that removed the table: the edit still counts.
    let mut changed = bytes;
    changed[20] ^= 1;
    env.write_file(&manifest, changed).unwrap();
    env.remove(&Path::new(DIRECTORY).join("CURRENT")).unwrap();
    repair(DIRECTORY, &options(env.clone())).unwrap();
    assert_eq!(content(&env), of_one("kept", "value"));
}

fn is_table(path: &Path) -> bool {
    matches!(FileKind::of(path), FileKind::Table(_))
}

fn is_manifest(path: &Path) -> bool {
    matches!(FileKind::of(path), FileKind::Manifest(_))
}

#[test]
fn the_newest_write_counts_whatever_the_number_of_its_file() {
    let env = MemoryEnv::new();
    let db = open(&env);
    for value in ["1", "2"] {
        for key in 0..50 {
            put(&db, &format!("key-{key}"), value);
        }
        match value {
            "1" => put(&db, "deleted", value),
            _ => db.delete(b"deleted", Durability::Process).unwrap(),
        }
        db.flush().unwrap();
    }
    db.close().unwrap();
    // All tables change their numbers, and nothing says which is the newest.
    let all = files(&env);
    let tables: Vec<_> = all.keys().filter(|path| is_table(path)).collect();
    assert_eq!(tables.len(), 2);
    for (path, other) in tables.iter().zip(tables.iter().rev()) {
        env.write_file(path, all[*other].clone()).unwrap();
    }
    for path in all.keys().filter(|path| !is_table(path)) {
        env.remove(path).unwrap();
    }
    let report = repair(DIRECTORY, &options(env.clone())).unwrap();
    assert_eq!(report.damages[0].kind, CorruptionKind::MissingFile);
    let newest = |key| (format!("key-{key}").into_bytes(), b"2".to_vec());
    assert_eq!(content(&env), (0..50).map(newest).collect());
}

#[test]
fn files_of_others_stay_and_old_names_are_read() {
    let sample = Sample::new(Compression::Zstd(1));
    let env = sample.env.deep_clone();
    let notes = Path::new(DIRECTORY).join("notes.txt");
    env.write_file(&notes, "mine").unwrap();
    for path in files(&env).into_keys().filter(|path| is_table(path)) {
        env.rename(&path, &path.with_extension("sst")).unwrap();
    }
    let report = repair(DIRECTORY, &options(env.clone())).unwrap();
    assert!(report.is_whole() && lost(&env).is_empty(), "{report}");
    assert_eq!(content(&env), sample.newest());
    assert_eq!(env.read_file(&notes).as_deref(), Some(&b"mine"[..]));
    let old = files(&env).into_keys().find(|path| path.extension().is_some_and(|it| it == "sst"));
    assert_eq!(old, None);
}

#[test]
fn what_is_in_lost_is_never_overwritten() {
    let sample = Sample::new(Compression::None);
    let env = sample.env.deep_clone();
    let log = files(&env).into_keys().find(|path| path.extension().is_some_and(|it| it == "log"));
    let log = log.unwrap();
    let name = log.file_name().unwrap().to_str().unwrap();
    env.write_file(&in_lost(name), "from an earlier repair").unwrap();
    let mut bytes = env.read_file(&log).unwrap();
    bytes[100] ^= 1;
    env.write_file(&log, bytes.clone()).unwrap();
    let report = repair(DIRECTORY, &options(env.clone())).unwrap();
    assert_eq!(report.kept, [in_lost(&format!("{name}.1"))]);
    assert_eq!(lost(&env)[&in_lost(name)], b"from an earlier repair");
    assert_eq!(lost(&env)[&in_lost(&format!("{name}.1"))], bytes);
    assert_eq!(env.read_file(&log), None);
}

#[test]
fn a_copy_of_a_log_is_no_reason_to_fail() {
    let sample = Sample::new(Compression::None);
    let env = sample.env.deep_clone();
    for (path, bytes) in files(&sample.env) {
        if matches!(FileKind::of(&path), FileKind::Log(_)) {
            env.write_file(&Path::new(DIRECTORY).join("000999.log"), bytes).unwrap();
        }
    }
    let report = repair(DIRECTORY, &options(env.clone())).unwrap();
    assert_eq!(report.damages[0].kind, CorruptionKind::LostHistory);
    assert_eq!(content(&env), sample.newest());
}

#[test]
fn a_directory_on_the_machine_is_repaired_like_one_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("db");
    let options = || Options { create_if_missing: true, ..Options::default() };
    let db = Db::open(&directory, options()).unwrap();
    for index in 0..500 {
        put(&db, &format!("key-{index:03}"), &format!("value-{index}").repeat(9));
    }
    db.flush().unwrap();
    put(&db, "key-000", "new");
    db.close().unwrap();
    let entries = || std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path());
    let table = entries().find(|path| is_table(path)).unwrap();
    let mut bytes = std::fs::read(&table).unwrap();
    bytes[1_000] ^= 1;
    std::fs::write(&table, &bytes).unwrap();
    std::fs::remove_file(directory.join("CURRENT")).unwrap();
    assert!(Db::open(&directory, options()).is_err());
    let found = inspect(&directory, &options()).unwrap();
    let report = repair(&directory, &options()).unwrap();
    assert_eq!((found.entries, found.damages), (report.entries, report.damages.clone()));
    assert_eq!(report.damages.len(), 2, "{report}");
    let kept = directory.join("lost").join(table.file_name().unwrap());
    assert!(report.kept.contains(&kept));
    assert_eq!(std::fs::read(&kept).unwrap(), bytes);
    assert!(!table.exists() && entries().filter(|path| is_table(path)).count() == 1);
    let db = Db::open(&directory, options()).unwrap();
    assert!(db.verify().unwrap().is_whole());
    assert_eq!(db.get(b"key-000").unwrap().as_deref(), Some(&b"new"[..]));
    assert_eq!(db.get(b"key-499").unwrap().as_deref(), Some("value-499".repeat(9).as_bytes()));
}
