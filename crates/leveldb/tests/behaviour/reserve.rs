//! How much is put aside for a full disk where nobody says how much: little on a disk with plenty of
//! room, what a flush needs on one that gets full, and never much of a small one.

use std::path::Path;
use std::time::Duration;

use sigil_leveldb::env::{Env, FaultEnv, FaultPlan, MemoryEnv, errno};
use sigil_leveldb::{Db, Durability, FileKind, IoOperation, Options, ReserveSize};

use super::{DIRECTORY, noise, options, wait_until};

const MIB: u64 = 1 << 20;
const WRITE_BUFFER: u64 = 4 * MIB;
const TABLE: u64 = 4 * MIB;
/// Room for a flush or a step of a compaction, and for deletions.
const FULL: u64 = WRITE_BUFFER + TABLE + MIB;
const PATIENCE: Duration = Duration::from_secs(20);

struct Disk {
    memory: MemoryEnv,
    fault: FaultEnv,
}

impl Disk {
    fn with_room(room: u64) -> Self {
        let memory = MemoryEnv::new();
        let fault = FaultEnv::on_memory(memory.clone());
        fault.set_free_space(Some(room));
        Self { memory, fault }
    }

    fn open(&self, reserve_size: ReserveSize) -> Db {
        let write_buffer_size = WRITE_BUFFER as usize;
        let options = Options {
            reserve_size,
            write_buffer_size,
            target_file_size: TABLE,
            ..options(&self.fault)
        };
        Db::open(DIRECTORY, options).unwrap()
    }

    /// The size of the file, 0 where there is none.
    fn reserve(&self) -> u64 {
        self.memory.size(&Path::new(DIRECTORY).join("RESERVE")).unwrap_or(0)
    }

    fn becomes(&self, size: u64) {
        wait_until("the size of the reserve", PATIENCE, || self.reserve() == size);
    }
}

#[test]
fn it_fits_the_room_on_the_disk() {
    let put_aside = |room| {
        let disk = Disk::with_room(room);
        let db = disk.open(ReserveSize::Auto);
        assert_eq!(db.health().out_of_space, disk.reserve() == 0, "{room}");
        disk.reserve()
    };
    assert_eq!(put_aside(100_000 * MIB), MIB);
    assert_eq!(put_aside(64 * MIB), FULL);
    assert_eq!(put_aside(28 * MIB), FULL);
    let small = put_aside(9 * MIB);
    assert!((2 * MIB..=3 * MIB).contains(&small), "{small}");
    assert_eq!(put_aside(2 * MIB), MIB);
    assert_eq!(put_aside(MIB / 2), 0);
}

#[test]
fn it_grows_when_the_disk_gets_full_and_is_small_again_at_the_next_opening_with_room() {
    let disk = Disk::with_room(100_000 * MIB);
    let db = disk.open(ReserveSize::Auto);
    assert_eq!(disk.reserve(), MIB);
    disk.fault.set_free_space(Some(64 * MIB));
    disk.becomes(FULL);
    assert!(db.health().is_healthy(), "{:?}", db.health());
    db.close().unwrap();
    let db = disk.open(ReserveSize::Auto);
    assert_eq!(disk.reserve(), FULL);
    db.close().unwrap();
    disk.fault.set_free_space(Some(100_000 * MIB));
    let _db = disk.open(ReserveSize::Auto);
    assert_eq!(disk.reserve(), MIB);
}

#[test]
fn a_size_that_was_asked_for_stays() {
    let disk = Disk::with_room(100_000 * MIB);
    let db = disk.open(ReserveSize::Bytes(3 * MIB));
    disk.fault.set_free_space(Some(6 * MIB));
    std::thread::sleep(Duration::from_millis(1_200));
    assert_eq!(disk.reserve(), 3 * MIB);
    db.close().unwrap();
}

/// What failed for another reason is not tried over and over.
#[test]
fn where_it_could_not_be_made_it_is_not_made_later() {
    let disk = Disk::with_room(64 * MIB);
    disk.fault
        .set_plan(FaultPlan::fail_nth(0, errno::EIO).on(IoOperation::Write).of(FileKind::Reserve));
    let db = disk.open(ReserveSize::Auto);
    assert!(db.health().is_healthy(), "{:?}", db.health());
    std::thread::sleep(Duration::from_millis(1_200));
    let made = disk.fault.op_count_of(IoOperation::Create, Some(FileKind::Reserve));
    assert_eq!((disk.reserve(), made), (0, 1));
}

