//! Damage in the middle of a log: opening refuses it, says where it is and changes nothing, unless
//! it is asked to salvage. Then every record that can be proven is kept, the rest is reported, and
//! the database does not depend on the damaged log any more.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "common/long.rs"]
mod long;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sigil_leveldb::env::{CrashMode, Env, MemoryEnv};
use sigil_leveldb::{Db, Durability, Error, FileKind, LogRecovery, Options};

use long::is_long;

const DIRECTORY: &str = "/db";
const RECORDS: usize = 1_000;

fn options(env: &MemoryEnv, log_recovery: LogRecovery) -> Options {
    Options {
        create_if_missing: true,
        write_buffer_size: 1 << 20,
        log_recovery,
        env: Arc::new(env.clone()),
        ..Options::default()
    }
}

fn key(index: usize) -> Vec<u8> {
    format!("key-{index:05}").into_bytes()
}

/// What a process that was killed left: one log, in which record `n` gives key `n` a value.
struct Killed {
    env: MemoryEnv,
    log: PathBuf,
    bytes: Vec<u8>,
    /// Where each record ends.
    ends: Vec<usize>,
}

impl Killed {
    fn new() -> Self {
        let env = MemoryEnv::new();
        let db = Db::open(DIRECTORY, options(&env, LogRecovery::Strict)).unwrap();
        let log = files(&env).into_keys().find(|path| is_log(path)).unwrap();
        let mut ends = Vec::new();
        for index in 0..RECORDS {
            let length = if index == RECORDS / 2 { 40_000 } else { 90 };
            db.put(&key(index), &vec![index as u8; length], Durability::Process).unwrap();
            ends.push(env.size(&log).unwrap() as usize);
        }
        let env = env.crash(CrashMode::Keep);
        let bytes = env.read_file(&log).unwrap();
        Self { env, log, bytes, ends }
    }

    fn with(&self, bytes: Vec<u8>) -> MemoryEnv {
        let env = self.env.deep_clone();
        env.write_file(&self.log, bytes).unwrap();
        env
    }

    /// The record that has the byte at `offset`.
    fn record_at(&self, offset: usize) -> usize {
        self.ends.partition_point(|&end| end <= offset)
    }
}

fn is_log(path: &Path) -> bool {
    matches!(FileKind::of(path), FileKind::Log(_))
}

fn files(env: &MemoryEnv) -> BTreeMap<PathBuf, Vec<u8>> {
    let names = env.list(Path::new(DIRECTORY)).unwrap();
    let paths = names.iter().map(|name| Path::new(DIRECTORY).join(name));
    paths.map(|path| (path.clone(), env.read_file(&path).unwrap())).collect()
}

/// The records that are not there.
fn missing(db: &Db) -> Vec<usize> {
    let value = |index: usize| db.get(&key(index)).unwrap();
    (0..RECORDS).filter(|&index| value(index).is_none_or(|it| it[0] != index as u8)).collect()
}

