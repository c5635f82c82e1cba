//! A disk that is full: puts get the error that says so, what makes room still works, everything
//! acknowledged stays readable, and once there is room again the handle accepts writes as before.
//! A reserve file, where one was asked for, is what deleting and compacting then live on.

// What a test calls is a test as well.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use sigil_leveldb::env::{CrashMode, Env, FaultEnv, FaultPlan, MemoryEnv, errno};
use sigil_leveldb::{
    Db, Durability, Entries, Error, FileKind, IoOperation, Options, Range, ReserveSize, Result,
};

use support::gate::{Gate, on_thread};
use support::random::noise;
use support::recovered::{becomes_healthy, options};
use support::task::spawn_known;
use support::watch::watched;
use support::workload::DIRECTORY;

const LIMIT: Duration = Duration::from_secs(120);
const PATIENCE: Duration = Duration::from_secs(20);
const RESERVE: u64 = 256 << 10;
const ROOM: u64 = 1 << 20;

struct Disk {
    memory: MemoryEnv,
    fault: FaultEnv,
    db: Db,
    /// Keys from 0 to here were acknowledged.
    written: u32,
}

fn key(index: u32) -> [u8; 4] {
    index.to_be_bytes()
}

/// A value that does not compress.
fn value(index: u32) -> Vec<u8> {
    noise(index.into(), 300)
}

impl Disk {
    fn with_reserve(size: u64) -> Self {
        Self::with(|options| Options { reserve_size: ReserveSize::Bytes(size), ..options })
    }

    fn with(change: impl FnOnce(Options) -> Options) -> Self {
        let memory = MemoryEnv::new();
        let fault = FaultEnv::on_memory(memory.clone());
        fault.set_free_space(Some(ROOM));
        let db = Db::open(DIRECTORY, change(options(fault.clone()))).unwrap();
        Self { memory, fault, db, written: 0 }
    }

    fn put(&mut self) -> Result<()> {
        let started = Instant::now();
        let put = self.db.put(&key(self.written), &value(self.written), Durability::Process);
        assert!(started.elapsed() < PATIENCE);
        put.map(|()| self.written += 1)
    }

    fn fill(&mut self) -> Error {
        loop {
            if let Err(error) = self.put() {
                return error;
            }
        }
    }

    /// Checks that the keys from `from` on are all there is.
    fn has_all_from(&self, db: &Db, from: u32) {
        let found = Entries::forward(db.iter(Range::all()).unwrap());
        let found: Vec<_> = found.collect::<Result<_>>().unwrap();
        assert_eq!(found.len() as u32, self.written - from);
        for ((found_key, found_value), index) in found.iter().zip(from..) {
            assert_eq!((&found_key[..], &found_value[..]), (&key(index)[..], &value(index)[..]));
        }
    }

    /// Retries until it works.
    fn soon<T>(&self, what: &str, act: impl Fn(&Db) -> Result<T>) -> T {
        let started = Instant::now();
        loop {
            match act(&self.db) {
                Ok(done) => return done,
                Err(error) => {
                    assert!(error.is_out_of_space(), "{what}: {error}");
                    assert!(started.elapsed() < PATIENCE, "{what}: {error}");
                    std::thread::sleep(Duration::from_millis(5));
                }
            }
        }
    }

    /// Gives the first key that is left.
    fn delete_all_but_the_last_hundred(&self) -> u32 {
        let from = self.written - 100;
        for index in 0..from {
            self.db.delete(&key(index), Durability::Process).unwrap();
        }
        from
    }

    /// The space is put aside again in the background, and puts are refused until then.
    fn soon_puts_again(&mut self) {
        let index = self.written;
        self.soon("put", |db| db.put(&key(index), &value(index), Durability::Sync));
        self.written += 1;
    }

    fn recovers_with_more_room(&mut self, from: u32) {
        self.fault.set_free_space(Some(4 * ROOM));
        self.soon_puts_again();
        becomes_healthy(&self.db).unwrap();
        for _ in 0..500 {
            self.put().unwrap();
        }
        self.has_all_from(&self.db, from);
        self.db.close().unwrap();
        let disk = self.memory.crash(CrashMode::Drop);
        let db = Db::open(DIRECTORY, options(disk)).unwrap();
        self.has_all_from(&db, from);
        assert!(db.verify().unwrap().is_whole());
    }
}

#[test]
fn without_a_reserve_puts_fail_until_there_is_room() {
    watched(LIMIT, || {
        let mut disk = Disk::with_reserve(0);
        let error = disk.fill();
        assert!(error.is_out_of_space(), "{error}");
        assert!(disk.written > 1_000, "{} keys fit", disk.written);
        let health = disk.db.health();
        assert!(health.out_of_space && !health.is_healthy(), "{health:?}");
        for _ in 0..50 {
            if let Err(error) = disk.put() {
                assert!(error.is_out_of_space(), "{error}");
            }
        }
        disk.has_all_from(&disk.db, 0);
        let killed = Db::open(DIRECTORY, options(disk.memory.crash(CrashMode::Keep))).unwrap();
        disk.has_all_from(&killed, 0);
        disk.recovers_with_more_room(0);
    });
}

