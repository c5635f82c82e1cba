//! Tables give back what went into them, whatever the keys, the options and the order of moves.

use std::cmp::Reverse;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;

use super::*;
use crate::env::{FileIdentity, ReadableFile};
use crate::error::Error;
use crate::internal_key::{compare, seek_tag};
use crate::lookup::Lookup;

/// Keys that share prefixes, are prefixes of each other and hold the bytes that tags are made of.
fn user_key() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(prop::sample::select(vec![0u8, 1, 2, b'a', 0xff]), 0..12),
        "[ab]{0,20}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..40),
    ]
}

fn model() -> impl Strategy<Value = Model> {
    let value = prop::option::of(prop::collection::vec(any::<u8>(), 0..60));
    prop::collection::btree_map((user_key(), (0..300u64).prop_map(Reverse)), value, 0..150)
}

fn table_options() -> impl Strategy<Value = TableOptions> {
    let compression = prop::sample::select(ALL_COMPRESSIONS.to_vec());
    (1..600usize, 1..20usize, compression, prop::sample::select(vec![0usize, 1, 10])).prop_map(
        |(block_size, restart_interval, compression, bloom_bits_per_key)| TableOptions {
            block_size,
            restart_interval,
            compression,
            bloom_bits_per_key,
        },
    )
}

fn check_get(table: &Table, model: &Model, key: &[u8], sequence: u64) {
    let found = table.get(&Lookup::new(key, seek_tag(sequence)), ReadMode::Any).unwrap();
    let found = found.map(|hit| (hit.tag as u8 == 1).then(|| hit.value.to_vec()));
    assert_eq!(found, expected(model, key, sequence), "{key:?} at {sequence}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_entry_is_found_and_nothing_else(
        model in model(),
        options in table_options(),
        others in prop::collection::vec((user_key(), 0..400u64), 0..40),
        cached in any::<bool>(),
    ) {
        let (bytes, summary) = build(&model, options);
        let cache = cached.then(|| Arc::new(ReadCache::new(1 << 20)));
        let table = open(&bytes, cache).unwrap();
        prop_assert_eq!(table.statistics(), Some(summary.statistics));
        prop_assert_eq!(table.verify().unwrap(), summary.statistics);
        let all = entries(&model);
        prop_assert_eq!(summary.smallest, all.first().map(|e| e.0.clone()).unwrap_or_default());
        prop_assert_eq!(summary.largest, all.last().map(|e| e.0.clone()).unwrap_or_default());
        prop_assert_eq!(&scan(&mut table.iter(true)).unwrap(), &all);
        prop_assert_eq!(&scan(&mut table.iter(false)).unwrap(), &all);
        for (key, Reverse(sequence)) in model.keys() {
            for sequence in [*sequence, sequence + 1, sequence.saturating_sub(1), 1 << 50] {
                check_get(&table, &model, key, sequence);
            }
        }
        for (key, sequence) in &others {
            check_get(&table, &model, key, *sequence);
        }
    }

    #[test]
    fn cursors_move_like_the_model(
        model in model(),
        options in table_options(),
        moves in prop::collection::vec((0..6u8, user_key(), 0..400u64), 1..80),
        fill_cache in any::<bool>(),
    ) {
        let all = entries(&model);
        let (bytes, _) = build(&model, options);
        let table = open(&bytes, Some(Arc::new(ReadCache::new(1 << 20)))).unwrap();
        let mut cursor = table.iter(fill_cache);
        let mut place: Option<usize> = None;
        for (action, key, sequence) in moves {
            match action {
                0 => { cursor.seek_to_first().unwrap(); place = Some(0); }
                1 => { cursor.seek_to_last().unwrap(); place = all.len().checked_sub(1); }
                2 => {
                    let target = internal(&key, sequence, true);
                    cursor.seek(&target).unwrap();
                    place = all.iter().position(|(key, _)| compare(key, &target).is_ge());
                }
                3 => { cursor.next().unwrap(); place = place.map(|at| at + 1); }
                _ => { cursor.prev().unwrap(); place = place.and_then(|at| at.checked_sub(1)); }
            }
            place = place.filter(|&at| at < all.len());
            prop_assert_eq!(cursor.valid(), place.is_some());
            let here = place.map(|at| all[at].clone()).unwrap_or_default();
            if place.is_some() {
                prop_assert_eq!((cursor.key(), cursor.value()), (&here.0[..], &here.1[..]));
            }
        }
    }
}

#[test]
fn an_empty_table_opens_and_holds_nothing() {
    for compression in ALL_COMPRESSIONS {
        let (bytes, summary) = build(&Model::new(), options(compression));
        assert_eq!(summary.statistics, TableStatistics::default());
        let table = open(&bytes, None).unwrap();
        assert_eq!(table.get(&Lookup::new(b"a", u64::MAX), ReadMode::Any).unwrap(), None);
        assert_eq!(scan(&mut table.iter(true)).unwrap(), []);
        let mut cursor = table.iter(false);
        cursor.seek_to_last().unwrap();
        assert!(!cursor.valid() && cursor.key().is_empty());
        table.verify().unwrap();
    }
}

