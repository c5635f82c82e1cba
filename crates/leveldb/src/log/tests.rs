//! The format, byte for byte, and what readers make of logs that were cut, changed or half written.

mod damage;
mod format;
mod reading;
mod salvage;

use std::path::PathBuf;

use super::{LogEnd, LogRead, LogReader, LogWriter};
use crate::env::{Env, MemoryEnv, ReadableFile, WritableFile};
use crate::error::{CorruptionKind, Error, Result};
use crate::format::{LOG_BLOCK_SIZE, LOG_HEADER_SIZE};
use crate::random::noise;

fn path() -> PathBuf {
    PathBuf::from("/db/000003.log")
}

/// The log that holds `records`.
fn log_of<R: AsRef<[u8]>>(records: &[R]) -> Vec<u8> {
    let env = MemoryEnv::new();
    env.create_dir_all("/db".as_ref()).unwrap();
    let mut writer = LogWriter::new(env.create(&path()).unwrap(), path());
    for record in records {
        writer.add_record(&[record.as_ref()]).unwrap();
    }
    let bytes = env.read_file(&path()).unwrap();
    assert_eq!(writer.offset(), bytes.len() as u64);
    bytes
}

fn open(bytes: &[u8]) -> std::sync::Arc<dyn ReadableFile> {
    let env = MemoryEnv::new();
    env.write_file(&path(), bytes).unwrap();
    env.open(&path()).unwrap()
}

/// All records of a log, and how it ends.
fn read(bytes: &[u8]) -> (Vec<Vec<u8>>, Result<LogEnd>) {
    let mut reader = LogReader::new(open(bytes), path());
    let mut records = Vec::new();
    loop {
        let mut record = Vec::new();
        match reader.next(&mut record) {
            Ok(LogRead::Record { .. }) => records.push(record),
            Ok(LogRead::End(end)) => return (records, Ok(end)),
            Ok(LogRead::Skipped { .. }) => panic!("a strict reader skips nothing"),
            Err(error) => return (records, Err(error)),
        }
    }
}

fn kind_of(error: &Error) -> CorruptionKind {
    match error {
        Error::Corruption { kind, .. } => *kind,
        other => panic!("{other}"),
    }
}
