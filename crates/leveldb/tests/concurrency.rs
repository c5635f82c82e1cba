//! Readers, cursors and writers at once, for seconds, with flushes, compactions, snapshots and a
//! close at the end. What must hold for each of them at every moment is checked all the time.

// A test panics where something is not as it should be.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

#[path = "common/long.rs"]
mod long;
#[path = "common/random.rs"]
mod random;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sigil_leveldb::env::MemoryEnv;
use sigil_leveldb::{Cached, Db, Durability, Entries, Error, Options, Range, Result, WriteBatch};

use long::is_long;
use random::Random;

const DIRECTORY: &str = "/db";

/// Accounts between which amounts are moved; their sum never changes.
const ACCOUNTS: u32 = 200;
const SUM: u64 = ACCOUNTS as u64 * 1_000;

fn options(env: Arc<dyn sigil_leveldb::env::Env>) -> Options {
    Options {
        create_if_missing: true,
        write_buffer_size: 32 << 10,
        target_file_size: 64 << 10,
        block_cache_size: 256 << 10,
        max_open_files: 16,
        sync_interval: Duration::from_millis(10),
        env,
        ..Options::default()
    }
}

fn duration() -> Duration {
    Duration::from_secs(if is_long() { 80 } else { 4 })
}

fn account(index: u32) -> Vec<u8> {
    format!("account-{:03}", index % ACCOUNTS).into_bytes()
}

/// Amounts stand in front of bytes that fill the memtables.
fn amount(value: &[u8]) -> u64 {
    u64::from_le_bytes(value[..8].try_into().unwrap())
}

fn value(amount: u64) -> Vec<u8> {
    let mut value = amount.to_le_bytes().to_vec();
    value.resize(8 + (amount % 400) as usize, amount as u8);
    value
}

/// Does something again and again, until it answers that the database is closed.
fn until_closed(mut act: impl FnMut() -> Result<()>) {
    let error = loop {
        if let Err(error) = act() {
            break error;
        }
    };
    assert!(matches!(error, Error::Closed), "{error}");
}

fn any_account(random: &mut Random) -> u32 {
    random.below(u64::from(ACCOUNTS)) as u32
}

/// Moves amounts between accounts. Only one thread does: the engine has no transactions.
fn transfer(db: &Db, random: &mut Random) -> Result<()> {
    let (from, to) = (any_account(random), any_account(random));
    if from == to {
        return Ok(());
    }
    let read = |index| Ok::<_, Error>(amount(&db.get(&account(index))?.expect("an account")));
    let (has, gets) = (read(from)?, read(to)?);
    let moved = random.below(100).min(has);
    let mut batch = WriteBatch::new();
    // Deleting first puts deletions everywhere, and the later entry of a batch counts.
    batch.delete(&account(from));
    batch.put(&account(to), &value(gets + moved));
    batch.put(&account(from), &value(has - moved));
    db.write(batch, Durability::Interval)?;
    // What was written is read by who wrote it.
    assert_eq!(read(from)?, has - moved);
    assert_eq!(read(to)?, gets + moved);
    Ok(())
}

fn check_sum(entries: impl Iterator<Item = Result<(Vec<u8>, impl AsRef<[u8]>)>>) -> Result<()> {
    let (mut sum, mut count) = (0, 0);
    for entry in entries {
        sum += amount(entry?.1.as_ref());
        count += 1;
    }
    assert_eq!((sum, count), (SUM, ACCOUNTS));
    Ok(())
}

fn scan(db: &Db, backward: bool) -> Result<()> {
    let cursor = db.iter(Range::prefix(b"account-"))?;
    if backward {
        check_sum(Entries::backward(cursor))
    } else {
        check_sum(Entries::forward(cursor))
    }
}

fn read_many(db: &Db) -> Result<()> {
    let keys: Vec<_> = (0..ACCOUNTS).map(account).collect();
    let values = db.get_many(&keys)?;
    assert_eq!(values.iter().map(|value| amount(value.as_ref().unwrap())).sum::<u64>(), SUM);
    Ok(())
}

/// Reads a snapshot in every way, while everything moves on.
fn read_snapshot(db: &Db) -> Result<()> {
    let snapshot = db.snapshot()?;
    let range = || Range::prefix(b"account-");
    check_sum(Entries::forward(db.iter_at(&snapshot, range())?))?;
    let mut sum = 0;
    for index in 0..ACCOUNTS {
        sum += amount(&db.get_at(&snapshot, &account(index))?.expect("an account"));
    }
    assert_eq!(sum, SUM);
    check_sum(Entries::backward(db.iter_at(&snapshot, range())?))
}

