//! Repair brings back what can be proven, and nothing else: for one database with overwrites and
//! deletions, whatever byte of whatever file is changed, the repaired one opens strictly, is whole,
//! and every key outside of the damaged file reads exactly right.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sigil_leveldb::env::{CrashMode, Env, MemoryEnv};
use sigil_leveldb::{
    Compression, CorruptionKind, Db, Durability, Entries, FileKind, Options, Range, RepairReport,
    inspect, repair,
};

const DIRECTORY: &str = "/db";

fn options(env: impl Env) -> Options {
    Options {
        write_buffer_size: 16 << 10,
        target_file_size: 64 << 10,
        block_size: 1 << 10,
        env: Arc::new(env),
        ..Options::default()
    }
}

/// All values that a key ever had, oldest first; `None` for a deletion.
type History = BTreeMap<Vec<u8>, Vec<Option<Vec<u8>>>>;

struct Sample {
    env: MemoryEnv,
    history: History,
}

impl Sample {
    /// A database with several tables on two levels and a log, as a killed process leaves it.
    fn new(compression: Compression) -> Self {
        let env = MemoryEnv::new();
        let mut sample = Self { env: env.clone(), history: History::new() };
        let options = Options { create_if_missing: true, compression, ..options(env.clone()) };
        let db = Db::open(DIRECTORY, options).unwrap();
        // So that every number of a write below is larger than those of `entries_of`.
        for _ in 0..400 {
            db.put(b"key-00000", b"first", Durability::Process).unwrap();
        }
        for index in 0..600 {
            sample.write(&db, index % 300, Some(index));
        }
        for index in (0..300).step_by(5) {
            sample.write(&db, index, None);
        }
        db.compact_range(None, None).unwrap();
        for index in 600..700 {
            sample.write(&db, index % 140, Some(index));
        }
        for index in (0..140).step_by(7) {
            sample.write(&db, index, None);
        }
        db.flush().unwrap();
        for index in 900..960 {
            sample.write(&db, index % 330, Some(index));
        }
        for index in (240..270).step_by(3) {
            sample.write(&db, index, None);
        }
        db.sync().unwrap();
        sample.env = env.crash(CrashMode::Keep);
        sample
    }

    fn write(&mut self, db: &Db, key: u32, value: Option<u32>) {
        let key = format!("key-{key:05}").into_bytes();
        let value = value.map(|value| format!("value-{value}-").repeat(5).into_bytes());
        match &value {
            Some(value) => db.put(&key, value, Durability::Process).unwrap(),
            None => db.delete(&key, Durability::Process).unwrap(),
        }
        self.history.entry(key).or_default().push(value);
    }

    fn files(&self) -> Vec<PathBuf> {
        let names = self.env.list(Path::new(DIRECTORY)).unwrap();
        let paths = names.iter().map(|name| Path::new(DIRECTORY).join(name));
        paths
            .filter(|path| !matches!(FileKind::of(path), FileKind::InfoLog | FileKind::Lock))
            .collect()
    }

    /// A copy of the directory in which one file has other bytes; none of them where it is gone.
    fn with(&self, path: &Path, bytes: Option<Vec<u8>>) -> MemoryEnv {
        let env = self.env.deep_clone();
        match bytes {
            Some(bytes) => env.write_file(path, bytes).unwrap(),
            None => env.remove(path).unwrap(),
        }
        env
    }

    fn newest(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let newest = self.history.iter();
        newest.filter_map(|(key, values)| Some((key.clone(), values.last()?.clone()?))).collect()
    }
}

fn content(env: &MemoryEnv) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let db = Db::open(DIRECTORY, options(env.clone())).unwrap();
    let verified = db.verify().unwrap();
    assert!(verified.is_whole(), "{verified:?}");
    let entries = Entries::forward(db.iter(Range::all()).unwrap());
    entries.map(|entry| entry.map(|(key, value)| (key.to_vec(), value.to_vec())).unwrap()).collect()
}

fn snapshot(env: &MemoryEnv) -> BTreeMap<PathBuf, Vec<u8>> {
    let names = env.list(Path::new(DIRECTORY)).unwrap();
    let paths = names.iter().map(|name| Path::new(DIRECTORY).join(name));
    paths.filter_map(|path| Some((path.clone(), env.read_file(&path)?))).collect()
}

