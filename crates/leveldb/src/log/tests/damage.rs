//! The two promises about the end of a log, tried at every byte of logs of every shape: however it
//! is cut it opens, and whatever byte is changed is noticed. Then what a power cut leaves that is
//! no cut.

use super::*;

/// Logs whose tails could be taken for something else.
fn shapes() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let copy = log_of(&[noise(20, 90), noise(21, 300), noise(22, 0), noise(23, 40)]);
    let mut zeros = vec![0; 3_000];
    zeros[0] = 7;
    vec![
        ("small records", (0..20).map(|seed| noise(seed, 30)).collect()),
        ("three blocks", vec![noise(1, 10), noise(2, 2 * LOG_BLOCK_SIZE + 500), noise(3, 10)]),
        ("three blocks last", vec![noise(1, 10), noise(2, 2 * LOG_BLOCK_SIZE + 500)]),
        ("tiny last", vec![noise(1, 700), vec![]]),
        ("large last", vec![noise(1, 20), noise(2, 9_000)]),
        ("zeros", vec![vec![0; 2_000], vec![0; 5_000]]),
        ("mostly zeros", vec![noise(1, 20), zeros]),
        ("zeros within", vec![[noise(1, 30), vec![0; 1_500], noise(2, 30)].concat()]),
        ("a log within", vec![noise(1, 20), [noise(2, 9), copy.clone(), noise(3, 9)].concat()]),
        ("a log at the end", vec![noise(1, 20), [noise(2, 9), copy.clone()].concat()]),
        ("a log within, more behind", vec![copy, noise(1, 20), noise(2, 20)]),
        ("near a trailer", vec![noise(1, LOG_BLOCK_SIZE - 7 - 10), noise(2, 50)]),
        ("a trailer", vec![noise(1, LOG_BLOCK_SIZE - 7 - 3), noise(2, 50)]),
    ]
}

/// The bytes to try: all of a small log, and of a large one those near its headers.
fn places(bytes: &[u8], ends: &[usize]) -> Vec<usize> {
    let near = |at: usize| {
        let within = at % LOG_BLOCK_SIZE;
        !(20..LOG_BLOCK_SIZE - 20).contains(&within)
            || ends.iter().any(|&end| end.abs_diff(at) < 20)
    };
    let large = bytes.len() > 4_000;
    (0..bytes.len()).filter(|&at| !large || at % 41 == 0 || near(at)).collect()
}

/// Where each record of a log ends.
fn ends(records: &[Vec<u8>]) -> Vec<usize> {
    (0..=records.len()).map(|count| log_of(&records[..count]).len()).collect()
}

/// Where the record starts that follows one that ends at `end`.
fn behind_trailer(end: u64) -> u64 {
    let block = LOG_BLOCK_SIZE as u64;
    if end % block > block - LOG_HEADER_SIZE as u64 { end.next_multiple_of(block) } else { end }
}

/// Where records end that are only the content of a value.
fn ends_within_values(bytes: &[u8], ends: &[usize]) -> Vec<usize> {
    let block = &bytes[..bytes.len().min(LOG_BLOCK_SIZE)];
    let found = (0..block.len()).filter_map(|at| super::super::record::find(block, at));
    found.map(|physical| physical.end).filter(|end| !ends.contains(end)).collect()
}

#[test]
fn a_log_that_is_cut_anywhere_reads_up_to_there() {
    for (shape, records) in shapes() {
        let (bytes, ends) = (log_of(&records), ends(&records));
        let copied = ends_within_values(&bytes, &ends);
        for cut in places(&bytes, &ends) {
            let whole = ends.iter().filter(|&&end| end <= cut).count() - 1;
            let (found, end) = read(&bytes[..cut]);
            assert_eq!(found, records[..whole], "{shape} cut at {cut}");
            if copied.contains(&cut) && cut % LOG_BLOCK_SIZE != 0 {
                // The one case in which a crash is taken for damage.
                assert!(end.unwrap_err().is_corruption());
                continue;
            }
            let offset = ends[whole] as u64;
            match end.unwrap() {
                LogEnd::Torn { offset: torn } => {
                    assert!(cut as u64 > torn, "{shape} cut at {cut}");
                    assert_eq!(torn, behind_trailer(offset), "{shape} cut at {cut}");
                }
                LogEnd::Clean => {
                    let rest = &bytes[offset as usize..cut];
                    assert!(rest.iter().all(|&byte| byte == 0), "{shape} cut at {cut}");
                }
            }
        }
    }
}

