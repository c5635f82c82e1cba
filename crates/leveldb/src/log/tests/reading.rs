//! Records come back as they were written, whatever their size, also from a log that grows, was cut
//! back after a failed append, or ends in zeros.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::*;
use crate::env::FileIdentity;

#[test]
fn records_of_every_size_around_the_ends_of_blocks_come_back() {
    for blocks in [1, 2, 3] {
        let end = blocks * (LOG_BLOCK_SIZE - LOG_HEADER_SIZE);
        for size in end - 40..end + 10 {
            let records = vec![noise(1, size), noise(2, 9), noise(3, 0), noise(4, 33)];
            assert_eq!(read(&log_of(&records)).0, records, "size {size}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_records_come_back(sizes in prop::collection::vec(0usize..70_000, 0..8)) {
        let records: Vec<_> =
            sizes.iter().enumerate().map(|(seed, &size)| noise(seed as u64, size)).collect();
        let (read, end) = read(&log_of(&records));
        prop_assert_eq!(read, records);
        prop_assert_eq!(end.unwrap(), LogEnd::Clean);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(0u8..6, 0..2_000)) {
        let _ = read(&bytes);
        let mut reader = LogReader::salvaging(open(&bytes), path());
        while !matches!(reader.next(&mut Vec::new()).unwrap(), LogRead::End(_)) {}
    }
}

#[test]
fn the_parts_of_a_record_are_joined() {
    let env = MemoryEnv::new();
    env.create_dir_all("/db".as_ref()).unwrap();
    let mut writer = LogWriter::new(env.create(&path()).unwrap(), path());
    let parts = [noise(1, 5), Vec::new(), noise(2, 40_000), noise(3, 30_000), Vec::new()];
    writer.add_record(&parts.each_ref().map(|part| part.as_slice())).unwrap();
    assert_eq!(read(&env.read_file(&path()).unwrap()).0, [parts.concat()]);
}

#[test]
fn zeros_to_the_end_are_a_clean_end() {
    for zeros in [1, 6, 7, 600, 3 * LOG_BLOCK_SIZE] {
        let mut bytes = log_of(&[b"record"]);
        bytes.resize(bytes.len() + zeros, 0);
        let (records, end) = read(&bytes);
        assert_eq!((records.len(), end.unwrap()), (1, LogEnd::Clean));
    }
}

/// A file of which the first look at each place sees half of what is there by the second.
#[derive(Debug)]
struct Growing {
    file: Arc<dyn ReadableFile>,
    seen: Mutex<HashSet<u64>>,
}

impl ReadableFile for Growing {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read_at(offset, buffer)?;
        let is_first = self.seen.lock().unwrap().insert(offset);
        Ok(if is_first { read / 2 } else { read })
    }
    fn read_at_if_cached(&self, _: u64, _: &mut [u8]) -> std::io::Result<Option<usize>> {
        Ok(None)
    }
    fn size(&self) -> std::io::Result<u64> {
        self.file.size()
    }
    fn identity(&self) -> std::io::Result<FileIdentity> {
        self.file.identity()
    }
}

#[test]
fn a_record_that_becomes_whole_while_it_is_read_is_read() {
    let records = vec![noise(1, 20), noise(2, 0), noise(3, LOG_BLOCK_SIZE), noise(4, 300)];
    let file = Arc::new(Growing { file: open(&log_of(&records)), seen: Mutex::default() });
    let mut reader = LogReader::new(file, path());
    let (mut found, mut record, mut offsets) = (Vec::new(), Vec::new(), Vec::new());
    while let LogRead::Record { offset } = reader.next(&mut record).unwrap() {
        offsets.push(offset);
        found.push(record.clone());
    }
    assert_eq!(found, records);
    assert_eq!(offsets, [0, 27, 34, 34 + 2 * 7 + LOG_BLOCK_SIZE as u64]);
}

/// Takes half of one append, and then all of them.
#[derive(Debug)]
struct Failing {
    file: Arc<dyn WritableFile>,
    appends_to_go: AtomicUsize,
}

impl WritableFile for Failing {
    fn append(&self, bytes: &[u8]) -> std::io::Result<()> {
        if self.appends_to_go.fetch_sub(1, Ordering::Relaxed) == 0 {
            self.file.append(&bytes[..bytes.len() / 2])?;
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        self.file.append(bytes)
    }
    fn sync(&self) -> std::io::Result<()> {
        self.file.sync()
    }
    fn truncate(&self, size: u64) -> std::io::Result<()> {
        self.file.truncate(size)
    }
}

#[test]
fn what_a_failed_append_left_is_removed() {
    for rewinds in [true, false] {
        let env = MemoryEnv::new();
        env.create_dir_all("/db".as_ref()).unwrap();
        let file = env.create(&path()).unwrap();
        let file = Arc::new(Failing { file, appends_to_go: AtomicUsize::new(1) });
        let mut writer = LogWriter::new(file, path());
        writer.add_record(&[b"first"]).unwrap();
        let offset = writer.offset();
        assert!(writer.add_record(&[&noise(1, 50_000)]).unwrap_err().is_out_of_space());
        assert_eq!(writer.offset(), offset);
        assert!(env.read_file(&path()).unwrap().len() as u64 > offset);
        if rewinds {
            writer.rewind().unwrap();
            assert_eq!(env.read_file(&path()).unwrap().len() as u64, offset);
        }
        writer.add_record(&[b"second"]).unwrap();
        let (records, end) = read(&env.read_file(&path()).unwrap());
        assert_eq!(records, [b"first".to_vec(), b"second".to_vec()]);
        assert_eq!(end.unwrap(), LogEnd::Clean);
    }
}