/// What memory alone says is never that an account is gone, nor a mixture of two moments.
fn peek(db: &Db) -> Result<()> {
    let snapshot = db.snapshot()?;
    let (mut sum, mut hits) = (0, 0);
    for index in 0..ACCOUNTS {
        let key = account(index);
        assert_ne!(db.get_if_cached(&key)?, Cached::Absent);
        assert_ne!(db.try_get(&key)?, Cached::Absent);
        assert_ne!(db.get_if_cached_at(&snapshot, &key)?, Cached::Absent);
        match db.try_get_at(&snapshot, &key)? {
            Cached::Hit(value) => (sum, hits) = (sum + amount(&value), hits + 1),
            other => assert_eq!(other, Cached::Unknown),
        }
    }
    assert!(hits < ACCOUNTS || sum == SUM, "{sum}");
    Ok(())
}

/// A checkpoint is of one moment, whatever is written, flushed and compacted meanwhile, and has what
/// was acknowledged before it.
fn copy(db: &Db, env: &MemoryEnv, counts: &[(Vec<u8>, AtomicU64)], number: u64) -> Result<()> {
    let directory = format!("/copy-{number}");
    let acknowledged: Vec<_> =
        counts.iter().map(|(_, reached)| reached.load(Ordering::SeqCst)).collect();
    db.checkpoint(&directory)?;
    let options = || options(Arc::new(env.clone()));
    let copied = Db::open(&directory, options())?;
    scan(&copied, false)?;
    for ((name, _), acknowledged) in counts.iter().zip(acknowledged) {
        follow_up(&copied, name, &AtomicU64::new(acknowledged), &mut 0)?;
    }
    assert!(copied.verify()?.is_whole());
    copied.close()?;
    sigil_leveldb::destroy(&directory, &options())
}

/// Entries that are always written together, all with the same number.
const TOGETHER: u32 = 64;

fn together(index: u32) -> Vec<u8> {
    format!("together-{index:02}").into_bytes()
}

fn write_together(db: &Db, number: &mut u64) -> Result<()> {
    *number += 1;
    let mut batch = WriteBatch::new();
    (0..TOGETHER).for_each(|index| batch.put(&together(index), &number.to_le_bytes()));
    db.write(batch, Durability::Process)
}

/// A batch is seen whole or not at all, also by who looks while it is being made, and begins with what
/// is written last.
fn read_together(db: &Db) -> Result<()> {
    let snapshot = db.snapshot()?;
    let last = db.get_at(&snapshot, &together(TOGETHER - 1))?;
    assert_eq!(db.get_at(&snapshot, &together(0))?, last);
    let both = db.get_many(&[together(TOGETHER - 1), together(0)])?;
    assert_eq!(both[0], both[1]);
    Ok(())
}

