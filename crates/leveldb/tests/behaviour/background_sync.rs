//! An `Interval` write survives a power cut once its interval is over, although nobody calls the
//! database again; a `Process` write of the same log may be lost, and nothing else may go before it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sigil_leveldb::env::{CrashMode, Env, FaultEnv, FaultPlan, MemoryEnv, errno};
use sigil_leveldb::{Db, Durability, FileKind, IoOperation, Options, ReserveSize};

use super::{DIRECTORY, noise, open, options, wait_until};
use crate::gate::{Gate, on_thread};
use crate::task::spawn_known;

const INTERVAL: Duration = Duration::from_millis(50);

/// What machines under load may add.
const SLACK: Duration = Duration::from_secs(2);

fn survives(env: &MemoryEnv, key: &[u8]) -> bool {
    open(&env.crash(CrashMode::Drop)).get(key).unwrap().is_some()
}

#[test]
fn an_interval_write_is_durable_within_its_interval_without_another_call() {
    let env = MemoryEnv::new();
    let db = Db::open(DIRECTORY, Options { sync_interval: INTERVAL, ..options(&env) }).unwrap();
    let durable_after = |round: u32| {
        let (key, begun) = (round.to_le_bytes(), Instant::now());
        db.put(&key, b"v", Durability::Interval).unwrap();
        wait_until("durable", INTERVAL + SLACK, || survives(&env, &key));
        begun.elapsed()
    };
    // Whoever syncs is woken: he would not look around by himself so soon.
    let quickest = (0..10).map(durable_after).min().unwrap();
    assert!(quickest < 4 * INTERVAL, "{quickest:?}");
}

#[test]
fn what_piles_up_in_the_log_is_synced_although_nobody_asked_for_it() {
    let env = MemoryEnv::new();
    let options = Options {
        sync_interval: Duration::from_secs(3_600),
        write_buffer_size: 64 << 20,
        ..options(&env)
    };
    let db = Db::open(DIRECTORY, options).unwrap();
    let piece = noise(1, 1 << 20);
    db.put(b"k", &piece, Durability::Process).unwrap();
    // The memtable does not come to be full, which would have the log synced too.
    let is_synced = |_| {
        (0..2).for_each(|_| db.put(b"l", &piece, Durability::Process).unwrap());
        std::thread::sleep(Duration::from_millis(200));
        survives(&env, b"k")
    };
    assert!((0..25).any(is_synced));
}

#[test]
fn an_interval_write_is_not_synced_at_once_and_many_share_a_sync() {
    let fault = FaultEnv::on_memory(MemoryEnv::new());
    let interval = Duration::from_millis(200);
    let db = Db::open(DIRECTORY, Options { sync_interval: interval, ..options(&fault) }).unwrap();
    let syncs = || fault.op_count_of(IoOperation::Sync, Some(FileKind::Log(0)));
    let before = syncs();
    let begun = Instant::now();
    let mut writes = 0_u64;
    // The first sync may have to wait for a core as well.
    while begun.elapsed() < Duration::from_millis(700) || syncs() == before {
        assert!(begun.elapsed() < Duration::from_secs(20));
        db.put(b"k", b"v", Durability::Interval).unwrap();
        writes += 1;
        std::thread::sleep(Duration::from_millis(1));
    }
    let synced = syncs() - before;
    let most = begun.elapsed().as_millis() as u64 / 200 + 2;
    assert!((1..=most).contains(&synced), "{synced} syncs for {writes} writes");
}

#[test]
fn what_was_acknowledged_is_durable_after_a_close() {
    let env = MemoryEnv::new();
    let db =
        Db::open(DIRECTORY, Options { sync_interval: Duration::from_secs(3_600), ..options(&env) })
            .unwrap();
    db.put(b"k", b"v", Durability::Process).unwrap();
    assert!(!survives(&env, b"k"));
    db.close().unwrap();
    assert!(survives(&env, b"k"));
}

#[test]
fn what_is_acknowledged_while_closing_is_durable_too() {
    for _ in 0..50 {
        let env = MemoryEnv::new();
        let options = Options { sync_interval: Duration::from_secs(3_600), ..options(&env) };
        let db = Db::open(DIRECTORY, options).unwrap();
        let acknowledged = std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                let mut count = 0_u32;
                while db.put(&count.to_le_bytes(), b"v", Durability::Interval).is_ok() {
                    count += 1;
                }
                count
            });
            std::thread::sleep(Duration::from_millis(1));
            db.close().unwrap();
            writer.join().unwrap()
        });
        let after = open(&env.crash(CrashMode::Drop));
        for index in 0..acknowledged {
            assert!(after.get(&index.to_le_bytes()).unwrap().is_some(), "{index}/{acknowledged}");
        }
    }
}

/// A gate before the calls of a database on `disk`.
fn gated(disk: impl Env, changes: Options) -> (Arc<Gate>, Db) {
    let (gate, env) = Gate::before(disk);
    let options = Options { sync_interval: INTERVAL, env: Arc::new(env), ..changes };
    (gate, Db::open(DIRECTORY, options).unwrap())
}

#[test]
fn putting_space_aside_holds_up_no_sync() {
    let memory = MemoryEnv::new();
    let fault = FaultEnv::on_memory(memory.clone());
    let (gate, db) = gated(
        fault.clone(),
        Options { reserve_size: ReserveSize::Bytes(1 << 20), ..options(&memory) },
    );
    db.put(b"k", b"v", Durability::Sync).unwrap();
    let _shut = gate.shut(|call| {
        on_thread("sigil-upkeep") && FileKind::of(&call.path) == FileKind::of("RESERVE".as_ref())
    });
    fault.set_plan(FaultPlan::fail_nth(0, errno::ENOSPC).on(IoOperation::Write));
    assert!(db.put(b"l", b"v", Durability::Process).is_err());
    wait_until("it hangs", Duration::from_secs(20), || gate.waiting() > 0);
    assert!(survives(&memory, b"k"));
    db.delete(b"k", Durability::Interval).unwrap();
    wait_until("durable", INTERVAL + SLACK, || !survives(&memory, b"k"));
    assert!(gate.waiting() > 0);
    gate.open();
}

#[test]
fn writers_who_wait_for_a_flush_hold_up_no_sync() {
    let memory = MemoryEnv::new();
    let (gate, db) =
        gated(memory.clone(), Options { max_pending_memtables: 1, ..options(&memory) });
    let written = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let _shut = gate.shut(|call| {
            on_thread("sigil-flush") && matches!(FileKind::of(&call.path), FileKind::Table(_))
        });
        let (_, writer) = spawn_known(scope, || {
            for index in 0..1_000_u32 {
                db.put(&index.to_be_bytes(), &noise(index.into(), 300), Durability::Interval)
                    .unwrap();
                written.fetch_add(1, Ordering::SeqCst);
            }
        });
        wait_until("the flush hangs", Duration::from_secs(20), || gate.waiting() > 0);
        writer.comes_to_wait();
        let acknowledged = written.load(Ordering::SeqCst);
        let durable = || open(&memory.crash(CrashMode::Drop)).range(..).unwrap().count();
        wait_until("durable", INTERVAL + SLACK, || durable() >= acknowledged);
        assert!(gate.waiting() > 0 && acknowledged < 1_000);
        gate.open();
    });
    assert_eq!(db.range(..).unwrap().count(), 1_000);
}