#[test]
fn any_byte_that_is_changed_is_noticed() {
    for (shape, records) in shapes() {
        let bytes = log_of(&records);
        for at in places(&bytes, &ends(&records)) {
            for error in [0x01, 0x80, 0xff, bytes[at]] {
                let mut changed = bytes.clone();
                changed[at] ^= error;
                let (found, end) = read(&changed);
                if found == records {
                    // Nothing was changed, or a trailer.
                    assert!(error == 0 || bytes[at] == 0, "{shape} at {at}");
                    assert_eq!(end.unwrap(), LogEnd::Clean, "{shape} at {at}");
                    continue;
                }
                let error = end.expect_err(&format!("{shape}: {error:#x} at {at}"));
                assert!(error.is_corruption(), "{shape} at {at}");
                assert_eq!(found, records[..found.len()], "{shape} at {at}");
            }
        }
    }
}

#[test]
fn any_value_of_a_byte_of_a_header_is_noticed() {
    for (shape, records) in shapes() {
        let bytes = log_of(&records);
        for start in ends(&records).iter().take(records.len()) {
            for at in *start..start + LOG_HEADER_SIZE {
                for value in 0..=255 {
                    let mut changed = bytes.clone();
                    changed[at] = value;
                    let (found, end) = read(&changed);
                    assert!(found == records || end.is_err(), "{shape}: {value} at {at}");
                }
            }
        }
    }
}

#[test]
fn sectors_that_were_never_written_are_torn() {
    // Of other noise one sector may by chance look like one wrong byte.
    let records = vec![noise(1, 1_000), noise(3, 6_000)];
    let bytes = log_of(&records);
    let start = ends(&records)[1];
    for sector in (start / 512 * 512..bytes.len()).step_by(512) {
        // This one alone, and all from this one on.
        for end in [bytes.len().min(sector + 512), bytes.len()] {
            let mut torn = bytes.clone();
            torn[sector.max(start)..end].fill(0);
            let (found, end) = read(&torn);
            assert_eq!(found, records[..1], "sector {sector}");
            let expected = if end.as_ref().is_ok_and(|&end| end == LogEnd::Clean) {
                LogEnd::Clean
            } else {
                LogEnd::Torn { offset: start as u64 }
            };
            assert_eq!(end.unwrap_or_else(|error| panic!("sector {sector}: {error}")), expected);
        }
    }
}

/// Of the last sector the record has a single byte.
#[test]
fn a_sector_with_one_byte_that_was_never_written_is_torn_in_a_manifest() {
    let mut bytes = log_of(&[noise(1, 1_024 + 1 - 20 - 2 * LOG_HEADER_SIZE), noise(2, 20)]);
    assert_eq!(bytes.len(), 1_025);
    bytes[1_024] = 0;
    let end = |mut reader: LogReader| {
        assert!(matches!(reader.next(&mut Vec::new()).unwrap(), LogRead::Record { .. }));
        reader.next(&mut Vec::new())
    };
    let torn = LogRead::End(LogEnd::Torn { offset: 1_025 - 27 });
    assert_eq!(end(LogReader::of_manifest(open(&bytes), path())).unwrap(), torn);
    let error = end(LogReader::new(open(&bytes), path())).unwrap_err();
    assert_eq!(kind_of(&error), CorruptionKind::Checksum);
}

#[test]
fn a_record_over_several_blocks_is_torn_at_its_start() {
    let records = vec![noise(1, 100), noise(2, 2 * LOG_BLOCK_SIZE)];
    let bytes = log_of(&records);
    for cut in [LOG_BLOCK_SIZE, LOG_BLOCK_SIZE + 3, 2 * LOG_BLOCK_SIZE, bytes.len() - 1] {
        assert_eq!(read(&bytes[..cut]).1.unwrap(), LogEnd::Torn { offset: 107 });
    }
    let mut unwritten = bytes.clone();
    unwritten[2 * LOG_BLOCK_SIZE..].fill(0);
    assert_eq!(read(&unwritten).1.unwrap(), LogEnd::Torn { offset: 107 });
}

