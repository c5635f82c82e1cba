//! What was deleted goes: its space comes back without being asked for, and its bytes are gone from
//! every file within the bound that the options give. A snapshot keeps what it reads, and once
//! everything is erased the disk has peace.

// A test panics where something is not as it should be.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sigil_leveldb::env::{Env, FaultEnv, FaultPlan, MemoryEnv, errno};
use sigil_leveldb::{Db, Durability, FileKind, IoOperation, Options};

const DIRECTORY: &str = "/db";

/// What must not be found any more.
const CANARY: &[u8] = b"the canary that nobody may find again";

fn options(env: &(impl Env + Clone)) -> Options {
    Options {
        create_if_missing: true,
        write_buffer_size: 64 << 10,
        target_file_size: 64 << 10,
        // What is searched for has to stand in the files as it is.
        compression: sigil_leveldb::Compression::None,
        env: Arc::new(env.clone()),
        ..Options::default()
    }
}

fn key(index: u32) -> Vec<u8> {
    format!("{index:06}").into_bytes()
}

fn files(env: &MemoryEnv) -> Vec<(String, Vec<u8>)> {
    let names = env.list(DIRECTORY.as_ref()).unwrap();
    let path = |name: &Path| Path::new(DIRECTORY).join(name);
    let content = |name: &Path| Some((name.display().to_string(), env.read_file(&path(name))?));
    names.iter().filter_map(|name| content(name)).collect()
}

fn table_bytes(env: &MemoryEnv) -> usize {
    let tables = files(env).into_iter().filter(|(name, _)| name.ends_with(".ldb"));
    tables.map(|(_, bytes)| bytes.len()).sum()
}

/// The files in which the canary stands.
fn sightings(env: &MemoryEnv) -> Vec<String> {
    let sees = |bytes: &[u8]| bytes.windows(CANARY.len()).any(|window| window == CANARY);
    files(env).into_iter().filter(|(_, bytes)| sees(bytes)).map(|(name, _)| name).collect()
}

fn wait_until(what: &str, limit: Duration, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < limit, "{what}: not within {limit:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn fill(db: &Db, count: u32) {
    for index in 0..count {
        db.put(&key(index), &[index as u8; 500], Durability::Process).unwrap();
    }
}

#[test]
fn files_that_are_mostly_deletions_are_compacted_without_being_asked() {
    let env = MemoryEnv::new();
    let db = Db::open(DIRECTORY, options(&env)).unwrap();
    fill(&db, 4_000);
    db.compact_range(None, None).unwrap();
    assert!(table_bytes(&env) > 2_000_000);
    for index in 0..4_000 {
        db.delete(&key(index), Durability::Process).unwrap();
    }
    db.flush().unwrap();
    wait_until("space is back", Duration::from_secs(20), || table_bytes(&env) < 10_000);
    assert_eq!(db.range(..).unwrap().count(), 0);
}

#[test]
fn compacting_a_deleted_range_frees_its_space_and_no_other() {
    let env = MemoryEnv::new();
    let db = Db::open(DIRECTORY, options(&env)).unwrap();
    fill(&db, 4_000);
    db.compact_range(None, None).unwrap();
    let before = table_bytes(&env);
    for index in 1_000..3_000 {
        db.delete(&key(index), Durability::Process).unwrap();
    }
    db.compact_range(Some(&key(1_000)), Some(&key(2_999))).unwrap();
    wait_until("replaced tables are gone", Duration::from_secs(5), || {
        table_bytes(&env) < before * 54 / 100
    });
    assert!(table_bytes(&env) > before * 48 / 100);
    assert_eq!(db.range(..).unwrap().count(), 2_000);
    assert!(db.verify().unwrap().is_whole());
}

#[test]
fn a_deleted_value_is_gone_from_every_file_within_the_bound() {
    let env = MemoryEnv::new();
    let erase_within = Duration::from_secs(2);
    let db = Db::open(DIRECTORY, Options { erase_within, ..options(&env) }).unwrap();
    fill(&db, 1_000);
    db.put(&key(500), CANARY, Durability::Process).unwrap();
    db.compact_range(None, None).unwrap();
    assert!(!sightings(&env).is_empty());
    // One that only the log has, and one deep in the tables under others.
    db.put(b"log", CANARY, Durability::Process).unwrap();
    db.delete(b"log", Durability::Process).unwrap();
    db.delete(&key(500), Durability::Process).unwrap();
    // The threads look around every few seconds when nobody wakes them.
    wait_until("erased", erase_within + Duration::from_secs(6), || sightings(&env).is_empty());
    assert_eq!(db.range(..).unwrap().count(), 999);
}

