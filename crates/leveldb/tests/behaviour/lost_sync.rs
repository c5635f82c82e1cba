//! A log whose background sync failed is replaced without another call: what stood in it is written
//! anew from memory, as `Interval` promises, and the failure is gone from the health board then.

use std::time::Duration;

use sigil_leveldb::env::{CrashMode, FaultEnv, FaultPlan, MemoryEnv, errno};
use sigil_leveldb::{Db, Durability, FileKind, IoOperation, Options};

use super::{DIRECTORY, open, options, wait_until};

#[test]
fn a_failed_background_sync_costs_nothing_and_needs_no_further_call() {
    let memory = MemoryEnv::new();
    let fault = FaultEnv::on_memory(memory.clone());
    let sync_interval = Duration::from_millis(20);
    let db = Db::open(DIRECTORY, Options { sync_interval, ..options(&fault) }).unwrap();
    let plan = FaultPlan::fail_nth(0, errno::EIO);
    fault.set_plan(plan.on(IoOperation::Sync).of(FileKind::Log(0)));
    db.put(b"a", b"1", Durability::Interval).unwrap();
    wait_until("durable", Duration::from_secs(5), || {
        open(&memory.crash(CrashMode::Drop)).get(b"a").unwrap().is_some()
    });
    wait_until("healthy", Duration::from_secs(5), || db.health().is_healthy());
    db.put(b"b", b"1", Durability::Sync).unwrap();
    assert!(open(&memory.crash(CrashMode::Drop)).get(b"b").unwrap().is_some());
}
