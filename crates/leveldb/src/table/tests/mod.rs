//! What the tests of tables share: a table in memory, and a model to compare it with.

mod damage;
mod directory;
mod interop;
mod round_trip;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::*;
use crate::env::{Env, MemoryEnv};
use crate::error::Result;
use crate::internal_key::{ValueKind, encode, pack_tag};
use crate::iterator::InternalIterator;
use crate::options::Compression;

pub(super) const ALL_COMPRESSIONS: [Compression; 3] =
    [Compression::None, Compression::Snappy, Compression::Zstd(1)];

/// Entries by user key and then by sequence number downwards, as internal keys sort.
pub(super) type Model = BTreeMap<(Vec<u8>, std::cmp::Reverse<u64>), Option<Vec<u8>>>;

pub(super) fn options(compression: Compression) -> TableOptions {
    TableOptions { block_size: 256, restart_interval: 4, compression, bloom_bits_per_key: 10 }
}

pub(super) fn path() -> PathBuf {
    PathBuf::from("/db/000005.ldb")
}

pub(super) fn internal(user_key: &[u8], sequence: u64, has_value: bool) -> Vec<u8> {
    let kind = if has_value { ValueKind::Value } else { ValueKind::Deletion };
    encode(user_key, pack_tag(sequence, kind))
}

/// The bytes of a table that holds the model.
pub(super) fn build(model: &Model, options: TableOptions) -> (Vec<u8>, TableSummary) {
    let env = MemoryEnv::new();
    env.create_dir_all(Path::new("/db")).unwrap();
    let mut builder = TableBuilder::new(env.create(&path()).unwrap(), path(), options);
    for ((user_key, sequence), value) in model {
        let key = internal(user_key, sequence.0, value.is_some());
        builder.add(&key, value.as_deref().unwrap_or_default()).unwrap();
    }
    let estimate = builder.estimated_size();
    let summary = builder.finish().unwrap();
    assert!(model.is_empty() || estimate > 0);
    let bytes = env.read_file(&path()).unwrap();
    assert_eq!(bytes.len() as u64, summary.file_size);
    (bytes, summary)
}

/// Opens a table of these bytes.
pub(super) fn open(bytes: &[u8], cache: Option<Arc<ReadCache>>) -> Result<Arc<Table>> {
    let env = MemoryEnv::new();
    env.create_dir_all(Path::new("/db")).unwrap();
    env.write_file(&path(), bytes).unwrap();
    Table::open(env.open(&path()).unwrap(), path(), 5, None, cache).map(Arc::new)
}

/// What a snapshot at `sequence` reads of a key: a value, a deletion, or nothing.
pub(super) fn expected(model: &Model, key: &[u8], sequence: u64) -> Option<Option<Vec<u8>>> {
    let from = (key.to_vec(), std::cmp::Reverse(sequence));
    let (found, value) = model.range(from..).next()?;
    (found.0 == key).then(|| value.clone())
}

/// A model of `count` keys, some of which have older versions or are deleted.
pub(super) fn sample(count: u64) -> Model {
    let mut model = Model::new();
    for index in 0..count {
        let key = format!("key{:05}", index * 7 % count).into_bytes();
        let value = format!("value {index} ").repeat(1 + index as usize % 9).into_bytes();
        if index % 3 == 0 {
            model.insert((key.clone(), std::cmp::Reverse(2 * index + 1)), Some(b"old".to_vec()));
        }
        model.insert((key, std::cmp::Reverse(2 * index + 2)), (index % 5 != 0).then_some(value));
    }
    model
}

/// All entries from first to last, as internal keys and values.
pub(super) fn scan(iterator: &mut dyn InternalIterator) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut entries = Vec::new();
    iterator.seek_to_first()?;
    while iterator.valid() {
        assert_eq!(iterator.value_bytes(), iterator.value());
        entries.push((iterator.key().to_vec(), iterator.value().to_vec()));
        iterator.next()?;
    }
    Ok(entries)
}

pub(super) fn entries(model: &Model) -> Vec<(Vec<u8>, Vec<u8>)> {
    model
        .iter()
        .map(|((user_key, sequence), value)| {
            let key = internal(user_key, sequence.0, value.is_some());
            (key, value.clone().unwrap_or_default())
        })
        .collect()
}