#[test]
fn a_sector_of_zeros_with_records_behind_it_is_damage() {
    let bytes = log_of(&[noise(1, 3_000), noise(2, 40)]);
    let mut longer = log_of(&[noise(1, 3_000), noise(2, 40), noise(3, 40)]);
    longer[1_024..1_536].fill(0);
    // Even if the log behind them is torn.
    for cut in [bytes.len(), bytes.len() + 20] {
        let (found, end) = read(&longer[..cut]);
        assert_eq!((found.len(), kind_of(&end.unwrap_err())), (0, CorruptionKind::Checksum));
    }
}

#[test]
fn several_bytes_changed_in_the_last_record_are_damage() {
    let mut bytes = log_of(&[noise(1, 50), noise(2, 5_000)]);
    for at in [57..59, 61..65, 100..200, 3_000..3_512] {
        let mut changed = bytes.clone();
        changed[at].iter_mut().for_each(|byte| *byte ^= 0x5a);
        assert!(read(&changed).1.unwrap_err().is_corruption());
    }
    // Zeros that are no whole sector prove nothing.
    bytes[600..1_100].fill(0);
    assert_eq!(kind_of(&read(&bytes).1.unwrap_err()), CorruptionKind::Checksum);
}

#[test]
fn a_header_that_points_past_the_end_does_not_hide_the_records_behind_it() {
    let mut bytes = log_of(&[noise(1, 50), noise(2, 50), noise(3, 50)]);
    bytes[57..57 + 6].copy_from_slice(&[1, 2, 3, 4, 0, 9]);
    let (found, end) = read(&bytes);
    assert_eq!((found.len(), kind_of(&end.unwrap_err())), (1, CorruptionKind::BadLength));
}

#[test]
fn fragments_out_of_order_are_damage() {
    let block = LOG_BLOCK_SIZE;
    let bytes = log_of(&[noise(1, 3 * block)]);
    let (first, middle, last) = (&bytes[..block], &bytes[block..2 * block], &bytes[3 * block..]);
    let small = log_of(&[b"small"]);
    for (pieces, offset) in [
        ([first, first, last], 0),
        ([first, middle, &small], 0),
        ([middle, first, last], 0),
        ([first, last, &[]], u64::MAX),
        ([last, &[], &[]], 0),
    ] {
        let (_, end) = read(&pieces.concat());
        if offset == u64::MAX {
            assert_eq!(end.unwrap(), LogEnd::Clean);
            continue;
        }
        let Err(Error::Corruption { offset: at, kind, .. }) = end else { panic!("{end:?}") };
        assert_eq!((at, kind), (Some(offset), CorruptionKind::Fragmented));
    }
}

/// Whatever its length says: a crash leaves the beginning of what was being written, no more.
#[test]
fn a_cut_fragment_that_cannot_stand_there_is_damage() {
    let block = LOG_BLOCK_SIZE;
    let whole = log_of(&[noise(1, 50)]);
    let long = log_of(&[noise(1, block + 5_000)]);
    let (first, last, small) = (&long[..block], &long[block..], &log_of(&[noise(2, 90)]));
    for (before, cut, offset) in [
        (&[][..], &last[..500], 0),
        (&whole, &last[..500], 57),
        (first, &small[..50], block as u64),
        (first, &first[..500], block as u64),
    ] {
        let (_, end) = read(&[before, cut].concat());
        let Err(Error::Corruption { offset: at, kind, .. }) = end else { panic!("{end:?}") };
        assert_eq!((at, kind), (Some(offset), CorruptionKind::Fragmented));
    }
    assert_eq!(read(&[first, &last[..500]].concat()).1.unwrap(), LogEnd::Torn { offset: 0 });
}

#[test]
fn damage_is_named_for_what_it_is() {
    let bytes = log_of(&[noise(1, 50), noise(2, 50)]);
    for (at, value, kind) in [
        (20, 0xaa, CorruptionKind::Checksum),
        (5, 0xff, CorruptionKind::BadLength),
        (4, 90, CorruptionKind::BadLength),
        (57 + 4, 51, CorruptionKind::BadLength),
    ] {
        let mut changed = bytes.clone();
        changed[at] = value;
        let Err(Error::Corruption { offset, kind: found, path: file }) = read(&changed).1 else {
            panic!("{at}")
        };
        assert_eq!((offset, found), (Some(at as u64 / 57 * 57), kind), "{at}");
        assert_eq!(file, path());
    }
}
