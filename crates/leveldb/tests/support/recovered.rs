//! What a database has to answer after a crash: it opens, it has the writes that it promised, all
//! or nothing of each and in order, its tables are whole, it takes new writes and keeps them.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sigil_leveldb::env::{Env, MemoryEnv};
use sigil_leveldb::{CorruptionKind, Db, Durability, Error, FileKind, LogRecovery, Options};

use super::ensure;
use super::workload::{DIRECTORY, Workload};

const PROBE: &[u8] = b"probe";

/// Small enough for many flushes and compactions.
pub fn options(env: impl Env) -> Options {
    Options {
        create_if_missing: true,
        write_buffer_size: 24 << 10,
        target_file_size: 64 << 10,
        block_cache_size: 64 << 10,
        sync_interval: Duration::from_millis(5),
        env: Arc::new(env),
        ..Options::default()
    }
}

/// Waits until the health is good again.
pub fn becomes_healthy(db: &Db) -> Result<(), String> {
    let started = Instant::now();
    while !db.health().is_healthy() {
        let health = db.health();
        ensure!(started.elapsed() < Duration::from_secs(20), "still not healthy: {health:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Checks that `disk` holds the state after some number of writes from `at_least` to `at_most`, and
/// that one can go on from there.
pub fn check(
    workload: &Workload,
    disk: &MemoryEnv,
    at_least: usize,
    at_most: usize,
) -> Result<(), String> {
    let (db, place) = opens(workload, disk, at_least, at_most)?;
    goes_on(workload, db, disk, place)
}

/// [`check`], where the process was killed after a sync had failed. What that sync has lost for good
/// can still be read until the power is cut, so here it is not.
pub fn check_killed(
    workload: &Workload,
    disk: &MemoryEnv,
    at_least: usize,
    at_most: usize,
) -> Result<(), String> {
    opens(workload, disk, at_least, at_most).map(drop)
}

fn opens(
    workload: &Workload,
    disk: &MemoryEnv,
    at_least: usize,
    at_most: usize,
) -> Result<(Db, usize), String> {
    let db =
        Db::open(DIRECTORY, options(disk.clone())).map_err(|error| format!("open: {error}"))?;
    let place = holds(workload, &db, at_least, at_most)?;
    verifies(&db)?;
    Ok((db, place))
}

/// Checks what a database has, and says after how many writes it has that.
pub fn holds(
    workload: &Workload,
    db: &Db,
    at_least: usize,
    at_most: usize,
) -> Result<usize, String> {
    let place = workload.place_of(db, at_least, at_most);
    match place.map_err(|error| format!("scan: {error}"))? {
        Some(place) => Ok(place),
        None => Err(format!(
            "not the state after {at_least} to {at_most} writes: {}; {}",
            workload.difference(db, at_least),
            workload.difference(db, at_most),
        )),
    }
}

fn verifies(db: &Db) -> Result<(), String> {
    let report = db.verify().map_err(|error| format!("verify: {error}"))?;
    ensure!(report.is_whole(), "damaged: {:?}", report.damages);
    Ok(())
}

/// Writes to a recovered database, and looks at it once more after another power cut.
fn goes_on(workload: &Workload, db: Db, disk: &MemoryEnv, place: usize) -> Result<(), String> {
    db.put(PROBE, b"1", Durability::Sync).map_err(|error| format!("put: {error}"))?;
    let disk = disk.crash(sigil_leveldb::env::CrashMode::Drop);
    db.close().map_err(|error| format!("close: {error}"))?;
    drop(db);

    let db = Db::open(DIRECTORY, options(disk.clone()))
        .map_err(|error| format!("second opening: {error}"))?;
    let probe = db.get(PROBE).map_err(|error| format!("get: {error}"))?;
    ensure!(probe.as_deref() == Some(&b"1"[..]), "a write after recovery is lost");
    db.delete(PROBE, Durability::Process).map_err(|error| format!("delete: {error}"))?;
    holds(workload, &db, place, place).map_err(|error| format!("second opening: {error}"))?;
    db.close().map_err(|error| format!("second close: {error}"))?;
    drop(db);
    ensure!(disk.open_files().total() == 0, "files are left open: {:?}", disk.open_files());
    Ok(())
}

/// [`check`], of a disk that wrote the sectors of unsynced bytes in any order. What is left may be a
/// log with a hole and whole records behind it, which no reader can tell from damage. Opening may
/// then say so, and salvaging has to keep everything durable.
pub fn check_torn(
    workload: &Workload,
    disk: &MemoryEnv,
    before: &MemoryEnv,
    at_least: usize,
    at_most: usize,
) -> Result<(), String> {
    match Db::open(DIRECTORY, options(disk.deep_clone())) {
        Err(Error::Corruption { path, kind, .. })
            if kind != CorruptionKind::LostHistory && has_hole(disk, before, &path) =>
        {
            salvages(workload, disk, at_least, at_most)
        }
        _ => check(workload, disk, at_least, at_most),
    }
}

/// Whether a log has lost something that is not just its end.
fn has_hole(disk: &MemoryEnv, before: &MemoryEnv, path: &Path) -> bool {
    let is_log = matches!(FileKind::of(path), FileKind::Log(_));
    let (torn, whole) = (disk.read_file(path), before.read_file(path));
    is_log && !whole.unwrap_or_default().starts_with(&torn.unwrap_or_default())
}

fn salvages(
    workload: &Workload,
    disk: &MemoryEnv,
    at_least: usize,
    at_most: usize,
) -> Result<(), String> {
    let options = Options { log_recovery: LogRecovery::Salvage, ..options(disk.clone()) };
    let db = Db::open(DIRECTORY, options).map_err(|error| format!("salvage: {error}"))?;
    ensure!(!db.recovery_report().losses.is_empty(), "salvaging reports no loss");
    for key in workload.keys() {
        let found = db.get(key).map_err(|error| format!("get: {error}"))?;
        let name = String::from_utf8_lossy(key);
        ensure!(
            workload.had(key, found.as_deref(), at_least, at_most),
            "salvaging gave {name} a value that it did not have after {at_least} to {at_most} writes"
        );
    }
    verifies(&db)
}
