//! Logs follow one another without a gap, wherever the manifest says that the last write was.

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::db::Db;
use crate::env::{CrashMode, FaultEnv, FaultPlan, MemoryEnv, errno};
use crate::file_name::FileKind;
use crate::log::LogWriter;
use crate::options::{Durability, Options};
use crate::version::edit::VersionEdit;
use crate::write_batch::WriteBatch;

const DIRECTORY: &str = "/db";

/// A database whose manifest ends at `last_sequence`, with logs of one write for each number.
fn database(last_sequence: SequenceNumber, logs: &[(u64, &[SequenceNumber])]) -> MemoryEnv {
    let env = MemoryEnv::new();
    let directory = Path::new(DIRECTORY);
    env.create_dir_all(directory).unwrap();
    let edit = VersionEdit {
        comparator: Some("leveldb.BytewiseComparator".into()),
        log_number: logs.first().map(|(number, _)| *number),
        next_file_number: Some(100),
        last_sequence: Some(last_sequence),
        ..VersionEdit::default()
    };
    let mut record = Vec::new();
    edit.encode(&mut record);
    write(&env, &directory.join("MANIFEST-000001"), &[record]);
    env.write_file(&directory.join("CURRENT"), *b"MANIFEST-000001\n").unwrap();
    for (number, sequences) in logs {
        let records: Vec<_> = sequences
            .iter()
            .map(|&sequence| {
                let mut batch = WriteBatch::new();
                batch.put(&sequence.to_be_bytes(), b"value");
                [&batch.header(sequence)[..], batch.entries()].concat()
            })
            .collect();
        write(&env, &file_name::log(directory, *number), &records);
    }
    env
}

fn write(env: &MemoryEnv, path: &Path, records: &[Vec<u8>]) {
    let mut writer = LogWriter::new(env.create(path).unwrap(), path.to_path_buf());
    for record in records {
        writer.add_record(&[record]).unwrap();
    }
}

/// The number of writes that recovery finds, and the last sequence number.
fn recovered(env: &MemoryEnv) -> Result<(u64, SequenceNumber)> {
    let trash = Arc::new(Trash::default());
    let found = recover(env, Path::new(DIRECTORY), LogRecovery::Strict, &trash)?.unwrap();
    Ok((found.report.writes, found.last_sequence))
}

/// What an inspection finds, which judges as opening does.
fn damages(env: &MemoryEnv) -> Vec<CorruptionKind> {
    let options = Options { env: Arc::new(env.clone()), ..Options::default() };
    let report = crate::inspect(DIRECTORY, &options).unwrap();
    report.damages.iter().map(|damage| damage.kind).collect()
}

/// C++ LevelDB writes this when a compaction ends while an older memtable waits for its flush.
#[test]
fn a_manifest_may_end_in_the_middle_of_the_last_log() {
    let logs: [(u64, &[SequenceNumber]); 2] = [(3, &[5, 6]), (7, &[7, 8, 9])];
    for manifest in [4, 5, 6, 7, 8, 9] {
        let env = database(manifest, &logs);
        assert_eq!(recovered(&env).unwrap(), (5, 9), "{manifest}");
        assert!(damages(&env).is_empty(), "{manifest}: {:?}", damages(&env));
    }
}

/// The log of an opening goes on where those before it ended, not where the manifest does.
#[test]
fn what_is_written_after_such_an_opening_can_be_opened_before_anything_is_flushed() {
    let env = database(100, &[(7, &[51, 52])]);
    let fault = FaultEnv::on_memory(env.clone());
    let no_tables = FaultPlan::fail_from(0, errno::EIO).on(IoOperation::Create);
    fault.set_plan(no_tables.of(FileKind::Table(0)));
    let open = |env: Arc<dyn Env>| Db::open(DIRECTORY, Options { env, ..Options::default() });
    let db = open(Arc::new(fault.clone())).unwrap();
    db.put(b"new", b"value", Durability::Process).unwrap();
    for _ in 0..2 {
        let again = open(Arc::new(env.crash(CrashMode::Keep))).unwrap();
        assert!(again.get(b"new").unwrap().is_some());
        assert!(again.get(&52_u64.to_be_bytes()).unwrap().is_some());
        assert_eq!(again.snapshot().unwrap().sequence(), 101);
        // Once more when the log of before is in a table.
        fault.clear_plan();
        db.flush().unwrap();
    }
}

#[test]
fn a_log_that_does_not_follow_the_one_before_it_is_refused() {
    for (manifest, second) in [(4, 8), (4, 6), (8, 8), (9, 9), (9, 6), (7, 8)] {
        let env = database(manifest, &[(3, &[5, 6]), (7, &[second])]);
        let error = recovered(&env).unwrap_err();
        let lost = matches!(error, Error::Corruption { kind: CorruptionKind::LostHistory, .. });
        assert!(lost, "{manifest} {second}: {error}");
        assert_eq!(damages(&env), [CorruptionKind::LostHistory], "{manifest} {second}");
    }
    assert!(recovered(&database(4, &[(3, &[6])])).is_err(), "the first write is missing");
}
