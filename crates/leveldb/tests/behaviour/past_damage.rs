//! A range that goes past damage tells of each damaged block where it is, gives everything behind
//! it, in either direction and from both ends, and always comes to an end.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use sigil_leveldb::env::{Env, FaultEnv, FaultPlan, MemoryEnv, errno};
use sigil_leveldb::{
    Compression, Db, DbIterator, Durability, Entries, Error, FileKind, IoOperation, Options, Range,
};

use super::{DIRECTORY, noise, options};

const KEYS: u32 = 60;

fn key(index: u32) -> Vec<u8> {
    format!("key-{index:04}").into_bytes()
}

fn value(index: u32, version: u64) -> Vec<u8> {
    noise(u64::from(index) + 1_000 * version, 220)
}

/// Some entries in a block, and nothing that happens by itself.
fn small(env: &(impl Env + Clone)) -> Options {
    let compression = Compression::None;
    Options { block_size: 1 << 10, compression, ..options(env) }
}

fn put(db: &Db, index: u32, version: u64) {
    db.put(&key(index), &value(index, version), Durability::Process).unwrap();
}

/// A table with every key, in a database that is closed.
fn one_table() -> MemoryEnv {
    let env = MemoryEnv::new();
    let db = Db::open(DIRECTORY, small(&env)).unwrap();
    (0..KEYS).for_each(|index| put(&db, index, 0));
    db.compact_range(None, None).unwrap();
    db.close().unwrap();
    env
}

fn tables(env: &MemoryEnv) -> Vec<PathBuf> {
    let mut names = env.list(Path::new(DIRECTORY)).unwrap();
    names.retain(|name| matches!(FileKind::of(name), FileKind::Table(_)));
    names.sort();
    names.iter().map(|name| Path::new(DIRECTORY).join(name)).collect()
}

