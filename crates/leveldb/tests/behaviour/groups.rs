//! Writers that come while another writes are committed together: each gets what it asked for and
//! hears how it went, and who may not wait is told so at once.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use sigil_leveldb::env::{CrashMode, FaultEnv, FaultPlan, MemoryEnv, errno};
use sigil_leveldb::{Db, Durability, Error, FileKind, IoOperation, Options, Result, WriteBatch};

use super::{DIRECTORY, open, options, wait_until};
use crate::gate::{Gate, Stopped, on_thread};
use crate::tap::{Call, TapEnv};
use crate::task::spawn_known;

struct Scene {
    memory: MemoryEnv,
    fault: FaultEnv,
    gate: Arc<Gate>,
    db: Db,
}

fn scene(changes: impl FnOnce(Options) -> Options) -> Scene {
    let memory = MemoryEnv::new();
    let fault = FaultEnv::on_memory(memory.clone());
    let (gate, env) = Gate::before(fault.clone());
    // Nobody syncs in the background.
    let options = Options { sync_interval: Duration::from_secs(3_600), ..options(&env) };
    let db = Db::open(DIRECTORY, changes(options)).unwrap();
    Scene { memory, fault, gate, db }
}

fn writes_the_log(call: &Call) -> bool {
    call.operation == IoOperation::Write && is_log(call)
}

fn syncs_the_log(call: &Call) -> bool {
    call.operation == IoOperation::Sync && is_log(call)
}

fn with_large_buffers(options: Options) -> Options {
    Options { write_buffer_size: 8 << 20, max_pending_memtables: 3, ..options }
}

fn is_flush(call: &Call) -> bool {
    on_thread("sigil-flush") && matches!(FileKind::of(&call.path), FileKind::Table(_))
}

fn is_log(call: &Call) -> bool {
    matches!(FileKind::of(&call.path), FileKind::Log(_))
}

/// Writers that stand in line, in this order, behind one whose append hangs. `before` is called
/// just before it goes on. Gives what each was told, and what a power cut would have left then.
fn behind_a_leader(
    scene: &Scene,
    line: &[(&[u8], Durability)],
    before: impl FnOnce(),
) -> Vec<(Result<()>, MemoryEnv)> {
    let Scene { memory, gate, db, .. } = scene;
    thread::scope(|scope| {
        let _shut = gate.shut(writes_the_log);
        let leader = scope.spawn(|| db.put(b"leader", b"1", Durability::Process));
        wait_until("the leader hangs", Duration::from_secs(20), || gate.waiting() > 0);
        let spawn = |(key, durability): &(&[u8], Durability)| {
            let (key, durability) = (key.to_vec(), *durability);
            let (writer, task) = spawn_known(scope, move || {
                let told = db.put(&key, b"1", durability);
                (told, memory.crash(CrashMode::Drop))
            });
            task.comes_to_wait();
            writer
        };
        let writers: Vec<_> = line.iter().map(spawn).collect();
        before();
        gate.open();
        leader.join().unwrap().unwrap();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    })
}

#[test]
fn a_writer_who_needs_a_sync_is_not_served_by_a_group_without_one() {
    use Durability::{Interval, Process, Sync};
    let line: [(&[u8], _); 4] = [(b"a", Process), (b"b", Sync), (b"c", Interval), (b"d", Sync)];
    for turned in 0..line.len() {
        let scene = scene(|options| options);
        let mut line = line;
        line.rotate_left(turned);
        let told = behind_a_leader(&scene, &line, || {});
        for ((key, durability), (told, left)) in line.iter().zip(told) {
            told.unwrap();
            let survives = open(&left).get(key).unwrap().is_some();
            assert!(survives || *durability != Sync, "{} is lost", key.escape_ascii());
        }
    }
}

/// One append or sync is all that fails, and everybody who was in the group is told.
#[test]
fn everybody_in_a_group_that_fails_is_told_and_nothing_of_it_is_there() {
    for durability in [Durability::Process, Durability::Sync] {
        let scene = scene(|options| options);
        let keys: [&[u8]; 3] = [b"a", b"b", b"c"];
        let line = keys.map(|key| (key, durability));
        let told = behind_a_leader(&scene, &line, || {
            let plan = match durability {
                // The first append is that of the leader, who hangs in it.
                Durability::Process => FaultPlan::fail_nth(1, errno::EIO).on(IoOperation::Write),
                _ => FaultPlan::fail_nth(0, errno::EIO).on(IoOperation::Sync),
            };
            scene.fault.set_plan(plan.of(FileKind::Log(0)).writing(3));
        });
        for (told, _) in told {
            assert_eq!(told.unwrap_err().errno(), Some(errno::EIO));
        }
        let has_only = |db: &Db, key: &[u8]| {
            assert!(keys.iter().all(|key| db.get(key).unwrap().is_none()));
            assert!(db.get(b"leader").unwrap().is_some() && db.get(key).unwrap().is_some());
            assert_eq!(db.range(..).unwrap().count(), 2);
        };
        scene.db.put(b"later", b"1", Durability::Sync).unwrap();
        has_only(&scene.db, b"later");
        scene.db.close().unwrap();
        for mode in [CrashMode::Keep, CrashMode::Drop] {
            has_only(&open(&scene.memory.crash(mode)), b"later");
        }
    }
}

fn small() -> WriteBatch {
    let mut batch = WriteBatch::new();
    batch.put(b"small", b"1");
    batch
}

