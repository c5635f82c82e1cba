//! Batches come back as they were made, and bytes that are no batch are refused.

use proptest::prelude::*;

use super::*;
use crate::error::CorruptionKind;
use crate::internal_key::MAX_SEQUENCE;

fn batch_of(entries: &[(Vec<u8>, Option<Vec<u8>>)]) -> WriteBatch {
    let mut batch = WriteBatch::new();
    for (key, value) in entries {
        match value {
            Some(value) => batch.put(key, value),
            None => batch.delete(key),
        }
    }
    batch
}

fn entries_of(batch: &WriteBatch) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
    batch.iter().map(owned).collect()
}

fn owned(entry: BatchEntry<'_>) -> (Vec<u8>, Option<Vec<u8>>) {
    let (kind, key, value) = entry.parts();
    (key.to_vec(), (kind == ValueKind::Value).then(|| value.to_vec()))
}

/// The record that a log would hold.
fn record(batch: &WriteBatch, sequence: u64) -> Vec<u8> {
    [&batch.header(sequence), batch.entries()].concat()
}

fn decode(bytes: &[u8]) -> Result<BatchReader<'_>, CorruptionKind> {
    BatchReader::new(bytes)
}

#[test]
fn a_batch_is_the_bytes_that_the_format_says() {
    let mut batch = WriteBatch::new();
    batch.put(b"key", b"value");
    batch.delete(b"gone");
    assert_eq!(batch.byte_size(), 29);
    assert_eq!(
        record(&batch, 0x0102),
        b"\x02\x01\0\0\0\0\0\0\x02\0\0\0\x01\x03key\x05value\x00\x04gone"
    );
    assert_eq!(record(&WriteBatch::new(), 0), [0; 12]);
}

proptest! {
    #[test]
    fn any_entries_come_back(
        entries in prop::collection::vec(
            (
                prop::collection::vec(any::<u8>(), 0..200),
                prop::option::of(prop::collection::vec(any::<u8>(), 0..200)),
            ),
            0..20,
        ),
        split in 0usize..20,
    ) {
        let (front, back) = entries.split_at(split.min(entries.len()));
        let mut batch = batch_of(front);
        batch.append(&batch_of(back));
        prop_assert_eq!(batch.len(), entries.len());
        prop_assert_eq!(batch.is_empty(), entries.is_empty());
        prop_assert_eq!(entries_of(&batch), entries.clone());

        let size = batch.byte_size();
        let bytes = record(&batch, 77);
        prop_assert_eq!(bytes.len(), size);
        let reader = BatchReader::new(&bytes).unwrap();
        prop_assert_eq!((reader.sequence(), reader.count() as usize), (77, entries.len()));
        let read: Vec<_> = reader.iter().map(owned).collect();
        prop_assert_eq!(read, entries);
    }

    #[test]
    fn any_bytes_are_a_batch_or_refused(bytes in prop::collection::vec(0u8..4, 0..60)) {
        if let Ok(reader) = decode(&bytes) {
            prop_assert_eq!(reader.iter().count(), reader.count() as usize);
        }
    }
}

#[test]
fn a_batch_that_is_cut_anywhere_is_refused() {
    let mut batch = WriteBatch::new();
    batch.put(b"key", b"value");
    batch.delete(b"gone");
    let bytes = record(&batch, 1);
    for cut in 0..bytes.len() {
        assert!(decode(&bytes[..cut]).is_err(), "{cut}");
    }
    assert!(decode(&[&bytes[..], &[0]].concat()).is_err());
}

#[test]
fn counts_sequences_and_kinds_are_checked() {
    let mut batch = WriteBatch::new();
    batch.delete(b"a");
    batch.delete(b"b");
    let bytes = record(&batch, MAX_SEQUENCE - 1);
    assert!(decode(&bytes).is_ok());
    for count in [0, 1, 3, 255] {
        let mut changed = bytes.to_vec();
        changed[8] = count;
        assert_eq!(decode(&changed).err(), Some(CorruptionKind::Inconsistent));
    }
    let mut unknown = bytes.to_vec();
    unknown[12] = 2;
    assert_eq!(decode(&unknown).err(), Some(CorruptionKind::UnknownType));
    for sequence in [MAX_SEQUENCE, u64::MAX] {
        assert_eq!(decode(&record(&batch, sequence)).err(), Some(CorruptionKind::Inconsistent));
    }
}

#[test]
fn what_is_too_large_is_remembered_until_the_batch_is_cleared() {
    let mut batch = WriteBatch::with_capacity(100);
    batch.put(b"fine", b"value");
    assert!(batch.check().is_ok());
    batch.delete(&vec![0; MAX_KEY_SIZE + 1]);
    batch.delete(b"fine");
    assert!(matches!(batch.check(), Err(Error::InvalidArgument(_))));
    assert_eq!(entries_of(&batch).len(), 2);

    let mut other = WriteBatch::new();
    other.append(&batch);
    assert!(other.check().is_err());

    batch.clear();
    assert!(batch.check().is_ok() && batch.is_empty());
    assert_eq!(entries_of(&batch), []);
}

#[test]
fn keys_and_values_stay_out_of_debug_output() {
    let mut batch = WriteBatch::new();
    batch.put(b"secret", b"secret");
    let text = format!("{batch:?} {:?}", batch.iter().collect::<Vec<_>>());
    assert!(!text.contains("secret") && !text.contains("115"), "{text}");
}