#[test]
fn the_reserve_lets_deletions_and_compactions_make_room() {
    watched(LIMIT, || {
        let mut disk = Disk::with_reserve(RESERVE);
        let reserve = Path::new(DIRECTORY).join("RESERVE");
        assert_eq!(disk.memory.size(&reserve).unwrap(), RESERVE);
        let error = disk.fill();
        assert!(error.is_out_of_space(), "{error}");
        let health = disk.db.health();
        assert!(health.out_of_space && !health.is_healthy(), "{health:?}");
        assert!(disk.memory.size(&reserve).is_err(), "the reserve was not given up");
        disk.has_all_from(&disk.db, 0);

        // All but the last hundred go, without more room from outside.
        let from = disk.delete_all_but_the_last_hundred();
        disk.db.compact_range(None, Some(&key(from))).unwrap();
        disk.has_all_from(&disk.db, from);
        disk.soon_puts_again();
        assert_eq!(disk.memory.size(&reserve).unwrap(), RESERVE);
        disk.recovers_with_more_room(from);
    });
}

/// What was deleted before its flush needs no room for it, however much that would have been.
#[test]
fn what_was_filled_and_deleted_within_a_memtable_can_be_flushed() {
    watched(LIMIT, || {
        let mut disk = Disk::with(|options| Options {
            reserve_size: ReserveSize::Bytes(RESERVE),
            write_buffer_size: 4 * ROOM as usize,
            ..options
        });
        disk.fill();
        let tables = disk.memory.list(Path::new(DIRECTORY)).unwrap().into_iter();
        let tables: Vec<_> =
            tables.filter(|name| name.extension().is_some_and(|it| it == "ldb")).collect();
        assert!(tables.is_empty(), "{tables:?} were flushed");
        let from = disk.delete_all_but_the_last_hundred();
        disk.db.compact_range(None, None).unwrap();
        disk.has_all_from(&disk.db, from);
        disk.soon_puts_again();
        disk.recovers_with_more_room(from);
    });
}

/// The memtable that waits does not fit, and what is deleted of it is in the one behind.
#[test]
fn what_was_deleted_of_a_memtable_that_does_not_fit_is_not_flushed() {
    watched(LIMIT, || {
        let mut disk = Disk::with(|options| Options {
            reserve_size: ReserveSize::Bytes(RESERVE),
            write_buffer_size: 700 << 10,
            ..options
        });
        let error = disk.fill();
        assert!(error.is_out_of_space(), "{error}");
        assert_eq!(disk.db.health().pending_memtables, 1);
        let from = disk.delete_all_but_the_last_hundred();
        disk.soon("compaction", |db| db.compact_range(None, None));
        disk.has_all_from(&disk.db, from);
        disk.soon_puts_again();
        disk.recovers_with_more_room(from);
    });
}

#[test]
fn a_full_disk_can_be_closed_and_opened() {
    watched(LIMIT, || {
        let mut disk = Disk::with_reserve(RESERVE);
        disk.fill();
        disk.db.close().unwrap();
        let again =
            Options { reserve_size: ReserveSize::Bytes(RESERVE), ..options(disk.fault.clone()) };
        disk.db = Db::open(DIRECTORY, again).unwrap();
        disk.has_all_from(&disk.db, 0);
        disk.db.delete(&key(0), Durability::Sync).unwrap();
        disk.recovers_with_more_room(1);
    });
}

/// A disk may have room for bytes and none for a new file.
#[test]
fn a_log_that_finds_no_room_spends_the_reserve() {
    watched(LIMIT, || {
        let mut disk = Disk::with_reserve(RESERVE);
        disk.fault.set_free_space(None);
        let no_room = FaultPlan::fail_from(0, errno::ENOSPC);
        disk.fault.set_plan(no_room.on(IoOperation::Create).of(FileKind::Log(0)));
        let error = disk.fill();
        assert!(error.is_out_of_space(), "{error}");
        assert!(disk.db.health().out_of_space);
        disk.fault.clear_plan();
        becomes_healthy(&disk.db).unwrap();
        disk.put().unwrap();
        disk.has_all_from(&disk.db, 0);
    });
}

/// Once the reserve is there again all is well, whether or not anybody writes meanwhile.
#[test]
fn with_a_reserve_the_health_mends_without_a_write() {
    let disk = Disk::with_reserve(RESERVE);
    disk.fault.set_free_space(None);
    let full = FaultPlan::fail_from(0, errno::ENOSPC).on(IoOperation::Write);
    for durability in [Durability::Process, Durability::Sync] {
        disk.fault.set_plan(full.clone());
        let error = disk.db.put(b"key", b"value", durability).unwrap_err();
        assert!(error.is_out_of_space(), "{error}");
        assert!(disk.db.health().out_of_space);
        disk.fault.clear_plan();
        becomes_healthy(&disk.db).unwrap();
    }
}