/// While `act` hangs in a call, a write that may not wait is refused, and at once.
fn refused_during(stopped: Stopped, act: impl Fn(&Db) + Sync) {
    let scene = scene(|options| Options { max_pending_memtables: 1, ..options });
    let Scene { gate, db, .. } = &scene;
    db.put(b"first", b"1", Durability::Process).unwrap();
    thread::scope(|scope| {
        let _shut = gate.shut(stopped);
        let (_, acting) = spawn_known(scope, || act(db));
        wait_until("it hangs", Duration::from_secs(20), || gate.waiting() > 0);
        // It may be a thread of the engine that hangs, and `act` that waits for it by and by.
        acting.comes_to_wait();
        for _ in 0..20 {
            let (mut batch, asked) = (small(), Instant::now());
            let answer = db.try_write(&mut batch, Durability::Process);
            assert!(matches!(answer, Err(Error::WouldBlock)), "{answer:?}");
            assert!(asked.elapsed() < Duration::from_secs(1) && batch.len() == 1);
        }
        assert!(gate.waiting() > 0);
        gate.open();
    });
    wait_until("it is written", Duration::from_secs(10), || {
        db.try_write(&mut small(), Durability::Process).is_ok()
    });
}

#[test]
fn a_write_that_may_not_wait_is_refused_while_somebody_is_at_the_log() {
    let put = |durability| move |db: &Db| db.put(b"a", b"1", durability).unwrap();
    refused_during(writes_the_log, put(Durability::Process));
    refused_during(syncs_the_log, put(Durability::Sync));
    refused_during(syncs_the_log, |db| db.sync().unwrap());
    refused_during(syncs_the_log, |db| db.flush().unwrap());
}

#[test]
fn a_write_that_may_not_wait_is_refused_while_a_writer_waits_for_a_flush() {
    refused_during(is_flush, |db| {
        for index in 0..1_000_u32 {
            db.put(&index.to_be_bytes(), &[1; 300], Durability::Process).unwrap();
        }
    });
}

/// There is room for it, and nobody is at the log: it is only its turn that has not come.
#[test]
fn a_write_that_may_not_wait_is_refused_where_it_would_be_delayed() {
    let scene = scene(with_large_buffers);
    let Scene { gate, db, .. } = &scene;
    let _shut = gate.shut(is_flush);
    let fill = |bytes| {
        let mut batch = WriteBatch::new();
        batch.put(b"large", &vec![1; bytes]);
        db.write(batch, Durability::Process).unwrap();
    };
    // Three memtables wait, and the fourth has room.
    (0..3).for_each(|_| fill(8 << 20));
    db.put(b"a", b"1", Durability::Process).unwrap();
    let turn_comes = || {
        wait_until("its turn comes", Duration::from_secs(10), || {
            db.try_write(&mut small(), Durability::Process).is_ok()
        });
    };
    turn_comes();
    // A delay can pass before it is asked for, where others want the cores too.
    let is_refused = |_| {
        fill(1 << 20);
        let mut batch = small();
        let answer = db.try_write(&mut batch, Durability::Process);
        matches!(answer, Err(Error::WouldBlock)) && batch.len() == 1
    };
    assert!((0..6).any(is_refused));
    turn_comes();
    gate.open();
}

#[test]
fn writers_are_slowed_down_where_the_background_is_behind() {
    let scene = scene(with_large_buffers);
    let Scene { gate, db, .. } = &scene;
    let _shut = gate.shut(is_flush);
    let put = |bytes| db.put(b"large", &vec![1; bytes], Durability::Process).unwrap();
    // Three memtables come to wait, and the fourth has room.
    (0..3).for_each(|_| put(8 << 20));
    put(1);
    let begun = Instant::now();
    (0..6).for_each(|_| put(1 << 20));
    // At the pace of the background they would be five times as long; each waits for a part of it.
    assert!(begun.elapsed() > Duration::from_millis(40), "{:?}", begun.elapsed());
    gate.open();
}

#[test]
fn flushing_waits_until_everything_is_in_tables() {
    let env = TapEnv::new(Arc::new(MemoryEnv::new()), |call: Call| {
        if matches!(FileKind::of(&call.path), FileKind::Table(_)) {
            thread::sleep(Duration::from_millis(20));
        }
    });
    let db = open(&env);
    for round in 0..3_u32 {
        db.put(&round.to_be_bytes(), b"1", Durability::Process).unwrap();
        db.flush().unwrap();
        assert_eq!(db.health().pending_memtables, 0);
    }
}

#[test]
fn writers_that_wait_for_the_disk_share_a_sync() {
    const WRITERS: u64 = 16;
    const WRITES: u64 = 50;
    let memory = MemoryEnv::new();
    let fault = FaultEnv::on_memory(memory.clone());
    // A sync takes as long as one on a disk.
    let env = TapEnv::new(Arc::new(fault.clone()), |call: Call| {
        if syncs_the_log(&call) {
            thread::sleep(Duration::from_millis(2));
        }
    });
    let db = Db::open(DIRECTORY, options(&env)).unwrap();
    let syncs = || fault.op_count_of(IoOperation::Sync, Some(FileKind::Log(0)));
    let before = syncs();
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let db = &db;
            scope.spawn(move || {
                for write in 0..WRITES {
                    let key = (writer * WRITES + write).to_be_bytes();
                    db.put(&key, &[0; 20], Durability::Sync).unwrap();
                }
            });
        }
    });
    let synced = syncs() - before;
    assert!(synced * 4 < WRITERS * WRITES, "{synced} syncs");
    assert!(synced >= WRITES, "a writer has one write under way at a time: {synced}");
    assert_eq!(db.range(..).unwrap().count() as u64, WRITERS * WRITES);
    let after = open(&memory.crash(CrashMode::Drop));
    assert_eq!(after.range(..).unwrap().count() as u64, WRITERS * WRITES);
}
