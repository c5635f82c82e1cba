//! What only this engine leaves in a directory, and the other two have to understand: logs of
//! several openings that no manifest knows yet, empty batches in logs, hard-linked check points.
//! And what the others do to a directory that we read then: a repair, years of use.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sigil_leveldb::env::{FaultEnv, FaultPlan, RealEnv, errno};
use sigil_leveldb::{Db, Durability, Entries, FileKind, IoOperation, Options, Range, ReserveSize};

use crate::copy;
use crate::peers::{Kind, Peer, parts, put_part};

type Content = BTreeMap<Vec<u8>, Vec<u8>>;

fn options() -> Options {
    Options { create_if_missing: true, write_buffer_size: 64 << 10, ..Options::default() }
}

fn faulty() -> (FaultEnv, Options) {
    let env = FaultEnv::new(Arc::new(RealEnv::new()));
    (env.clone(), Options { env: Arc::new(env), ..options() })
}

fn content(db: &Db) -> Content {
    let entries = Entries::forward(db.iter(Range::all()).unwrap());
    entries.map(|entry| entry.map(|(key, value)| (key, value.to_vec())).unwrap()).collect()
}

fn put(db: &Db, content: &mut Content, key: &str, value: &str) {
    db.put(key.as_bytes(), value.as_bytes(), Durability::Process).unwrap();
    content.insert(key.into(), value.into());
}

/// Lets each of the others open a copy of the directory, read it, write to it and close it, and
/// reads what it left.
fn check_others(directory: &Path, content_before: &Content) {
    for kind in [Kind::Cpp, Kind::Rusty] {
        let place = tempfile::tempdir().unwrap();
        let moved = place.path().join("copy");
        copy(directory, &moved);
        let mut peer = Peer::start(kind);
        peer.open(&moved, true).unwrap();
        let found = peer.call(b'D', &[]).unwrap();
        let fields: Vec<_> = parts(&found).map(<[u8]>::to_vec).collect();
        let found = fields.chunks(2).map(|entry| (entry[0].clone(), entry[1].clone())).collect();
        assert_eq!(*content_before, found, "{kind:?}");

        let mut write = Vec::new();
        put_part(&mut write, b"from the other");
        put_part(&mut write, b"\x01written");
        peer.call(b'W', &write).unwrap();
        peer.call(b'C', &[]).unwrap();
        let mut expected = content_before.clone();
        expected.insert(b"from the other".to_vec(), b"written".to_vec());
        let db = Db::open(&moved, options()).unwrap();
        assert_eq!(content(&db), expected, "after {kind:?}");
        assert!(db.verify().unwrap().is_whole());
    }
}

fn logs(directory: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut logs: Vec<_> =
        paths.filter(|path| matches!(FileKind::of(path), FileKind::Log(_))).collect();
    logs.sort();
    logs
}

#[test]
fn logs_of_several_openings_that_the_manifest_does_not_know() {
    let directory = tempfile::tempdir().unwrap();
    let mut expected = Content::new();
    let db = Db::open(directory.path(), options()).unwrap();
    for index in 0..3_000 {
        put(&db, &mut expected, &format!("key {index}"), "in a table");
    }
    db.flush().unwrap();
    drop(db);
    for opening in 0..5 {
        let (env, options) = faulty();
        env.set_plan(
            FaultPlan::fail_from(0, errno::EIO).on(IoOperation::Create).of(FileKind::Table(0)),
        );
        let db = Db::open(directory.path(), options).unwrap();
        for index in (0..3_000).skip(opening).step_by(7) {
            put(&db, &mut expected, &format!("key {index}"), &format!("opening {opening}"));
        }
        db.delete(b"key 0", Durability::Process).unwrap();
        expected.remove(b"key 0".as_slice());
    }
    assert!(logs(directory.path()).len() >= 5);
    check_others(directory.path(), &expected);
    assert_eq!(content(&Db::open(directory.path(), options()).unwrap()), expected);
}

