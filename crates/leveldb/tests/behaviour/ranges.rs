//! A range is a standard iterator: taken from both ends in any mixture it gives what a range of a
//! sorted map gives, of the moment when it was begun, and ends for good where the two ends meet.

use std::collections::BTreeMap;
use std::ops::Bound;

use proptest::collection::vec;
use proptest::prelude::*;
use sigil_leveldb::env::{FaultEnv, FaultPlan, MemoryEnv, errno};
use sigil_leveldb::{Bytes, Db, Durability, Entries, Error, IoOperation, Range, Result};

use super::open;

type Key = Vec<u8>;
type Map = BTreeMap<Key, Bytes>;
type Bounds = (Bound<Key>, Bound<Key>);

#[derive(Debug, Clone)]
enum Change {
    Put(Key, u8),
    Delete(Key),
    Flush,
}

fn key() -> impl Strategy<Value = Key> {
    vec(0..4_u8, 0..3)
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        12 => (key(), any::<u8>()).prop_map(|(key, value)| Change::Put(key, value)),
        4 => key().prop_map(Change::Delete),
        1 => Just(Change::Flush),
    ]
}

fn bound() -> impl Strategy<Value = Bound<Key>> {
    prop_oneof![
        Just(Bound::Unbounded),
        key().prop_map(Bound::Included),
        key().prop_map(Bound::Excluded),
    ]
}

fn carry_out(db: &Db, map: &mut Map, changes: &[Change]) {
    for change in changes {
        match change {
            Change::Put(key, value) => {
                db.put(key, &[*value], Durability::Process).unwrap();
                map.insert(key.clone(), Bytes::from(vec![*value]));
            }
            Change::Delete(key) => {
                db.delete(key, Durability::Process).unwrap();
                map.remove(key);
            }
            Change::Flush => db.flush().unwrap(),
        }
    }
}

/// The part of the map in the bounds. A sorted map panics at bounds that cross.
fn part(map: &Map, (lower, upper): &Bounds) -> Vec<(Key, Bytes)> {
    let after = |key: &Key| match lower {
        Bound::Unbounded => true,
        Bound::Included(lower) => key >= lower,
        Bound::Excluded(lower) => key > lower,
    };
    let before = |key: &Key| match upper {
        Bound::Unbounded => true,
        Bound::Included(upper) => key <= upper,
        Bound::Excluded(upper) => key < upper,
    };
    let inside = map.iter().filter(|(key, _)| after(key) && before(key));
    inside.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Takes from the front where a step says so, and otherwise from the back.
fn take<T>(mut from: impl DoubleEndedIterator<Item = T>, steps: &[bool]) -> Vec<Option<T>> {
    steps.iter().map(|front| if *front { from.next() } else { from.next_back() }).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn from_both_ends_it_is_a_range_of_a_sorted_map(
        before in vec(change(), 0..60),
        after in vec(change(), 0..20),
        bounds in (bound(), bound()),
        steps in vec(any::<bool>(), 0..30),
    ) {
        let db = open(&MemoryEnv::new());
        let mut map = Map::new();
        carry_out(&db, &mut map, &before);
        let expected = part(&map, &bounds);
        let snapshot = db.snapshot().unwrap();
        let forward = db.range(bounds.clone()).unwrap();
        let backward = Entries::backward(db.iter(bounds.clone()).unwrap());
        let keys = db.range(bounds.clone()).unwrap().keys();
        carry_out(&db, &mut map, &after);
        let of_snapshot = db.range_at(&snapshot, bounds.clone()).unwrap();

        let wanted = take(expected.clone().into_iter(), &steps);
        for taken in
            [take(forward, &steps), take(backward.rev(), &steps), take(of_snapshot, &steps)]
        {
            let taken: Vec<_> = taken.into_iter().map(|entry| entry.map(Result::unwrap)).collect();
            prop_assert_eq!(&taken, &wanted);
        }
        let keys: Vec<_> = take(keys, &steps).into_iter().map(|key| key.map(Result::unwrap)).collect();
        let wanted: Vec<_> = wanted.into_iter().map(|entry| entry.map(|(key, _)| key)).collect();
        prop_assert_eq!(keys, wanted);

        let asked: Vec<Key> = expected.iter().map(|(key, _)| key.clone()).collect();
        let found = db.get_many_at(&snapshot, &asked).unwrap();
        let values: Vec<_> = expected.into_iter().map(|(_, value)| Some(value)).collect();
        prop_assert_eq!(found, values);
    }
}

#[test]
fn bounds_are_anything_that_is_bytes() {
    let db = open(&MemoryEnv::new());
    for key in ["a", "b", "c", "d"] {
        db.put(key.as_bytes(), b"", Durability::Process).unwrap();
    }
    let keys = |entries: Result<Entries>| -> String {
        let keys = entries.unwrap().keys().map(|key| String::from_utf8(key.unwrap()).unwrap());
        keys.collect()
    };
    assert_eq!(keys(db.range(..)), "abcd");
    assert_eq!(keys(db.range("b".."d")), "bc");
    assert_eq!(keys(db.range(b"b"..=b"d")), "bcd");
    assert_eq!(keys(db.range(b"b".to_vec()..)), "bcd");
    assert_eq!(keys(db.range(..String::from("c"))), "ab");
    assert_eq!(keys(db.range(..=b"c".as_slice())), "abc");
    assert_eq!(keys(db.range((Bound::Excluded("a"), Bound::Unbounded))), "bcd");
    assert_eq!(keys(db.range("d".."b")), "");
    assert_eq!(keys(db.range(Range::prefix(b"c").fill_cache(true))), "c");
}

#[test]
fn an_error_ends_both_ends() {
    let fault = FaultEnv::on_memory(MemoryEnv::new());
    let db = open(&fault);
    for key in 0..100_u8 {
        db.put(&[key], &[key; 1_000], Durability::Process).unwrap();
    }
    db.compact_range(None, None).unwrap();
    let mut entries = db.range(..).unwrap();
    entries.next().unwrap().unwrap();
    fault.set_plan(FaultPlan::fail_from(0, errno::EIO).on(IoOperation::Read));
    let error = entries.next_back().unwrap().unwrap_err();
    assert_eq!(error.errno(), Some(errno::EIO));
    fault.clear_plan();
    assert!(entries.next().is_none() && entries.next_back().is_none());
}

#[test]
fn a_range_does_not_outlive_its_database() {
    let db = open(&MemoryEnv::new());
    db.put(b"a", b"", Durability::Process).unwrap();
    let mut entries = db.range(..).unwrap();
    db.close().unwrap();
    assert!(matches!(entries.next_back(), Some(Err(Error::Closed))));
    assert!(entries.next().is_none());
}