/// A disk that has no room to grow it is a full disk, and not for longer than that.
#[test]
fn where_it_cannot_grow_the_disk_is_full_until_it_can() {
    let disk = Disk::with_room(100_000 * MIB);
    let db = disk.open(ReserveSize::Auto);
    let no_room = FaultPlan::fail_from(0, errno::ENOSPC).on(IoOperation::Write);
    disk.fault.set_plan(no_room.of(FileKind::Reserve));
    disk.fault.set_free_space(Some(64 * MIB));
    wait_until("full", PATIENCE, || db.health().out_of_space);
    let refused = db.put(b"key", b"value", Durability::Process).unwrap_err();
    assert!(refused.is_out_of_space(), "{refused}");
    disk.fault.clear_plan();
    disk.becomes(FULL);
    wait_until("healthy", PATIENCE, || db.health().is_healthy());
    db.put(b"key", b"value", Durability::Process).unwrap();
}

/// The disk is full of what the database itself has, half of which nobody wants any more.
fn deleting_makes_room(room: u64, value_size: usize, is_deleted: impl Fn(u32, u32) -> bool) {
    let disk = Disk::with_room(room);
    let db = disk.open(ReserveSize::Auto);
    let key = |index: u32| index.to_be_bytes();
    let value = |index: u32| noise(index.into(), value_size);
    let put = |index| db.put(&key(index), &value(index), Durability::Process);
    let written = (0..).take_while(|&index| put(index).is_ok()).count() as u32;
    assert!(db.health().out_of_space);
    let is_deleted = |index| index < written && is_deleted(index, written);
    for index in (0..written).filter(|&index| is_deleted(index)) {
        db.delete(&key(index), Durability::Process).unwrap();
    }
    wait_until("compacted", PATIENCE, || db.compact_range(None, None).is_ok());
    wait_until("room", PATIENCE, || put(written).is_ok());
    for index in 0..=written {
        let expected = (!is_deleted(index)).then(|| value(index));
        assert_eq!(db.get(&key(index)).unwrap().map(Vec::from), expected, "{index}");
    }
    assert!(db.verify().unwrap().is_whole());
}

#[test]
fn deleting_the_older_half_of_what_fills_the_disk_makes_room() {
    for size in [300, 400_000] {
        deleting_makes_room(16 * MIB, size, |index, written| index < written / 2);
    }
    deleting_makes_room(64 * MIB, 60_000, |index, written| index < written / 2);
}

/// Keys in no order: every table of level 0 has some of all, and none below can go before the last.
#[test]
fn deleting_makes_room_where_somebody_else_has_filled_the_disk() {
    let disk = Disk::with_room(64 * MIB);
    let db = disk.open(ReserveSize::Auto);
    let key = |index: u32| index.wrapping_mul(2_654_435_761).to_be_bytes();
    let value = |index: u32| noise(index.into(), 60_000);
    for index in 0..400 {
        db.put(&key(index), &value(index), Durability::Process).unwrap();
    }
    disk.fault.set_free_space(Some(0));
    for index in 0..200 {
        db.delete(&key(index), Durability::Process).unwrap();
    }
    wait_until("compacted", PATIENCE, || db.compact_range(None, None).is_ok());
    wait_until("room", PATIENCE, || db.put(b"key", b"value", Durability::Process).is_ok());
    for index in 0..400 {
        let expected = (index >= 200).then(|| value(index));
        assert_eq!(db.get(&key(index)).unwrap().map(Vec::from), expected, "{index}");
    }
    assert!(db.verify().unwrap().is_whole());
}

#[test]
fn deleting_every_second_of_what_fills_the_disk_makes_room() {
    for size in [300, 400_000] {
        deleting_makes_room(16 * MIB, size, |index, _| index % 2 == 0);
    }
    deleting_makes_room(64 * MIB, 60_000, |index, _| index % 2 == 0);
}