/// The health tells of a full disk where no job fails: each write does, and nothing is behind.
#[test]
fn without_a_reserve_the_health_follows_the_writes() {
    let disk = Disk::with_reserve(0);
    disk.fault.set_free_space(None);
    let health = || disk.db.health();
    for errno in [errno::ENOSPC, errno::EDQUOT] {
        for durability in [Durability::Process, Durability::Sync] {
            let operation = match durability {
                Durability::Sync => IoOperation::Sync,
                _ => IoOperation::Write,
            };
            let full = FaultPlan::fail_from(0, errno).on(operation).of(FileKind::Log(0));
            disk.fault.set_plan(full);
            assert!(health().is_healthy(), "{:?}", health());
            let error = disk.db.put(b"key", b"value", durability).unwrap_err();
            assert!(error.is_out_of_space(), "{error}");
            assert!(health().out_of_space && !health().is_healthy(), "{:?}", health());
            disk.fault.clear_plan();
            disk.db.put(b"key", b"value", durability).unwrap();
            becomes_healthy(&disk.db).unwrap();
        }
    }
    disk.fault.set_plan(FaultPlan::fail_nth(0, errno::EIO).on(IoOperation::Write));
    disk.db.put(b"key", b"value", Durability::Process).unwrap_err();
    assert!(!health().out_of_space, "another error says nothing of room");
}

/// The first attempt gives the reserve up, the second uses what that freed.
#[test]
fn a_compaction_that_finds_no_room_is_tried_once_more() {
    let mut disk = Disk::with_reserve(RESERVE);
    disk.fault.set_free_space(None);
    for _ in 0..1_000 {
        disk.put().unwrap();
    }
    disk.db.flush().unwrap();
    let full = FaultPlan::fail_nth(0, errno::ENOSPC);
    disk.fault.set_plan(full.on(IoOperation::Write).of(FileKind::Table(0)));
    disk.db.delete(&key(0), Durability::Process).unwrap();
    disk.db.compact_range(None, None).unwrap();
    assert_eq!(disk.db.health().reserve_releases, 1, "it did not fail");
    disk.has_all_from(&disk.db, 1);
}

/// The deletion that finds the disk full is made with what it gives up.
#[test]
fn a_deletion_is_made_on_a_full_disk_by_the_first_attempt() {
    for durability in [Durability::Process, Durability::Interval, Durability::Sync] {
        let mut disk = Disk::with_reserve(RESERVE);
        disk.put().unwrap();
        disk.put().unwrap();
        disk.fault.set_free_space(Some(3));
        disk.db.delete(&key(0), durability).unwrap();
        assert_eq!(disk.db.health().reserve_releases, 1, "the disk was not full");
        disk.has_all_from(&disk.db, 1);
        disk.recovers_with_more_room(1);
    }
}

/// The disk is found full again while the space is being put aside: then that counts for nothing,
/// and all is well only once it is really there.
#[test]
fn space_that_is_given_up_while_it_is_put_aside_is_not_taken_for_there() {
    watched(LIMIT, || {
        let memory = MemoryEnv::new();
        let fault = FaultEnv::on_memory(memory.clone());
        let (gate, env) = Gate::before(fault.clone());
        let reserve = Path::new(DIRECTORY).join("RESERVE");
        let db = Db::open(
            DIRECTORY,
            Options { reserve_size: ReserveSize::Bytes(4 * RESERVE), ..options(env) },
        )
        .unwrap();
        db.put(b"key", b"value", Durability::Process).unwrap();
        let _shut = gate.shut(|call| {
            on_thread("sigil-upkeep")
                && call.path.ends_with("RESERVE")
                && call.operation == IoOperation::Write
        });
        let full = || {
            let full = FaultPlan::fail_nth(0, errno::ENOSPC);
            fault.set_plan(full.on(IoOperation::Write).of(FileKind::Log(0)));
        };
        full();
        db.put(b"key", b"value", Durability::Process).unwrap_err();
        while gate.waiting() == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        full();
        std::thread::scope(|scope| {
            let (deleting, task) = spawn_known(scope, || db.delete(b"key", Durability::Process));
            task.comes_to_wait();
            gate.open();
            let _ = deleting.join().unwrap();
        });
        becomes_healthy(&db).unwrap();
        assert_eq!(memory.size(&reserve).ok(), Some(4 * RESERVE));
    });
}

#[test]
fn space_that_was_put_aside_is_there_after_a_power_cut() {
    // One that was opened without it before: a new database makes its names durable anyway.
    let mut disk = Disk::with_reserve(0);
    disk.db.close().unwrap();
    let options =
        Options { reserve_size: ReserveSize::Bytes(RESERVE), ..options(disk.fault.clone()) };
    disk.db = Db::open(DIRECTORY, options).unwrap();
    let left = disk.memory.crash(CrashMode::Drop);
    assert_eq!(left.size(&Path::new(DIRECTORY).join("RESERVE")).unwrap(), RESERVE);
}
