//! Bytes worked out by hand and logs that C++ LevelDB wrote.

use super::*;
use crate::checksum::masked_crc32c;
use crate::version::edit::VersionEdit;

#[test]
fn a_small_log_is_what_the_format_says() {
    let mut expected = Vec::new();
    for payload in [&b"one"[..], b"", b"three"] {
        expected.extend_from_slice(&masked_crc32c(&[&[1], payload]).to_le_bytes());
        expected.extend_from_slice(&[payload.len() as u8, 0, 1]);
        expected.extend_from_slice(payload);
    }
    assert_eq!(log_of(&[&b"one"[..], b"", b"three"]), expected);
}

#[test]
fn records_fill_a_block_to_its_trailer_and_go_on_in_the_next() {
    // Leaves a header's room, then six bytes: a FIRST without payload, then a trailer of zeros.
    for (left, trailer) in [(LOG_HEADER_SIZE, 0), (LOG_HEADER_SIZE - 1, LOG_HEADER_SIZE - 1)] {
        let first = LOG_BLOCK_SIZE - LOG_HEADER_SIZE - left;
        let bytes = log_of(&[vec![1; first], vec![2; 2]]);
        let at = LOG_BLOCK_SIZE - left;
        if trailer == 0 {
            assert_eq!(bytes[at + 4..at + 7], [0, 0, 2]);
            assert_eq!(bytes[LOG_BLOCK_SIZE + 4..LOG_BLOCK_SIZE + 7], [2, 0, 4]);
        } else {
            assert_eq!(bytes[at..LOG_BLOCK_SIZE], vec![0; trailer]);
            assert_eq!(bytes[LOG_BLOCK_SIZE + 4..LOG_BLOCK_SIZE + 7], [2, 0, 1]);
        }
        assert_eq!(bytes.len(), LOG_BLOCK_SIZE + LOG_HEADER_SIZE + 2);
    }
}

#[test]
fn a_record_over_three_blocks_has_a_middle() {
    let bytes = log_of(&[noise(1, 2 * LOG_BLOCK_SIZE)]);
    let types: Vec<u8> = (0..3).map(|block| bytes[block * LOG_BLOCK_SIZE + 6]).collect();
    assert_eq!(types, [2, 3, 4]);
}

#[test]
fn a_manifest_by_cpp_leveldb_reads_and_writes_to_the_same_bytes() {
    let fixture = include_bytes!("../../../tests/fixtures/flappyjournal-leveldb/MANIFEST-000039");
    let (records, end) = read(fixture);
    assert_eq!(end.unwrap(), LogEnd::Clean);
    assert_eq!(log_of(&records), fixture);

    let edits: Vec<_> = records.iter().map(|record| VersionEdit::decode(record).unwrap()).collect();
    assert_eq!(edits.len(), 2);
    assert_eq!(edits[0].comparator.as_deref(), Some("leveldb.BytewiseComparator"));
    assert_eq!(edits[0].new_files[0].1.number, 37);
    let last = &edits[1];
    assert_eq!((last.log_number, last.prev_log_number), (Some(41), Some(0)));
    assert_eq!((last.next_file_number, last.last_sequence), (Some(42), Some(2)));
    assert_eq!((last.new_files[0].1.number, last.new_files[0].1.size), (40, 1022));
    for (edit, record) in edits.iter().zip(&records) {
        let mut encoded = Vec::new();
        edit.encode(&mut encoded);
        assert_eq!(&encoded, record);
    }
}