#[test]
fn deletions_that_a_restart_found_in_the_log_are_erased_too() {
    let env = MemoryEnv::new();
    let erase_within = Duration::from_secs(2);
    let options = || Options { erase_within, ..options(&env) };
    let db = Db::open(DIRECTORY, options()).unwrap();
    db.put(b"a", CANARY, Durability::Process).unwrap();
    db.compact_range(None, None).unwrap();
    db.put(b"b", CANARY, Durability::Process).unwrap();
    db.delete(b"a", Durability::Process).unwrap();
    db.delete(b"b", Durability::Process).unwrap();
    drop(db);
    let _db = Db::open(DIRECTORY, options()).unwrap();
    wait_until("erased", erase_within + Duration::from_secs(6), || sightings(&env).is_empty());
}

#[test]
fn a_snapshot_keeps_deleted_values_until_it_is_dropped() {
    let env = MemoryEnv::new();
    let erase_within = Duration::from_secs(1);
    let db = Db::open(DIRECTORY, Options { erase_within, ..options(&env) }).unwrap();
    db.put(b"a", CANARY, Durability::Process).unwrap();
    let snapshot = db.snapshot().unwrap();
    db.delete(b"a", Durability::Process).unwrap();
    db.compact_range(None, None).unwrap();
    std::thread::sleep(Duration::from_secs(4));
    assert!(!sightings(&env).is_empty());
    assert_eq!(db.get_at(&snapshot, b"a").unwrap().unwrap(), CANARY);
    assert_eq!(db.get(b"a").unwrap(), None);
    drop(snapshot);
    wait_until("erased", erase_within + Duration::from_secs(6), || sightings(&env).is_empty());
}

#[test]
fn nothing_is_rewritten_again_and_again() {
    for held in [false, true] {
        let fault = FaultEnv::on_memory(MemoryEnv::new());
        let erase_within = Duration::from_secs(1);
        let db = Db::open(DIRECTORY, Options { erase_within, ..options(&fault) }).unwrap();
        fill(&db, 2_000);
        let snapshot = held.then(|| db.snapshot().unwrap());
        for index in (0..2_000).step_by(2) {
            db.delete(&key(index), Durability::Process).unwrap();
        }
        db.flush().unwrap();
        // Whatever there is to do is done by now, and was looked for once more.
        std::thread::sleep(Duration::from_secs(9));
        let before = fault.mutation_count();
        std::thread::sleep(Duration::from_secs(6));
        assert_eq!(fault.mutation_count(), before, "held: {held}");
        assert_eq!(db.range(..).unwrap().count(), 1_000);
        if let Some(snapshot) = snapshot {
            let all = db.iter_at(&snapshot, sigil_leveldb::Range::all()).unwrap();
            assert_eq!(sigil_leveldb::Entries::forward(all).count(), 2_000);
        }
    }
}

/// A database with a deletion in one of the last of its many tables, beside the value that it
/// deleted: a snapshot had held that.
fn with_a_deletion_in_the_last_table() -> MemoryEnv {
    let env = MemoryEnv::new();
    let db = Db::open(DIRECTORY, options(&env)).unwrap();
    fill(&db, 4_000);
    db.put(&key(3_990), CANARY, Durability::Process).unwrap();
    let snapshot = db.snapshot().unwrap();
    db.delete(&key(3_990), Durability::Process).unwrap();
    db.compact_range(None, None).unwrap();
    drop(snapshot);
    db.close().unwrap();
    let tables = files(&env).into_iter().filter(|(name, _)| name.ends_with(".ldb")).count();
    assert!(tables > 30 && !sightings(&env).is_empty(), "{tables} tables");
    env
}

#[test]
fn deletions_that_a_restart_found_in_tables_are_erased_too() {
    for max_open_files in [0, 16, 1_000] {
        let env = with_a_deletion_in_the_last_table();
        let erase_within = Duration::from_secs(2);
        let options = Options { erase_within, max_open_files, ..options(&env) };
        let db = Db::open(DIRECTORY, options).unwrap();
        wait_until("erased", erase_within + Duration::from_secs(6), || sightings(&env).is_empty());
        assert!(env.open_files().tables <= max_open_files.max(16) + 2);
        assert_eq!(db.range(..).unwrap().count(), 3_999);
    }
}

#[test]
fn tables_that_could_not_be_opened_at_first_are_looked_at_later() {
    for errno in [errno::EMFILE, errno::EIO] {
        let env = with_a_deletion_in_the_last_table();
        let fault = FaultEnv::on_memory(env.clone());
        fault.set_plan(FaultPlan::fail_from(0, errno).on(IoOperation::Open).of(FileKind::Table(0)));
        let erase_within = Duration::from_secs(2);
        let _db = Db::open(DIRECTORY, Options { erase_within, ..options(&fault) }).unwrap();
        wait_until("it is tried", Duration::from_secs(20), || {
            fault.op_count_of(IoOperation::Open, Some(FileKind::Table(0))) > 0
        });
        fault.clear_plan();
        let limit = erase_within + Duration::from_secs(12);
        wait_until("erased", limit, || sightings(&env).is_empty());
    }
}