#[test]
fn damage_is_refused_with_its_place_and_salvaged_if_asked_for() {
    let killed = Killed::new();
    let step = if is_long() { 17 } else { 991 };
    for at in (0..killed.bytes.len()).step_by(step) {
        let mut changed = killed.bytes.clone();
        changed[at] ^= 0x10;
        let env = killed.with(changed);
        let before = files(&env);
        let refusal = Db::open(DIRECTORY, options(&env, LogRecovery::Strict)).err();
        let Some(Error::Corruption { path, offset: Some(offset), .. }) = refusal else {
            panic!("{at}: {refusal:?}")
        };
        assert_eq!(path, killed.log);
        let damaged = killed.record_at(at);
        let start = damaged.checked_sub(1).map_or(0, |before| killed.ends[before]);
        assert!((start..killed.ends[damaged]).contains(&(offset as usize)), "{at}: {offset}");
        assert_eq!(files(&env), before);

        let db = Db::open(DIRECTORY, options(&env, LogRecovery::Salvage)).unwrap();
        let report = db.recovery_report();
        assert_eq!((report.losses.len(), report.writes), (1, RECORDS as u64 - 1), "{at}");
        let loss = &report.losses[0];
        let lost = loss.offset as usize..(loss.offset + loss.bytes) as usize;
        assert!(lost.contains(&at) && loss.path == killed.log, "{at}: {loss:?}");
        assert_eq!(missing(&db), [damaged], "{at}");
        // Killed right after: nothing depends on the damaged log any more.
        for mode in [CrashMode::Keep, CrashMode::Drop] {
            let db = Db::open(DIRECTORY, options(&env.crash(mode), LogRecovery::Strict)).unwrap();
            assert!(db.recovery_report().losses.is_empty());
            assert_eq!(missing(&db), [damaged], "{at}");
        }
        db.put(&key(damaged), &[damaged as u8], Durability::Sync).unwrap();
        db.close().unwrap();
        let db = Db::open(DIRECTORY, options(&env, LogRecovery::Strict)).unwrap();
        assert_eq!(missing(&db), [0; 0], "{at}");
        assert!(db.verify().unwrap().is_whole());
    }
}

#[test]
fn several_places_are_several_losses_and_a_torn_end_is_none() {
    let killed = Killed::new();
    let mut changed = killed.bytes.clone();
    for record in [10, 400, 800] {
        changed[killed.ends[record] - 20] ^= 1;
    }
    changed.truncate(killed.ends[RECORDS - 1] - 7);
    let env = killed.with(changed);
    assert!(Db::open(DIRECTORY, options(&env, LogRecovery::Strict)).is_err());
    let db = Db::open(DIRECTORY, options(&env, LogRecovery::Salvage)).unwrap();
    let report = db.recovery_report();
    assert_eq!(report.losses.len(), 3, "{report:?}");
    assert_eq!(report.torn, Some((killed.log.clone(), killed.ends[RECORDS - 2] as u64)));
    assert_eq!(missing(&db), [10, 400, 800, RECORDS - 1]);
    db.close().unwrap();
    let db = Db::open(DIRECTORY, options(&env, LogRecovery::Strict)).unwrap();
    assert_eq!(missing(&db), [10, 400, 800, RECORDS - 1]);
}

#[test]
fn salvaging_a_log_without_damage_loses_nothing() {
    let killed = Killed::new();
    let db = Db::open(DIRECTORY, options(&killed.env, LogRecovery::Salvage)).unwrap();
    let report = db.recovery_report();
    assert_eq!((report.losses.len(), report.writes), (0, RECORDS as u64));
    assert_eq!(missing(&db), [0; 0]);
}

#[test]
fn a_log_that_goes_back_in_time_does_not_hide_newer_writes() {
    let env = MemoryEnv::new();
    let db = Db::open(DIRECTORY, options(&env, LogRecovery::Strict)).unwrap();
    for value in [1, 2] {
        db.put(b"key", &[value], Durability::Process).unwrap();
    }
    let env = env.crash(CrashMode::Keep);
    let log = files(&env).into_keys().find(|path| is_log(path)).unwrap();
    // The log as it was before the second write, under a number of its own.
    let bytes = env.read_file(&log).unwrap();
    env.write_file(&Path::new(DIRECTORY).join("000900.log"), &bytes[..bytes.len() / 2]).unwrap();
    for mode in [LogRecovery::Strict, LogRecovery::Salvage] {
        assert!(matches!(Db::open(DIRECTORY, options(&env, mode)), Err(Error::Corruption { .. })));
    }
    sigil_leveldb::repair(DIRECTORY, &options(&env, LogRecovery::Strict)).unwrap();
    let db = Db::open(DIRECTORY, options(&env, LogRecovery::Strict)).unwrap();
    assert_eq!(db.get(b"key").unwrap().as_deref(), Some(&[2][..]));
}
