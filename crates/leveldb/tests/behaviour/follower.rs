//! What following means for the calls that concern a writer and its follower differently.

use sigil_leveldb::env::{Env, FaultEnv, FaultPlan, MemoryEnv, errno};
use sigil_leveldb::{Db, Durability, Error, FileKind, Options};

use super::{DIRECTORY, open, options};

fn follow(env: &(impl Env + Clone)) -> Db {
    Db::open(DIRECTORY, Options { read_only: true, ..options(env) }).unwrap()
}

#[test]
fn refreshing_a_writer_changes_nothing() {
    let db = open(&MemoryEnv::new());
    db.put(b"a", b"1", Durability::Process).unwrap();
    assert!(!db.refresh().unwrap());
    assert_eq!(db.get(b"a").unwrap().unwrap(), "1");
}

#[test]
fn a_follower_makes_no_checkpoint_and_the_place_stays_empty() {
    let env = MemoryEnv::new();
    let db = open(&env);
    db.put(b"a", b"1", Durability::Process).unwrap();
    let follower = follow(&env);
    assert!(matches!(follower.checkpoint("/copy"), Err(Error::ReadOnly)));
    assert!(env.list("/copy".as_ref()).is_err());
    db.checkpoint("/copy").unwrap();
    let copy = Db::open("/copy", options(&env)).unwrap();
    assert_eq!(copy.get(b"a").unwrap().unwrap(), "1");
}

#[test]
fn a_refresh_that_fails_leaves_what_was_shown_and_can_be_tried_again() {
    let memory = MemoryEnv::new();
    let db = open(&memory);
    db.put(b"a", b"1", Durability::Process).unwrap();
    let fault = FaultEnv::on_memory(memory);
    let follower = follow(&fault);
    let before = follower.snapshot().unwrap();
    db.put(b"a", b"2", Durability::Process).unwrap();
    db.compact_range(None, None).unwrap();
    fault.set_plan(FaultPlan::fail_from(0, errno::EIO).of(FileKind::Table(0)));
    assert_eq!(follower.refresh().unwrap_err().errno(), Some(errno::EIO));
    assert_eq!(follower.get(b"a").unwrap().unwrap(), "1");
    fault.clear_plan();
    assert!(follower.refresh().unwrap());
    assert_eq!(follower.get(b"a").unwrap().unwrap(), "2");
    assert_eq!(follower.get_many_at(&before, &[b"a"]).unwrap(), [Some("1".into())]);
    assert_eq!(follower.range_at(&before, ..).unwrap().count(), 1);
}
