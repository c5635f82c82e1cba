//! A block with a directory answers as it does without one.

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

use super::super::block::Block;
use super::super::block_builder::BlockBuilder;
use crate::internal_key;

fn block(keys: &[(Vec<u8>, u64)], value_size: usize) -> Block {
    let mut builder = BlockBuilder::new(16);
    for (key, tag) in keys {
        builder.add(&internal_key::encode(key, *tag), &vec![b'v'; value_size]);
    }
    Block::new(bytes::Bytes::copy_from_slice(builder.finish())).unwrap()
}

/// Keys that share much, with zeros that digests pad with, and several entries of some.
fn entries() -> impl Strategy<Value = Vec<(Vec<u8>, u64)>> {
    let part = prop::sample::select(vec!["sigil:", "\0", "a", "\u{ff}", "12345678"]);
    let key = vec(part, 0..5).prop_map(|parts| parts.concat().into_bytes());
    btree_set((key, 0..4_u64), 1..24).prop_map(|set| {
        let mut entries: Vec<_> = set.into_iter().map(|(key, tag)| (key, tag << 8 | 1)).collect();
        entries.sort_by(|a, b| internal_key::compare_parts(&a.0, a.1, &b.0, b.1));
        entries
    })
}

proptest! {
    #[test]
    fn a_directory_changes_no_answer(entries in entries(), others in entries()) {
        let plain = block(&entries, 200);
        let indexed = plain.clone().with_directory();
        prop_assert!(indexed.has_directory());
        for (key, _) in entries.iter().chain(&others) {
            for tag in [0, 1 << 8 | 1, 2 << 8 | 0xff, u64::MAX] {
                let expected = plain.search(key, tag).unwrap();
                prop_assert_eq!(indexed.search(key, tag).unwrap(), expected);
            }
        }
    }
}

#[test]
fn small_entries_get_no_directory() {
    let entries: Vec<_> = (0..100_u8).map(|number| (vec![number], 1)).collect();
    assert!(!block(&entries, 8).with_directory().has_directory());
    assert!(block(&entries, 200).with_directory().has_directory());
}

#[test]
fn entries_out_of_order_get_no_directory() {
    let entries: Vec<_> = [5_u8, 3, 9].map(|number| (vec![number], 1)).into();
    assert!(!block(&entries, 200).with_directory().has_directory());
}

#[test]
fn a_block_weighs_what_its_directory_takes() {
    let plain = block(&[(b"key".to_vec(), 1)], 200);
    assert!(plain.clone().with_directory().size() > plain.size());
}