/// Changes a byte of a value, and with it the block that has it.
fn damage(env: &MemoryEnv, value: &[u8]) {
    for path in tables(env) {
        let mut bytes = env.read_file(&path).unwrap();
        if let Some(at) = bytes.windows(value.len()).position(|window| window == value) {
            bytes[at] ^= 1;
            env.write_file(&path, bytes).unwrap();
            return;
        }
    }
    panic!("no table has the value");
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Seen {
    Key(Vec<u8>),
    Damage(PathBuf, Option<u64>),
}

fn damage_of(error: Error) -> Seen {
    match error {
        Error::Corruption { path, offset, .. } => Seen::Damage(path, offset),
        error => panic!("{error}"),
    }
}

/// What point reads say of every key; a block that cannot be read once, in its place.
fn right(db: &Db) -> Vec<Seen> {
    let mut seen = Vec::new();
    for index in 0..KEYS {
        match db.get(&key(index)) {
            Ok(Some(_)) => seen.push(Seen::Key(key(index))),
            Ok(None) => {}
            Err(error) => seen.push(damage_of(error)),
        }
    }
    seen.dedup();
    seen
}

fn all() -> Range {
    Range::all().past_damage(true)
}

/// Takes everything; `far` says which entries are taken from the other end.
fn take(mut entries: Entries, far: impl Fn(usize) -> bool) -> (Vec<Seen>, Vec<Seen>) {
    let (mut near_seen, mut far_seen) = (Vec::new(), Vec::new());
    for taken in 0.. {
        assert!(taken < 10 * KEYS as usize, "it does not end");
        let (next, seen) = match far(taken) {
            true => (entries.next_back(), &mut far_seen),
            false => (entries.next(), &mut near_seen),
        };
        match next {
            Some(Ok((key, _))) => seen.push(Seen::Key(key)),
            Some(Err(error)) => seen.push(damage_of(error)),
            None => break,
        }
    }
    assert!(entries.next().is_none() && entries.next_back().is_none());
    (near_seen, far_seen)
}

fn sorted(mut seen: Vec<Seen>) -> Vec<Seen> {
    seen.sort();
    seen
}

/// Compares scans with point reads, in every direction.
fn check(db: &Db, is_in_place: bool) {
    let right = right(db);
    let (forward, _) = take(db.range(all()).unwrap(), |_| false);
    let (mut backward, _) = take(Entries::backward(db.iter(all()).unwrap()), |_| false);
    backward.reverse();
    // Backward it is told an entry earlier: a newer version of that one might be in the block.
    assert!(backward.iter().filter(|seen| matches!(seen, Seen::Key(_))).is_sorted());
    if is_in_place {
        assert_eq!(forward, right);
    }
    let mut right = sorted(right);
    right.dedup();
    assert_eq!(sorted(forward), right);
    assert_eq!(sorted(backward), right);
    for pattern in [0b01_u64, 0b0011, 0b1110, 0b0110_1001, 0b1111_1111_0000_0001] {
        let far = |taken: usize| pattern >> (taken % 16) & 1 == 1;
        let (near, far) = take(db.range(all()).unwrap(), far);
        let mut both = sorted([near, far].concat());
        let keys = both.iter().filter(|seen| matches!(seen, Seen::Key(_))).count();
        both.dedup();
        let distinct = both.iter().filter(|seen| matches!(seen, Seen::Key(_))).count();
        assert_eq!(keys, distinct, "an entry is given twice");
        assert_eq!(both, right, "{pattern:b}");
    }
}

#[test]
fn each_damaged_block_of_a_table_is_told_in_its_place_and_the_others_are_read() {
    let whole = one_table();
    let last = KEYS - 1;
    let some: [&[u32]; 8] = [
        &[],
        &[0],
        &[30],
        &[last],
        &[0, last],
        &[20, 26, 32],
        &[10, 40],
        &(0..KEYS).step_by(3).collect::<Vec<_>>(),
    ];
    let mut counts = Vec::new();
    for damaged in some {
        let env = whole.deep_clone();
        let mut spoilt = BTreeSet::new();
        for index in damaged {
            // Twice would put it right again.
            if spoilt.insert(index) {
                damage(&env, &value(*index, 0));
            }
        }
        let db = Db::open(DIRECTORY, small(&env)).unwrap();
        check(&db, true);
        let is_damage = |seen: &&Seen| matches!(seen, Seen::Damage(..));
        counts.push(right(&db).iter().filter(is_damage).count());
        // As ever, unless it is asked for.
        let plain: Vec<_> = db.range(..).unwrap().collect();
        let is_error = plain.last().is_some_and(Result::is_err);
        assert_eq!(is_error, !damaged.is_empty());
        assert_eq!(plain.iter().filter(|entry| entry.is_err()).count(), usize::from(is_error));
        // What comes is in the memtable, before, between and behind.
        for index in [0, 1, 25, 30, 31, last] {
            put(&db, index, 1);
        }
        check(&db, false);
        db.close().unwrap();
    }
    assert_eq!(counts[..7], [0, 1, 1, 1, 2, 3, 2]);
    assert!(counts[7] > 10, "every block is damaged");
}

#[test]
fn bounds_hold_around_damage() {
    let env = one_table();
    [0, 20, 40, KEYS - 1].iter().for_each(|&index| damage(&env, &value(index, 0)));
    let db = Db::open(DIRECTORY, small(&env)).unwrap();
    for from in 0..KEYS {
        for to in [from, from + 1, from + 7, KEYS] {
            let range = || Range::between(key(from)..key(to)).past_damage(true);
            let (forward, _) = take(db.range(range()).unwrap(), |_| false);
            let (backward, _) = take(Entries::backward(db.iter(range()).unwrap()), |_| false);
            let mut right = right(&db);
            right.retain(|seen| match seen {
                Seen::Key(it) => *it >= key(from) && *it < key(to),
                Seen::Damage(..) => false,
            });
            for seen in [forward, backward] {
                let keys: Vec<_> =
                    seen.into_iter().filter(|seen| matches!(seen, Seen::Key(_))).collect();
                assert_eq!(sorted(keys), right);
            }
        }
    }
}

#[test]
fn a_table_that_cannot_be_opened_is_told_and_the_others_are_read() {
    let env = MemoryEnv::new();
    let db = Db::open(DIRECTORY, small(&env)).unwrap();
    for part in 0..3 {
        (part * 20..part * 20 + 20).for_each(|index| put(&db, index, 0));
        db.flush().unwrap();
    }
    db.close().unwrap();
    let paths = tables(&env);
    assert_eq!(paths.len(), 3);
    for unreadable in 1..8_usize {
        let env = env.deep_clone();
        for (_, path) in paths.iter().enumerate().filter(|(at, _)| unreadable >> at & 1 == 1) {
            let mut bytes = env.read_file(path).unwrap();
            let last = bytes.len() - 1;
            bytes[last] ^= 1;
            env.write_file(path, bytes).unwrap();
        }
        let db = Db::open(DIRECTORY, small(&env)).unwrap();
        check(&db, false);
        put(&db, 5, 1);
        check(&db, false);
    }
}

/// Cursor, step and what is expected there: a key, or damage.
fn goes(cursor: &mut DbIterator, step: fn(&mut DbIterator) -> Result<(), Error>, to: Option<u32>) {
    match (step(cursor), to) {
        (Ok(()), Some(index)) => assert_eq!(cursor.key(), key(index)),
        (Err(Error::Corruption { .. }), None) => assert!(!cursor.valid() && cursor.key() == b""),
        (moved, to) => panic!("{moved:?} {to:?}"),
    }
}

#[test]
fn a_cursor_goes_on_from_damage_in_both_directions() {
    let env = one_table();
    damage(&env, &value(30, 0));
    let db = Db::open(DIRECTORY, small(&env)).unwrap();
    let missing: Vec<u32> = (0..KEYS).filter(|index| db.get(&key(*index)).is_err()).collect();
    let (before, behind) = (missing[0] - 1, missing[missing.len() - 1] + 1);
    let mut cursor = db.iter(all()).unwrap();
    cursor.seek(&key(before)).unwrap();
    goes(&mut cursor, DbIterator::next, None);
    goes(&mut cursor, DbIterator::next, Some(behind));
    goes(&mut cursor, DbIterator::prev, None);
    goes(&mut cursor, DbIterator::prev, Some(before));
    goes(&mut cursor, DbIterator::next, None);
    // Back from where it would have gone on.
    goes(&mut cursor, DbIterator::prev, None);
    goes(&mut cursor, DbIterator::prev, Some(before));
    assert!(cursor.seek(&key(missing[0])).is_err());
    goes(&mut cursor, DbIterator::next, Some(behind));
    assert!(cursor.seek_for_prev(&key(missing[0])).is_err());
    goes(&mut cursor, DbIterator::prev, Some(before));
    assert!(cursor.seek(&key(missing[0])).is_err());
    cursor.seek(&key(0)).unwrap();
    assert_eq!(cursor.key(), key(0));
    assert!(cursor.seek(&key(missing[0])).is_err());
    db.close().unwrap();
    assert!(matches!(cursor.next(), Err(Error::Closed)));
}

#[test]
fn a_system_that_refuses_a_read_is_no_damage() {
    let fault = FaultEnv::on_memory(one_table());
    let db = Db::open(DIRECTORY, Options { block_cache_size: 0, ..small(&fault) }).unwrap();
    assert!(db.range(all()).unwrap().all(|entry| entry.is_ok()));
    fault
        .set_plan(FaultPlan::fail_from(1, errno::EIO).on(IoOperation::Read).of(FileKind::Table(0)));
    let mut entries = db.range(all()).unwrap();
    let error = entries.find_map(Result::err).unwrap();
    assert_eq!(error.errno(), Some(errno::EIO));
    assert!(entries.next().is_none() && entries.next_back().is_none());
    fault.set_plan(FaultPlan::fail_nth(0, errno::EIO).on(IoOperation::Read).of(FileKind::Table(0)));
    let mut cursor = db.iter(all()).unwrap();
    assert_eq!(cursor.seek_to_last().unwrap_err().errno(), Some(errno::EIO));
    cursor.prev().unwrap();
    assert!(!cursor.valid());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the damage hides: what comes before the first error is right, every key that can be
    /// read is among what is given, and asking for a key gives what is right or the damage.
    #[test]
    fn keys_are_candidates(
        layers in prop::collection::vec(prop::collection::vec((0..KEYS, any::<bool>()), 1..60), 1..5),
        spoilt in prop::collection::vec(any::<prop::sample::Index>(), 1..6),
    ) {
        let env = MemoryEnv::new();
        let db = Db::open(DIRECTORY, small(&env)).unwrap();
        (0..KEYS).for_each(|index| put(&db, index, 0));
        db.compact_range(None, None).unwrap();
        let mut written: Vec<(u32, u64)> = (0..KEYS).map(|index| (index, 0)).collect();
        let (last, flushed) = layers.split_last().unwrap();
        for (layer, changes) in flushed.iter().enumerate() {
            for &(index, is_put) in changes {
                match is_put {
                    true => put(&db, index, layer as u64 + 1),
                    false => db.delete(&key(index), Durability::Process).unwrap(),
                }
                written.extend(is_put.then_some((index, layer as u64 + 1)));
            }
            db.flush().unwrap();
        }
        let whole: Vec<_> = (0..KEYS).map(|index| db.get(&key(index)).unwrap()).collect();
        db.close().unwrap();
        for index in spoilt {
            let (index, version) = written[index.index(written.len())];
            let bytes = value(index, version);
            let has = |path: &PathBuf| {
                env.read_file(path).unwrap().windows(bytes.len()).any(|window| window == bytes)
            };
            if tables(&env).iter().any(has) {
                damage(&env, &bytes);
            }
        }
        let db = Db::open(DIRECTORY, small(&env)).unwrap();
        let mut right = whole;
        for &(index, is_put) in last {
            match is_put {
                true => put(&db, index, 9),
                false => db.delete(&key(index), Durability::Process).unwrap(),
            }
            right[index as usize] = is_put.then(|| value(index, 9).into());
        }
        for direction in [Entries::forward, Entries::backward] {
            let mut candidates = BTreeSet::new();
            let (mut is_certain, mut steps) = (true, 0);
            for entry in direction(db.iter(all()).unwrap()) {
                steps += 1;
                prop_assert!(steps < 1_000);
                match entry {
                    Ok((key, value)) => {
                        let index: u32 = String::from_utf8_lossy(&key[4..]).parse().unwrap();
                        if is_certain {
                            prop_assert_eq!(right[index as usize].as_ref(), Some(&value));
                        }
                        prop_assert!(candidates.insert(key));
                    }
                    Err(error) => {
                        prop_assert!(error.is_corruption());
                        is_certain = false;
                    }
                }
            }
            for index in 0..KEYS {
                match db.get(&key(index)) {
                    Ok(found) => {
                        prop_assert_eq!(&found, &right[index as usize]);
                        prop_assert!(found.is_none() || candidates.contains(&key(index)));
                    }
                    Err(error) => prop_assert!(error.is_corruption() && !is_certain),
                }
            }
        }
    }
}