#[test]
fn large_values_are_whole() {
    let mut model = Model::new();
    for index in 0..6u8 {
        let noise = (0..1u32 << 20).map(|i| (i.wrapping_mul(2_654_435_761) >> 9) as u8 ^ index);
        let value = if index % 2 == 0 { vec![index; 1 << 20] } else { noise.collect() };
        model.insert((vec![index], Reverse(1)), Some(value));
    }
    for compression in ALL_COMPRESSIONS {
        let (bytes, _) = build(&model, options(compression));
        let table = open(&bytes, Some(Arc::new(ReadCache::new(64 << 20)))).unwrap();
        for key in 0..6u8 {
            check_get(&table, &model, &[key], 9);
            check_get(&table, &model, &[key], 9);
        }
        assert_eq!(scan(&mut table.iter(false)).unwrap(), entries(&model));
        table.verify().unwrap();
    }
}

#[test]
fn long_scans_read_ahead_in_both_directions() {
    let model = sample(5000);
    let all = entries(&model);
    let (bytes, _) = build(&model, options(Compression::Snappy));
    let table = open(&bytes, None).unwrap();
    assert_eq!(scan(&mut table.iter(false)).unwrap(), all);
    let mut cursor = table.iter(false);
    cursor.seek_to_last().unwrap();
    let mut backward = Vec::new();
    while cursor.valid() {
        backward.push((cursor.key().to_vec(), cursor.value().to_vec()));
        cursor.prev().unwrap();
    }
    backward.reverse();
    assert_eq!(backward, all);
}

#[test]
fn keys_out_of_order_are_refused() {
    let env = MemoryEnv::new();
    env.create_dir_all(Path::new("/db")).unwrap();
    let file = env.create(&path()).unwrap();
    let mut builder = TableBuilder::new(file, path(), options(Compression::None));
    builder.add(&internal(b"b", 5, true), b"").unwrap();
    for key in [internal(b"b", 5, true), internal(b"b", 6, true), internal(b"a", 9, true)] {
        assert!(matches!(builder.add(&key, b""), Err(Error::InvalidArgument(_))));
    }
    assert!(matches!(builder.add(b"short", b""), Err(Error::InvalidArgument(_))));
    builder.add(&internal(b"b", 4, true), b"").unwrap();
    assert_eq!(builder.finish().unwrap().statistics.entries, 2);
}

#[test]
fn offsets_grow_with_the_keys() {
    let model = sample(500);
    let (bytes, _) = build(&model, options(Compression::Snappy));
    let table = open(&bytes, None).unwrap();
    let mut last = 0;
    for (key, _) in entries(&model) {
        let offset = table.approximate_offset(&key);
        assert!(offset >= last && offset < bytes.len() as u64);
        last = offset;
    }
    assert_eq!(table.approximate_offset(&internal(b"", 9, true)), 0);
    assert!(table.approximate_offset(&internal(b"z", 9, true)) > last);
    assert!(table.memory() > 0);
}

/// A file of which the system holds nothing in memory once `cold` is set.
#[derive(Debug)]
struct ColdFile {
    file: Arc<dyn ReadableFile>,
    cold: AtomicBool,
}

impl ReadableFile for ColdFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        assert!(!self.cold.load(Ordering::Relaxed), "a read that may not wait went to the disk");
        self.file.read_at(offset, buffer)
    }

    fn read_at_if_cached(&self, offset: u64, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let cold = self.cold.load(Ordering::Relaxed);
        if cold { Ok(None) } else { self.file.read_at(offset, buffer).map(Some) }
    }

    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }

    fn identity(&self) -> io::Result<FileIdentity> {
        self.file.identity()
    }
}

#[test]
fn a_read_that_may_not_wait_is_answered_from_memory_or_refused() {
    let model = sample(100);
    let (bytes, _) = build(&model, options(Compression::Snappy));
    let env = MemoryEnv::new();
    env.create_dir_all(Path::new("/db")).unwrap();
    env.write_file(&path(), bytes).unwrap();
    let file = env.open(&path()).unwrap();
    let file = Arc::new(ColdFile { file, cold: AtomicBool::new(false) });
    let cache = Arc::new(ReadCache::new(1 << 20));
    let open = |file: &Arc<ColdFile>| {
        let file = Arc::clone(file);
        Arc::new(Table::open(file, path(), 5, None, Some(Arc::clone(&cache))).unwrap())
    };
    let table = open(&file);
    let get_in = |key: &[u8], mode| table.get(&Lookup::new(key, seek_tag(1 << 50)), mode);
    let get = |key: &[u8]| get_in(key, ReadMode::NoWait);
    file.cold.store(true, Ordering::Relaxed);
    assert!(matches!(get(b"key00007"), Err(Error::WouldBlock)));
    // The filter answers for most keys that are not there.
    assert!((0..20).any(|index| get(format!("key000071{index}").as_bytes()).is_ok()));
    file.cold.store(false, Ordering::Relaxed);
    assert!(matches!(get_in(b"key00007", ReadMode::MemoryOnly), Err(Error::WouldBlock)));
    assert!(get(b"key00007").unwrap().is_some());
    assert!(get_in(b"key00007", ReadMode::MemoryOnly).unwrap().is_some());
    scan(&mut table.iter(true)).unwrap();
    assert!(cache.usage() > 0);
    file.cold.store(true, Ordering::Relaxed);
    for (key, _) in model.keys() {
        assert!(get(key).unwrap().is_some());
    }
    assert_eq!(scan(&mut table.iter(false)).unwrap(), entries(&model));
}
