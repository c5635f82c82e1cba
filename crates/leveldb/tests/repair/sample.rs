//! The database to be damaged: overwrites and deletions in tables of several levels and in a log,
//! as a killed process leaves it, with everything that each key ever was.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sigil_leveldb::env::{CrashMode, Env, MemoryEnv};
use sigil_leveldb::{Compression, Db, Durability, Entries, FileKind, Options, Range, repair};

pub(crate) const DIRECTORY: &str = "/db";

pub(crate) fn options(env: impl Env) -> Options {
    Options {
        write_buffer_size: 16 << 10,
        target_file_size: 64 << 10,
        block_size: 1 << 10,
        env: Arc::new(env),
        ..Options::default()
    }
}

/// All values that a key ever had, oldest first; `None` for a deletion.
pub(crate) type History = BTreeMap<Vec<u8>, Vec<Option<Vec<u8>>>>;

pub(crate) struct Sample {
    pub(crate) env: MemoryEnv,
    pub(crate) history: History,
}

impl Sample {
    /// A database with several tables on two levels and a log, as a killed process leaves it.
    pub(crate) fn new(compression: Compression) -> Self {
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

    pub(crate) fn write(&mut self, db: &Db, key: u32, value: Option<u32>) {
        let key = format!("key-{key:05}").into_bytes();
        let value = value.map(|value| format!("value-{value}-").repeat(5).into_bytes());
        match &value {
            Some(value) => db.put(&key, value, Durability::Process).unwrap(),
            None => db.delete(&key, Durability::Process).unwrap(),
        }
        self.history.entry(key).or_default().push(value);
    }

    /// A copy of the directory in which one file has other bytes; none of them where it is gone.
    pub(crate) fn with(&self, path: &Path, bytes: Option<Vec<u8>>) -> MemoryEnv {
        let env = self.env.deep_clone();
        match bytes {
            Some(bytes) => env.write_file(path, bytes).unwrap(),
            None => env.remove(path).unwrap(),
        }
        env
    }

    /// What the database holds.
    pub(crate) fn newest(&self) -> Content {
        let newest = self.history.iter();
        newest.filter_map(|(key, values)| Some((key.clone(), values.last()?.clone()?))).collect()
    }
}

pub(crate) type Content = BTreeMap<Vec<u8>, Vec<u8>>;

/// What a database holds, which has to open strictly and be whole.
pub(crate) fn content(env: &MemoryEnv) -> Content {
    let db = Db::open(DIRECTORY, options(env.clone())).unwrap();
    let verified = db.verify().unwrap();
    assert!(verified.is_whole(), "{verified:?}");
    let entries = Entries::forward(db.iter(Range::all()).unwrap());
    entries.map(|entry| entry.map(|(key, value)| (key.to_vec(), value.to_vec())).unwrap()).collect()
}

pub(crate) fn in_lost(name: &str) -> PathBuf {
    Path::new(DIRECTORY).join("lost").join(name)
}

/// The files of the database with their content, without those that hold no data.
pub(crate) fn files(env: &MemoryEnv) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = files_in(env, Path::new(DIRECTORY));
    files.retain(|path, _| !matches!(FileKind::of(path), FileKind::InfoLog | FileKind::Lock));
    files
}

/// What `lost/` holds.
pub(crate) fn lost(env: &MemoryEnv) -> BTreeMap<PathBuf, Vec<u8>> {
    files_in(env, &Path::new(DIRECTORY).join("lost"))
}

fn files_in(env: &MemoryEnv, directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let names = env.list(directory).unwrap_or_default();
    let paths = names.iter().map(|name| directory.join(name));
    paths.filter_map(|path| Some((path.clone(), env.read_file(&path)?))).collect()
}

/// What a file by itself says: its newest entry of each key, `Some(None)` being a deletion.
pub(crate) fn entries_of(sample: &Sample, path: &Path) -> BTreeMap<Vec<u8>, Option<Vec<u8>>> {
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