fn lost(env: &MemoryEnv) -> BTreeSet<PathBuf> {
    env.list(&Path::new(DIRECTORY).join("lost")).unwrap_or_default().into_iter().collect()
}

/// Checks what a repair made of the sample with one file damaged; `inside` is what that file says.
/// Gives how many keys do not have their newest value.
fn check(
    sample: &Sample,
    env: &MemoryEnv,
    report: &RepairReport,
    inside: &BTreeMap<Vec<u8>, Option<Vec<u8>>>,
) -> usize {
    let content = content(env);
    let mut stale = 0;
    assert!(content.keys().all(|key| sample.history.contains_key(key)));
    for (key, values) in &sample.history {
        let (found, newest) = (content.get(key), values.last().unwrap());
        if found == newest.as_ref() {
            continue;
        }
        stale += 1;
        assert_eq!(inside.get(key), Some(newest), "the newest entry was not damaged: {report}");
        let was_written = values.iter().any(|value| value.as_ref() == found);
        assert!(found.is_none() || was_written, "made up: {report}");
    }
    assert!(stale == 0 || report.damages.iter().any(|damage| damage.bytes > 0), "{report}");
    stale
}

#[test]
fn a_healthy_database_keeps_exactly_its_content() {
    for compression in [Compression::None, Compression::Snappy, Compression::Zstd(1)] {
        let sample = Sample::new(compression);
        let env = sample.env.deep_clone();
        let found = inspect(DIRECTORY, &options(env.clone())).unwrap();
        assert_eq!(snapshot(&env), snapshot(&sample.env));
        let report = repair(DIRECTORY, &options(env.clone())).unwrap();
        assert_eq!(report, found);
        assert!(report.is_whole(), "{report}");
        assert!(report.whole_tables > 1 && report.log_records == 70, "{report}");
        assert!(lost(&env).is_empty());
        assert_eq!(content(&env), sample.newest());
        repair(DIRECTORY, &options(env.clone())).unwrap();
        assert_eq!(content(&env), sample.newest());
    }
}

/// What a file by itself says: its newest entry of each key, `Some(None)` being a deletion.
fn entries_of(sample: &Sample, path: &Path) -> BTreeMap<Vec<u8>, Option<Vec<u8>>> {
    // Older than everything: whichever key reads otherwise has an entry in the file.
    let base = MemoryEnv::new();
    let db =
        Db::open(DIRECTORY, Options { create_if_missing: true, ..options(base.clone()) }).unwrap();
    for key in sample.history.keys() {
        db.put(key, b"base", Durability::Sync).unwrap();
    }
    let env = base.crash(CrashMode::Keep);
    for name in env.list(Path::new(DIRECTORY)).unwrap() {
        let path = Path::new(DIRECTORY).join(name);
        if !matches!(FileKind::of(&path), FileKind::Log(_) | FileKind::Table(_)) {
            env.remove(&path).unwrap();
        }
    }
    let number = FileKind::of(path).number().unwrap() + 1_000;
    let alone = match FileKind::of(path) {
        FileKind::Log(_) => format!("{number:06}.log"),
        _ => format!("{number:06}.ldb"),
    };
    let alone = Path::new(DIRECTORY).join(alone);
    env.write_file(&alone, sample.env.read_file(path).unwrap()).unwrap();
    repair(DIRECTORY, &options(env.clone())).unwrap();
    let content = content(&env);
    let found = sample.history.keys().map(|key| (key.clone(), content.get(key).cloned()));
    found.filter(|(_, value)| value.as_deref() != Some(b"base")).collect()
}

fn long() -> bool {
    std::env::var_os("SIGIL_LONG").is_some()
}

/// The places to damage in a file of `length` bytes.
fn places(length: usize, stride: usize) -> impl Iterator<Item = usize> {
    (0..length).step_by(if long() { 1 } else { stride })
}

