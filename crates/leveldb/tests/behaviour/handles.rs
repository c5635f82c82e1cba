//! Open files are counted by the file system, and none is left open: not by a close while cursors
//! and snapshots are held, once those are dropped, and not by a drop.

use std::time::Duration;

use sigil_leveldb::env::{Env, FaultEnv, FaultPlan, MemoryEnv, errno};
use sigil_leveldb::{Db, Durability, FileKind, IoOperation, Options, Range};

use super::{DIRECTORY, noise, open, options, wait_until};

fn filled(env: &MemoryEnv) -> Db {
    let db = open(env);
    fill(&db);
    db
}

fn fill(db: &Db) {
    for index in 0..3_000_u32 {
        let key = index.wrapping_mul(2_654_435_761).to_be_bytes();
        db.put(&key, &noise(index.into(), 200), Durability::Process).unwrap();
    }
}

#[test]
fn a_close_leaves_nothing_open() {
    let env = MemoryEnv::new();
    let db = filled(&env);
    assert_eq!(db.range(..).unwrap().count(), 3_000);
    assert!(env.open_files().tables > 0);
    db.close().unwrap();
    assert_eq!(env.open_files().total(), 0, "{:?}", env.open_files());
}

#[test]
fn what_a_cursor_holds_open_is_closed_with_the_cursor() {
    let env = MemoryEnv::new();
    let db = filled(&env);
    let snapshot = db.snapshot().unwrap();
    let mut cursor = db.iter_at(&snapshot, Range::all()).unwrap();
    cursor.seek_to_first().unwrap();
    db.close().unwrap();
    let open = env.open_files();
    assert_eq!((open.logs, open.manifests, open.locks, open.others), (0, 0, 0, 0), "{open:?}");
    drop(cursor);
    assert_eq!(env.open_files().total(), 0, "{:?}", env.open_files());
    drop(snapshot);
}

#[test]
fn dropping_the_last_handle_closes_it() {
    let env = MemoryEnv::new();
    let db = filled(&env);
    let clone = db.clone();
    drop(db);
    assert_eq!(clone.range(..).unwrap().count(), 3_000);
    drop(clone);
    assert_eq!(env.open_files().total(), 0, "{:?}", env.open_files());
    assert_eq!(open(&env).range(..).unwrap().count(), 3_000);
}

#[test]
fn a_follower_leaves_nothing_open() {
    let env = MemoryEnv::new();
    filled(&env).close().unwrap();
    let follower = Db::open(DIRECTORY, Options { read_only: true, ..options(&env) }).unwrap();
    assert!(env.open_files().tables > 0);
    assert_eq!(env.open_files().locks, 0);
    assert_eq!(follower.range(..).unwrap().count(), 3_000);
    follower.close().unwrap();
    assert_eq!(env.open_files().total(), 0, "{:?}", env.open_files());
}

#[test]
fn no_more_tables_are_open_than_the_option_says() {
    for (max_open_files, at_most) in [(20, 20), (16, 16), (3, 16), (0, 16)] {
        check_open_tables(max_open_files, at_most);
    }
}

/// Less than 16 count as 16. One more is open while it is read by somebody.
fn check_open_tables(max_open_files: usize, at_most: usize) {
    let env = MemoryEnv::new();
    let options = Options { max_open_files, ..options(&env) };
    let db = Db::open(DIRECTORY, options).unwrap();
    for index in 0..20_000_u32 {
        db.put(&index.to_be_bytes(), &noise(index.into(), 200), Durability::Process).unwrap();
    }
    db.compact_range(None, None).unwrap();
    for index in (0..20_000_u32).step_by(7) {
        db.get(&index.to_be_bytes()).unwrap().unwrap();
    }
    let files: usize = (0..7)
        .map(|level| db.property(&format!("leveldb.num-files-at-level{level}")).unwrap().unwrap())
        .map(|count| count.parse::<usize>().unwrap())
        .sum();
    assert!(files > 30, "{files}");
    assert!(env.open_files().tables <= at_most + 1, "{:?}", env.open_files());
}

/// The tables on the disk come to be those that are in force.
fn has_no_other_tables(env: &MemoryEnv, db: &Db) {
    let on_disk = || {
        let names = env.list(DIRECTORY.as_ref()).unwrap();
        names.iter().filter(|name| name.extension().is_some_and(|end| end == "ldb")).count()
    };
    let in_force = || {
        let count =
            |level| db.property(&format!("leveldb.num-files-at-level{level}")).unwrap().unwrap();
        (0..7).map(|level| count(level).parse::<usize>().unwrap()).sum::<usize>()
    };
    wait_until("the same files", Duration::from_secs(10), || on_disk() == in_force());
}

#[test]
fn tables_that_a_failed_compaction_has_written_are_removed() {
    let memory = MemoryEnv::new();
    let fault = FaultEnv::on_memory(memory.clone());
    // Two tables, one below the other, and nothing that would be compacted without being asked.
    let db =
        Db::open(DIRECTORY, Options { write_buffer_size: 8 << 20, ..options(&fault) }).unwrap();
    for _ in 0..2 {
        fill(&db);
        db.flush().unwrap();
    }
    // Others are written before the one that fails.
    let plan = FaultPlan::fail_nth(5, errno::EIO).on(IoOperation::Create);
    fault.set_plan(plan.of(FileKind::Table(0)));
    assert_eq!(db.compact_range(None, None).unwrap_err().errno(), Some(errno::EIO));
    has_no_other_tables(&memory, &db);
    assert_eq!(db.range(..).unwrap().count(), 3_000);
}

#[test]
fn replaced_tables_are_removed_without_being_asked() {
    let env = MemoryEnv::new();
    let db = filled(&env);
    db.compact_range(None, None).unwrap();
    has_no_other_tables(&env, &db);
}