#[test]
fn an_empty_batch_where_a_failed_write_has_used_up_numbers() {
    let directory = tempfile::tempdir().unwrap();
    let mut expected = Content::new();
    let (env, options) = faulty();
    let db = Db::open(directory.path(), options).unwrap();
    put(&db, &mut expected, "before", "1");
    env.set_plan(FaultPlan::fail_nth(0, errno::EIO).on(IoOperation::Write).of(FileKind::Log(0)));
    db.put(b"failed", b"2", Durability::Process).unwrap_err();
    db.flush().unwrap();
    put(&db, &mut expected, "after", "3");
    db.close().unwrap();

    let log = fs::read(logs(directory.path()).last().unwrap()).unwrap();
    assert_eq!(log[7 + 8..7 + 12], [0; 4], "the first record has no entries");
    check_others(directory.path(), &expected);
}

#[test]
fn a_check_point_and_a_reserve() {
    let directory = tempfile::tempdir().unwrap();
    let (original, point) = (directory.path().join("original"), directory.path().join("point"));
    let mut expected = Content::new();
    let db =
        Db::open(&original, Options { reserve_size: ReserveSize::Bytes(64 << 10), ..options() })
            .unwrap();
    for index in 0..3_000 {
        put(&db, &mut expected, &format!("key {}", index % 2_000), &format!("value {index}"));
    }
    db.checkpoint(&point).unwrap();
    check_others(&point, &expected);
    put(&db, &mut expected, "later", "only in the original");
    db.close().unwrap();
    check_others(&original, &expected);
}

#[test]
fn a_repair_by_cpp_leveldb() {
    let directory = tempfile::tempdir().unwrap();
    let mut expected = Content::new();
    let db = Db::open(directory.path(), options()).unwrap();
    for index in 0..5_000 {
        put(&db, &mut expected, &format!("key {}", index % 3_000), &format!("value {index}"));
    }
    db.close().unwrap();
    fs::remove_file(directory.path().join("CURRENT")).unwrap();

    let mut cpp = Peer::start(Kind::Cpp);
    cpp.call(b'R', directory.path().to_str().unwrap().as_bytes()).unwrap();
    let db = Db::open(directory.path(), options()).unwrap();
    assert_eq!(content(&db), expected);
    assert!(db.verify().unwrap().is_whole());
    put(&db, &mut expected, "later", "after the repair");
    db.close().unwrap();
    assert_eq!(content(&Db::open(directory.path(), options()).unwrap()), expected);
    check_others(directory.path(), &expected);
}

#[test]
fn cpp_leveldb_measures_our_tables_as_we_do() {
    let directory = tempfile::tempdir().unwrap();
    let db = Db::open(directory.path(), options()).unwrap();
    for index in 0..20_000 {
        put(&db, &mut Content::new(), &format!("key {index}"), &format!("value {index}"));
    }
    db.compact_range(None, None).unwrap();
    let ours = db.approximate_size(b"", &[0xff; 8]).unwrap();
    db.close().unwrap();

    let mut cpp = Peer::start(Kind::Cpp);
    cpp.open(directory.path(), true).unwrap();
    let theirs = String::from_utf8(cpp.call(b'S', &[]).unwrap()).unwrap();
    let theirs: u64 = theirs.parse().unwrap();
    assert!(ours > 100_000 && ours.abs_diff(theirs) <= ours / 10, "{ours} and {theirs}");
}

#[test]
fn a_database_that_was_in_use_for_months() {
    let fixture =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/flappyjournal-leveldb");
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("copy");
    copy(&fixture, &directory);
    let follower = Options { read_only: true, ..options() };
    let expected = content(&Db::open(&directory, follower).unwrap());
    let keys: Vec<_> = expected.keys().map(|key| String::from_utf8(key.clone()).unwrap()).collect();
    assert_eq!(
        keys,
        ["⟐!sigil!1522E9420867A300![object Object]", "⟐!sigil!D5A69F9F9144867A![object Object]"]
    );
    assert_eq!(expected.values().map(Vec::len).collect::<Vec<_>>(), [1167, 1173]);
    for (key, value) in &expected {
        assert_eq!(Db::open(&directory, options()).unwrap().get(key).unwrap().unwrap(), *value);
        assert!(value.starts_with(br#"{"tenantId":""#) && value.ends_with(b"}"));
    }
    check_others(&directory, &expected);
}
