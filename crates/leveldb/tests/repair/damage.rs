//! For one database with overwrites and deletions: whatever byte of whatever file is changed, the
//! repaired one is whole, keys whose newest entry is elsewhere read exactly right, and the others
//! have a value that was once written, if any.

use std::collections::BTreeMap;
use std::path::Path;

use sigil_leveldb::env::MemoryEnv;
use sigil_leveldb::{Compression, CorruptionKind, FileKind, RepairReport, inspect, repair};

use crate::is_long;
use crate::sample::{DIRECTORY, Sample, content, entries_of, files, in_lost, lost, options};

/// Checks what a repair made of the sample with one file damaged; `inside` is what that file says.
/// Gives how many keys do not have their newest value.
fn check(
    sample: &Sample,
    env: &MemoryEnv,
    report: &RepairReport,
    inside: &BTreeMap<Vec<u8>, Option<Vec<u8>>>,
) -> usize {
    let content = content(env);
    let mut stale = 0;
    assert!(content.keys().all(|key| sample.history.contains_key(key)));
    for (key, values) in &sample.history {
        let (found, newest) = (content.get(key), values.last().unwrap());
        if found == newest.as_ref() {
            continue;
        }
        stale += 1;
        assert_eq!(inside.get(key), Some(newest), "the newest entry was not damaged: {report}");
        let was_written = values.iter().any(|value| value.as_ref() == found);
        assert!(found.is_none() || was_written, "made up: {report}");
    }
    assert!(stale == 0 || report.damages.iter().any(|damage| damage.bytes > 0), "{report}");
    stale
}

#[test]
fn a_healthy_database_keeps_exactly_its_content() {
    for compression in [Compression::None, Compression::Snappy, Compression::Zstd(1)] {
        let sample = Sample::new(compression);
        let env = sample.env.deep_clone();
        let found = inspect(DIRECTORY, &options(env.clone())).unwrap();
        assert_eq!(files(&env), files(&sample.env));
        let report = repair(DIRECTORY, &options(env.clone())).unwrap();
        assert_eq!(report, found);
        assert!(report.is_whole(), "{report}");
        assert!(report.whole_tables > 1 && report.log_records == 70, "{report}");
        assert!(lost(&env).is_empty());
        assert_eq!(content(&env), sample.newest());
        repair(DIRECTORY, &options(env.clone())).unwrap();
        assert_eq!(content(&env), sample.newest());
    }
}

/// The places to damage in a file of `length` bytes.
fn places(length: usize, stride: usize) -> impl Iterator<Item = usize> {
    (0..length).step_by(if is_long() { 1 } else { stride })
}

/// Damages the sample, repairs it and checks the result.
fn damaged(
    sample: &Sample,
    path: &Path,
    bytes: Option<Vec<u8>>,
    inside: &BTreeMap<Vec<u8>, Option<Vec<u8>>>,
) -> (RepairReport, usize) {
    let env = sample.with(path, bytes.clone());
    let before = files(&env);
    let found = inspect(DIRECTORY, &options(env.clone())).unwrap();
    assert_eq!(files(&env), before);
    let report = repair(DIRECTORY, &options(env.clone())).unwrap();
    let mut without_kept = report.clone();
    without_kept.kept.clear();
    assert_eq!(without_kept, found);
    let stale = check(sample, &env, &report, inside);
    for damage in report.damages.iter().filter(|damage| damage.bytes > 0) {
        let kept = in_lost(damage.path.file_name().unwrap().to_str().unwrap());
        assert_eq!(env.read_file(&kept), before.get(&damage.path).cloned(), "{damage}");
    }
    (report, stale)
}

#[test]
fn whichever_byte_of_a_table_is_changed_only_its_block_is_lost() {
    for compression in [Compression::None, Compression::Snappy] {
        let sample = Sample::new(compression);
        let mut live = 0;
        let tables = files(&sample.env).into_keys();
        for path in tables.filter(|path| matches!(FileKind::of(path), FileKind::Table(_))) {
            let bytes = sample.env.read_file(&path).unwrap();
            let inside = entries_of(&sample, &path);
            if damaged(&sample, &path, None, &inside).0.is_whole() {
                // A table that was replaced and is not removed yet, or one that is not finished.
                continue;
            }
            assert!(!inside.is_empty());
            live += 1;
            for at in places(bytes.len(), 211).chain(bytes.len() - 48..bytes.len()) {
                let mut changed = bytes.clone();
                changed[at] ^= 0x21;
                let (report, stale) = damaged(&sample, &path, Some(changed), &inside);
                assert!(stale <= 40, "{at}: {report}");
                let damage = report.damages.first().expect("the damage is noticed");
                assert_eq!(damage.path, path);
                assert_eq!(report.salvaged_tables + report.lost_tables, 1, "{at}: {report}");
            }
            for length in places(bytes.len(), 509) {
                let (report, _) = damaged(&sample, &path, Some(bytes[..length].to_vec()), &inside);
                assert!(!report.is_whole());
            }
            let longer = [&bytes[..], b"something else"].concat();
            assert_eq!(damaged(&sample, &path, Some(longer), &inside).1, 0);
            let (report, _) = damaged(&sample, &path, None, &inside);
            // An unfinished table may be among those that are tried instead.
            let mut damages = report.damages.iter();
            assert!(damages.any(|damage| damage.kind == CorruptionKind::MissingFile));
        }
        assert!(live > 1);
    }
}

#[test]
fn whichever_byte_of_a_log_is_changed_the_other_records_are_kept() {
    let sample = Sample::new(Compression::None);
    let logs = files(&sample.env).into_keys();
    for path in logs.filter(|path| matches!(FileKind::of(path), FileKind::Log(_))) {
        let bytes = sample.env.read_file(&path).unwrap();
        let inside = entries_of(&sample, &path);
        for at in places(bytes.len(), 37) {
            let mut changed = bytes.clone();
            changed[at] ^= 0x21;
            let (report, stale) = damaged(&sample, &path, Some(changed), &inside);
            assert!(stale <= 1 && report.log_records >= 69, "{at}: {report}");
            assert!(report.damages.iter().all(|damage| damage.path == path));
        }
        for length in places(bytes.len(), 113) {
            let env = sample.with(&path, Some(bytes[..length].to_vec()));
            let report = repair(DIRECTORY, &options(env.clone())).unwrap();
            assert!(report.is_whole() && report.log_records <= 70, "{report}");
            content(&env);
        }
    }
}

#[test]
fn a_database_without_its_manifest_or_pointer_keeps_its_content() {
    let sample = Sample::new(Compression::Snappy);
    for path in files(&sample.env).into_keys() {
        let kind = FileKind::of(&path);
        if !matches!(kind, FileKind::Manifest(_) | FileKind::Current) {
            continue;
        }
        let bytes = sample.env.read_file(&path).unwrap();
        let nothing = BTreeMap::new();
        for at in places(bytes.len(), 7) {
            let mut changed = bytes.clone();
            changed[at] ^= 0x21;
            let (report, _) = damaged(&sample, &path, Some(changed), &nothing);
            assert!(!report.is_whole(), "{at}: {report}");
        }
        for length in places(bytes.len(), 5) {
            damaged(&sample, &path, Some(bytes[..length].to_vec()), &nothing);
        }
        let (report, _) = damaged(&sample, &path, None, &nothing);
        assert_eq!(report.damages[0].kind, CorruptionKind::MissingFile);
    }
}