/// A cursor that goes to and fro stays in its moment.
fn wander(db: &Db, random: &mut Random) -> Result<()> {
    let mut cursor = db.iter(Range::prefix(b"account-"))?;
    cursor.seek_to_first()?;
    let mut at = 0;
    let mut seen = vec![None; ACCOUNTS as usize];
    for _ in 0..500 {
        assert_eq!(cursor.key(), account(at));
        let found = amount(cursor.value());
        assert_eq!(*seen[at as usize].get_or_insert(found), found);
        match random.below(5) {
            0 => {
                at = any_account(random);
                cursor.seek(&account(at))?;
            }
            1 | 2 if at > 0 => {
                at -= 1;
                cursor.prev()?;
            }
            _ if at + 1 < ACCOUNTS => {
                at += 1;
                cursor.next()?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Writes numbers that only grow; `reached` is what was acknowledged.
fn count_up(db: &Db, name: &[u8], reached: &AtomicU64) -> Result<()> {
    let next = reached.load(Ordering::SeqCst) + 1;
    let durability = match next % 50 {
        0 => Durability::Sync,
        1..10 => Durability::Interval,
        _ => Durability::Process,
    };
    if next.is_multiple_of(3) {
        let mut batch = WriteBatch::new();
        batch.put(name, &value(next));
        match db.try_write(&mut batch, durability) {
            Err(Error::WouldBlock) => db.write(batch, durability)?,
            answer => answer?,
        }
    } else {
        db.put(name, &value(next), durability)?;
    }
    reached.store(next, Ordering::SeqCst);
    Ok(())
}

/// What a reader has seen, it and everyone after it sees, or something newer.
fn follow_up(db: &Db, name: &[u8], reached: &AtomicU64, last: &mut u64) -> Result<()> {
    let acknowledged = reached.load(Ordering::SeqCst);
    let found = db.get(name)?.map_or(0, |value| amount(&value));
    assert!(found >= acknowledged, "{found} after {acknowledged} was acknowledged");
    assert!(found >= *last, "{found} after {last} was seen");
    *last = found;
    Ok(())
}

#[test]
fn all_invariants_hold_while_everything_runs_and_everyone_is_told_of_the_close() {
    let env = MemoryEnv::new();
    let db = Db::open(DIRECTORY, options(Arc::new(env.clone()))).unwrap();
    let mut first = WriteBatch::new();
    (0..ACCOUNTS).for_each(|index| first.put(&account(index), &value(1_000)));
    db.write(first, Durability::Sync).unwrap();
    let names: Vec<_> = (0..3).map(|index| format!("count-{index}").into_bytes()).collect();
    let counts: Vec<_> = names.into_iter().map(|name| (name, AtomicU64::new(0))).collect();
    let copies = AtomicU64::new(0);

    std::thread::scope(|scope| {
        let db = &db;
        scope.spawn(|| {
            let mut random = Random::new(1);
            until_closed(|| transfer(db, &mut random));
        });
        for (name, reached) in &counts {
            scope.spawn(move || until_closed(|| count_up(db, name, reached)));
            scope.spawn(move || {
                let mut last = 0;
                until_closed(|| follow_up(db, name, reached, &mut last));
            });
        }
        scope.spawn(|| {
            let mut number = 0;
            until_closed(|| write_together(db, &mut number));
        });
        scope.spawn(|| until_closed(|| read_together(db)));
        scope.spawn(|| until_closed(|| scan(db, false)));
        scope.spawn(|| until_closed(|| scan(db, true)));
        scope.spawn(|| until_closed(|| read_many(db)));
        scope.spawn(|| until_closed(|| read_snapshot(db)));
        scope.spawn(|| until_closed(|| peek(db)));
        let copy = || copy(db, &env, &counts, copies.fetch_add(1, Ordering::SeqCst));
        scope.spawn(move || until_closed(|| pause(10).and_then(|()| copy())));
        scope.spawn(|| {
            let mut random = Random::new(2);
            until_closed(|| wander(db, &mut random));
        });
        scope.spawn(|| until_closed(|| pause(20).and_then(|()| db.flush())));
        scope.spawn(|| until_closed(|| pause(50).and_then(|()| db.compact_range(None, None))));
        scope.spawn(|| until_closed(|| pause(100).and_then(|()| db.sync())));
        let got_far = || {
            let copied = copies.load(Ordering::SeqCst) > 5;
            copied && counts.iter().all(|(_, reached)| reached.load(Ordering::SeqCst) > 100)
        };
        let begun = Instant::now();
        // Where others want the cores too, it takes longer to get somewhere.
        while begun.elapsed() < duration() || !got_far() && begun.elapsed() < 15 * duration() {
            std::thread::sleep(Duration::from_millis(50));
        }
        db.close().unwrap();
    });

    assert!(copies.load(Ordering::SeqCst) > 5, "{copies:?} copies");
    let db = Db::open(DIRECTORY, options(Arc::new(env))).unwrap();
    scan(&db, false).unwrap();
    for (name, reached) in &counts {
        follow_up(&db, name, reached, &mut 0).unwrap();
        assert!(reached.load(Ordering::SeqCst) > 100);
    }
    assert!(db.verify().unwrap().is_whole());
}

fn pause(milliseconds: u64) -> Result<()> {
    std::thread::sleep(Duration::from_millis(milliseconds));
    Ok(())
}

#[test]
fn a_follower_sees_a_consistent_state_while_the_writer_goes_on() {
    let env = MemoryEnv::new();
    let db = Db::open(DIRECTORY, options(Arc::new(env.clone()))).unwrap();
    let mut first = WriteBatch::new();
    (0..ACCOUNTS).for_each(|index| first.put(&account(index), &value(1_000)));
    db.write(first, Durability::Sync).unwrap();
    let read_only = Options { read_only: true, ..options(Arc::new(env)) };
    let follower = &Db::open(DIRECTORY, read_only).unwrap();
    let reached = AtomicU64::new(0);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let db = &db;
        scope.spawn(|| {
            let mut random = Random::new(3);
            until_closed(|| transfer(db, &mut random));
        });
        scope.spawn(|| until_closed(|| count_up(db, b"count", &reached)));
        scope.spawn(|| until_closed(|| pause(30).and_then(|()| db.compact_range(None, None))));
        scope.spawn(|| until_closed(|| scan(follower, false)));
        scope.spawn(|| until_closed(|| read_many(follower)));
        scope.spawn(|| until_closed(|| read_snapshot(follower)));
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                let acknowledged = reached.load(Ordering::SeqCst);
                follower.refresh().unwrap();
                let found = follower.get(b"count").unwrap().map_or(0, |value| amount(&value));
                assert!(found >= acknowledged, "{found} after {acknowledged}");
            }
            follower.close().unwrap();
        });
        std::thread::sleep(duration() / 2);
        done.store(true, Ordering::SeqCst);
        db.close().unwrap();
    });
}
