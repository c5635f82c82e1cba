//! A salvaging reader keeps what can be proven, says what it skipped, and makes nothing up.

use super::*;

#[derive(Debug, PartialEq)]
enum Found {
    Record(Vec<u8>),
    Skipped(u64, u64),
}

fn salvage(bytes: &[u8]) -> (Vec<Found>, LogEnd) {
    let mut reader = LogReader::salvaging(open(bytes), path());
    let mut found = Vec::new();
    loop {
        let mut record = Vec::new();
        found.push(match reader.next(&mut record).unwrap() {
            LogRead::Record { .. } => Found::Record(record),
            LogRead::Skipped { offset, bytes, .. } => Found::Skipped(offset, bytes),
            LogRead::End(end) => return (found, end),
        });
    }
}

#[test]
fn one_bad_record_is_all_that_is_lost() {
    let records: Vec<_> = (0..5).map(|seed| noise(seed, 50)).collect();
    for change in [2 * 57, 2 * 57 + 4, 2 * 57 + 6, 2 * 57 + 30] {
        let mut bytes = log_of(&records);
        bytes[change] ^= 0x11;
        let (found, end) = salvage(&bytes);
        let mut expected: Vec<_> = records.iter().cloned().map(Found::Record).collect();
        expected[2] = Found::Skipped(114, 57);
        assert_eq!((found, end), (expected, LogEnd::Clean), "{change}");
    }
}

#[test]
fn a_header_that_is_gone_costs_the_block() {
    let records: Vec<_> = (0..700).map(|seed| noise(seed, 50)).collect();
    let mut bytes = log_of(&records);
    bytes[57..57 + 20].fill(0xee);
    let (found, _) = salvage(&bytes);
    // The record over the end of the block is lost with it: its first fragment is in the block.
    let in_block = LOG_BLOCK_SIZE / 57;
    let resumed = (in_block as u64 + 1) * 57 + 7;
    assert_eq!(found[0], Found::Record(records[0].clone()));
    assert_eq!(found[1], Found::Skipped(57, resumed - 57));
    assert_eq!(found[2], Found::Record(records[in_block + 1].clone()));
    assert_eq!(found.len(), 2 + 700 - in_block - 1);
}

#[test]
fn records_inside_of_a_damaged_value_do_not_come_alive() {
    let copy = log_of(&[noise(20, 90), noise(21, 300)]);
    let records = [noise(1, 20), [noise(2, 9), copy].concat(), noise(3, LOG_BLOCK_SIZE)];
    let bytes = log_of(&records);
    for damage in [27..27 + 16, 27 + 3..27 + 6, 30..31, 40..50] {
        let mut bytes = bytes.clone();
        bytes[damage].iter_mut().for_each(|byte| *byte ^= 0x5a);
        for found in salvage(&bytes).0 {
            if let Found::Record(record) = found {
                assert!(records.contains(&record));
            }
        }
    }
}

#[test]
fn whatever_byte_is_changed_only_records_that_were_written_come_back() {
    let records = vec![noise(1, 20), vec![0; 900], noise(2, LOG_BLOCK_SIZE + 99), noise(3, 9)];
    let bytes = log_of(&records);
    for at in (0..bytes.len()).step_by(3) {
        let mut changed = bytes.clone();
        changed[at] ^= 0x40;
        let (found, end) = salvage(&changed);
        let mut skipped = 0;
        for found in &found {
            match found {
                Found::Record(record) => assert!(records.contains(record), "{at}"),
                Found::Skipped(offset, length) => {
                    assert!((*offset..offset + length).contains(&(at as u64)), "{at}");
                    skipped += 1;
                }
            }
        }
        let trailer = found.len() == records.len() && skipped == 0;
        assert!(trailer || skipped == 1, "{at}: {found:?}");
        assert_eq!(end, LogEnd::Clean, "{at}");
    }
}

#[test]
fn a_torn_end_behind_damage_is_still_a_torn_end() {
    let records: Vec<_> = (0..3).map(|seed| noise(seed, 50)).collect();
    let mut bytes = log_of(&records);
    bytes[10] ^= 1;
    bytes.truncate(150);
    let (found, end) = salvage(&bytes);
    assert_eq!(found, [Found::Skipped(0, 57), Found::Record(records[1].clone())]);
    assert_eq!(end, LogEnd::Torn { offset: 114 });
}

#[test]
fn damage_in_every_block_takes_one_search() {
    // Sectors of zeros at the start of every block, and nothing valid before the last one.
    let mut bytes = noise(1, 96 * LOG_BLOCK_SIZE);
    for block in bytes.chunks_mut(LOG_BLOCK_SIZE).step_by(2) {
        block[..512].fill(0);
    }
    bytes[LOG_BLOCK_SIZE..30 * LOG_BLOCK_SIZE].fill(0);
    let end = bytes.len() as u64;
    bytes.extend_from_slice(&log_of(&[b"last"]));
    let (found, _) = salvage(&bytes);
    assert_eq!(found, [Found::Skipped(0, end), Found::Record(b"last".to_vec())]);
}
