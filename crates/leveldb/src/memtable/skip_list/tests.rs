//! The list against a sorted map, and under readers while it grows.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;

use super::*;
use crate::memtable::entry::EntrySpace;

struct List {
    list: SkipList,
    writer: Writer,
    space: EntrySpace,
}

impl List {
    fn new(prefix: &[u8]) -> Self {
        Self {
            list: SkipList::new(prefix.into()),
            writer: Writer::default(),
            space: EntrySpace::default(),
        }
    }

    fn insert(&mut self, key: &[u8], tag: u64) {
        let entry = self.space.entry(key, tag, key);
        assert!(self.list.insert(&mut self.writer, entry));
    }
}

fn position(list: &SkipList, node: u32) -> Option<(Vec<u8>, u64)> {
    let entry = list.entry(node)?;
    assert_eq!(entry.value(), entry.position().0);
    let (key, tag) = entry.position();
    Some((key.to_vec(), tag))
}

proptest! {
    #[test]
    fn it_finds_what_a_sorted_map_finds(
        keys in prop::collection::vec(prop::collection::vec(0u8..4, 0..5), 1..200),
        probes in prop::collection::vec((prop::collection::vec(0u8..4, 0..5), 0u64..250), 1..50),
        prefix in prop::collection::vec(0u8..4, 0..3),
    ) {
        let mut list = List::new(&prefix);
        // Tags sort downwards within a key.
        let mut model = BTreeMap::new();
        for (tag, key) in keys.iter().enumerate() {
            list.insert(key, tag as u64);
            model.insert((key.clone(), u64::MAX - tag as u64), ());
        }
        let list = &list.list;
        let unflip = |(key, tag): &(Vec<u8>, u64)| (key.clone(), u64::MAX - tag);
        for (key, tag) in probes {
            let at = (key.clone(), u64::MAX - tag);
            let expected = model.range(at.clone()..).next().map(|(found, ())| unflip(found));
            prop_assert_eq!(position(list, list.seek(&key, tag)), expected);
            let expected = model.range(..at).next_back().map(|(found, ())| unflip(found));
            prop_assert_eq!(position(list, list.before(&key, tag)), expected);
        }
        let shared = keys.iter().min().zip(keys.iter().max());
        let shared = shared.map_or(0, |(first, last)| common_prefix(first, last));
        prop_assert_eq!(list.shared_prefix(), &keys[0][..shared]);
        prop_assert_eq!(position(list, list.last()), model.keys().next_back().map(unflip));
        let mut node = NONE;
        for expected in model.keys() {
            node = list.next(node);
            prop_assert_eq!(position(list, node), Some(unflip(expected)));
        }
        prop_assert_eq!(list.next(node), NONE);
    }
}

#[test]
fn readers_find_everything_that_was_published_while_the_list_grows() {
    const KEYS: u64 = 20_000;
    let key = |number: u64| number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
    let List { list, mut writer, mut space } = List::new(&[]);
    let published = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for reader in 0..3 {
            let (list, published) = (&list, &published);
            scope.spawn(move || {
                let mut probe = reader;
                loop {
                    let known = published.load(Ordering::Acquire);
                    if known > 0 {
                        probe = (probe * 31 + 7) % known;
                        let found = position(list, list.seek(&key(probe), 1));
                        assert_eq!(found, Some((key(probe).to_vec(), 1)));
                    }
                    if known == KEYS {
                        break;
                    }
                }
                let (mut node, mut count, mut last) = (list.next(NONE), 0, Vec::new());
                while let Some((key, _)) = position(list, node) {
                    assert!(count == 0 || key > last);
                    (node, count, last) = (list.next(node), count + 1, key);
                }
                assert_eq!(count, KEYS);
            });
        }
        for number in 0..KEYS {
            assert!(list.insert(&mut writer, space.entry(&key(number), 1, &key(number))));
            published.store(number + 1, Ordering::Release);
        }
    });
}

#[test]
fn a_key_is_found_while_others_are_inserted_right_before_it() {
    const OTHERS: u64 = 50_000;
    let List { list, mut writer, mut space } = List::new(&[]);
    assert!(list.insert(&mut writer, space.entry(b"z", 7, b"z")));
    let done = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while done.load(Ordering::Acquire) == 0 {
                    assert_eq!(position(&list, list.seek(b"z", 7)), Some((b"z".to_vec(), 7)));
                }
            });
        }
        for other in 0..OTHERS {
            let key = other.to_be_bytes();
            assert!(list.insert(&mut writer, space.entry(&key, 9, &key)));
        }
        done.store(1, Ordering::Release);
    });
}
