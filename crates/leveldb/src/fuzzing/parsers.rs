//! The targets that each read one kind of file or part.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use super::{file_of, forge};
use crate::env::{Env, MemoryEnv, ReadableFile};
use crate::error::Result;
use crate::internal_key;
use crate::iterator::InternalIterator;
use crate::log::{LogRead, LogReader};
use crate::lookup::Lookup;
use crate::table::{Block, BlockIterator, Hit, ReadMode, Table};
use crate::version::edit::VersionEdit;
use crate::version::manifest;
use crate::write_batch::{BatchEntry, BatchReader, WriteBatch};

/// A log: strictly and salvaging.
pub fn log(input: &[u8]) {
    let bytes = file_of(input, forge::log);
    let path = Path::new("/000001.log");
    let Some(file) = in_memory(path, &bytes) else { return };
    let (strict, failed) = records(LogReader::new(Arc::clone(&file), path.into()));
    let (salvaged, _) = records(LogReader::salvaging(file, path.into()));
    assert!(salvaged.starts_with(&strict));
    assert!(failed || salvaged == strict);
    assert!(salvaged.iter().map(|record| record.len() + 7).sum::<usize>() <= bytes.len());
}

/// The records that a reader gives, and whether an error ended them.
pub(super) fn records(mut reader: LogReader) -> (Vec<Vec<u8>>, bool) {
    let mut records = Vec::new();
    let mut record = Vec::new();
    loop {
        match reader.next(&mut record) {
            Ok(LogRead::Record { .. }) => records.push(record.clone()),
            Ok(LogRead::Skipped { .. }) => {}
            Ok(LogRead::End(_)) => return (records, false),
            Err(_) => return (records, true),
        }
    }
}

/// A block: walked in both directions and searched. The input begins with a key to look for.
pub fn block(input: &[u8]) {
    let mut parts = input.splitn(2, |&byte| byte == 0);
    let (target, content) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let Ok(block) = Block::new(Bytes::copy_from_slice(content)) else { return };
    let _ = block.search(target, u64::MAX);
    let mut cursor = BlockIterator::new(block);
    let mut forward = Vec::new();
    if cursor.seek(&internal_key::encode(target, u64::MAX)).is_ok() && cursor.valid() {
        let _ = cursor.prev();
    }
    let mut outcome = cursor.seek_to_first();
    while cursor.valid() {
        forward.push((cursor.key().to_vec(), cursor.value().to_vec()));
        outcome = cursor.next();
    }
    let is_whole = outcome.is_ok();
    let mut backward = Vec::new();
    outcome = cursor.seek_to_last();
    while cursor.valid() {
        backward.push((cursor.key().to_vec(), cursor.value().to_vec()));
        outcome = cursor.prev();
    }
    backward.reverse();
    assert!(forward.len() <= content.len());
    assert!(!is_whole || outcome.is_err() || forward == backward);
}

/// A table: opened, verified, walked and searched.
pub fn table(input: &[u8]) {
    let bytes = file_of(input, forge::table);
    let path = Path::new("/000001.ldb");
    let Some(file) = in_memory(path, &bytes) else { return };
    let Ok(table) = Table::open(file, path.into(), 1, None, None) else { return };
    let table = Arc::new(table);
    let verified = table.verify();
    let forward = entries(&table, true);
    let backward = entries(&table, false);
    let Ok(statistics) = verified else { return };
    let (Ok(forward), Ok(mut backward)) = (forward, backward) else {
        unreachable!("a table that verifies cannot be read");
    };
    backward.reverse();
    assert_eq!(forward.len() as u64, statistics.entries);
    assert!(forward == backward);
    for (key, value) in forward {
        let Some((user_key, tag)) = internal_key::split(&key) else { continue };
        // A search for a deletion's place starts at the value's place, as readers' searches do.
        let found = table.get(&Lookup::new(user_key, tag | 1), ReadMode::Any);
        let is_this = |found: Hit| found.tag == tag && found.value == value;
        assert!(found.is_ok_and(|found| found.is_some_and(is_this)));
    }
}

type KeysAndValues = Vec<(Vec<u8>, Vec<u8>)>;

fn entries(table: &Arc<Table>, forward: bool) -> Result<KeysAndValues> {
    let mut cursor = table.iter(false);
    let mut entries = Vec::new();
    if forward {
        cursor.seek_to_first()?
    } else {
        cursor.seek_to_last()?
    }
    while cursor.valid() {
        entries.push((cursor.key().to_vec(), cursor.value().to_vec()));
        if forward { cursor.next()? } else { cursor.prev()? }
    }
    Ok(entries)
}

/// A manifest. Its pieces are edits.
pub fn manifest(input: &[u8]) {
    for piece in forge::pieces(input.get(1..).unwrap_or_default()) {
        if let Ok(edit) = VersionEdit::decode(piece) {
            let mut encoded = Vec::new();
            edit.encode(&mut encoded);
            assert_eq!(VersionEdit::decode(&encoded), Ok(edit));
        }
    }
    let bytes = file_of(input, forge::log_of_records);
    let env = MemoryEnv::new();
    let path = Path::new("/MANIFEST-000001");
    if env.write_file(path, bytes).is_ok() {
        let _ = manifest::read(&env, path, 1, Arc::default());
    }
}

/// A batch, as a log has it.
pub fn batch(input: &[u8]) {
    let Ok(batch) = BatchReader::new(input) else { return };
    let mut copy = WriteBatch::new();
    for entry in batch.iter() {
        match entry {
            BatchEntry::Put { key, value } => copy.put(key, value),
            BatchEntry::Delete { key } => copy.delete(key),
        }
    }
    assert_eq!(copy.len(), batch.count() as usize);
    assert!(copy.iter().eq(batch.iter()));
}

pub(super) fn in_memory(path: &Path, bytes: &[u8]) -> Option<Arc<dyn ReadableFile>> {
    let env = MemoryEnv::new();
    env.write_file(path, bytes).ok()?;
    env.open(path).ok()
}