/// Damages the sample, repairs it and checks the result.
fn damaged(
    sample: &Sample,
    path: &Path,
    bytes: Option<Vec<u8>>,
    inside: &BTreeMap<Vec<u8>, Option<Vec<u8>>>,
) -> (RepairReport, usize) {
    let env = sample.with(path, bytes.clone());
    let before = snapshot(&env);
    let found = inspect(DIRECTORY, &options(env.clone())).unwrap();
    assert_eq!(snapshot(&env), before);
    let report = repair(DIRECTORY, &options(env.clone())).unwrap();
    assert_eq!(RepairReport { kept: Vec::new(), ..report.clone() }, found);
    let stale = check(sample, &env, &report, inside);
    for damage in report.damages.iter().filter(|damage| damage.bytes > 0) {
        let kept = Path::new(DIRECTORY).join("lost").join(damage.path.file_name().unwrap());
        assert_eq!(env.read_file(&kept), before.get(&damage.path).cloned(), "{damage}");
    }
    (report, stale)
}

#[test]
fn whichever_byte_of_a_table_is_changed_only_its_block_is_lost() {
    for compression in [Compression::None, Compression::Snappy] {
        let sample = Sample::new(compression);
        let mut live = 0;
        let tables = sample.files().into_iter();
        for path in tables.filter(|path| matches!(FileKind::of(path), FileKind::Table(_))) {
            let bytes = sample.env.read_file(&path).unwrap();
            let inside = entries_of(&sample, &path);
            assert!(!inside.is_empty());
            if damaged(&sample, &path, None, &inside).0.is_whole() {
                // A table that was replaced and is not removed yet.
                continue;
            }
            live += 1;
            for at in places(bytes.len(), 211).chain(bytes.len() - 48..bytes.len()) {
                let mut changed = bytes.clone();
                changed[at] ^= 0x21;
                let (report, stale) = damaged(&sample, &path, Some(changed), &inside);
                assert!(stale <= 40, "{at}: {report}");
                let damage = report.damages.first().expect("the damage is noticed");
                assert_eq!(damage.path, path);
                assert_eq!(report.salvaged_tables + report.lost_tables, 1, "{at}: {report}");
            }
            for length in places(bytes.len(), 509) {
                let (report, _) = damaged(&sample, &path, Some(bytes[..length].to_vec()), &inside);
                assert!(!report.is_whole());
            }
            let longer = [&bytes[..], b"something else"].concat();
            assert_eq!(damaged(&sample, &path, Some(longer), &inside).1, 0);
            let (report, _) = damaged(&sample, &path, None, &inside);
            assert_eq!(report.damages[0].kind, CorruptionKind::MissingFile);
        }
        assert!(live > 1);
    }
}

#[test]
fn whichever_byte_of_a_log_is_changed_the_other_records_are_kept() {
    let sample = Sample::new(Compression::None);
    let logs = sample.files().into_iter();
    for path in logs.filter(|path| matches!(FileKind::of(path), FileKind::Log(_))) {
        let bytes = sample.env.read_file(&path).unwrap();
        let inside = entries_of(&sample, &path);
        for at in places(bytes.len(), 37) {
            let mut changed = bytes.clone();
            changed[at] ^= 0x21;
            let (report, stale) = damaged(&sample, &path, Some(changed), &inside);
            assert!(stale <= 1 && report.log_records >= 69, "{at}: {report}");
            assert!(report.damages.iter().all(|damage| damage.path == path));
        }
        for length in places(bytes.len(), 113) {
            let env = sample.with(&path, Some(bytes[..length].to_vec()));
            let report = repair(DIRECTORY, &options(env.clone())).unwrap();
            assert!(report.is_whole() && report.log_records <= 70, "{report}");
            content(&env);
        }
    }
}

#[test]
fn a_database_without_its_manifest_or_pointer_keeps_its_content() {
    let sample = Sample::new(Compression::Snappy);
    for path in sample.files() {
        let kind = FileKind::of(&path);
        if !matches!(kind, FileKind::Manifest(_) | FileKind::Current) {
            continue;
        }
        let bytes = sample.env.read_file(&path).unwrap();
        let nothing = BTreeMap::new();
        for at in places(bytes.len(), 7) {
            let mut changed = bytes.clone();
            changed[at] ^= 0x21;
            let (report, _) = damaged(&sample, &path, Some(changed), &nothing);
            assert!(!report.is_whole(), "{at}: {report}");
        }
        for length in places(bytes.len(), 5) {
            damaged(&sample, &path, Some(bytes[..length].to_vec()), &nothing);
        }
        let (report, _) = damaged(&sample, &path, None, &nothing);
        assert_eq!(report.damages[0].kind, CorruptionKind::MissingFile);
    }
}
