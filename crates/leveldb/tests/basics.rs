//! The everyday contract of a database: what was written is read, in order, after a reopening too.

// What a test calls is a test as well.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::sync::Arc;

use sigil_leveldb::env::MemoryEnv;
use sigil_leveldb::{
    Db, Durability, Entries, Error, Options, Range, WriteBatch, WriteOptions, destroy,
};

fn memory_options(env: &MemoryEnv) -> Options {
    Options {
        create_if_missing: true,
        write_buffer_size: 64 << 10,
        target_file_size: 64 << 10,
        env: Arc::new(env.clone()),
        ..Options::default()
    }
}

fn put(db: &Db, key: &str, value: &str) {
    db.put(key.as_bytes(), value.as_bytes(), Durability::Process).unwrap();
}

fn get(db: &Db, key: &str) -> Option<String> {
    db.get(key.as_bytes()).unwrap().map(|value| String::from_utf8(value.to_vec()).unwrap())
}

#[test]
fn values_are_read_back_before_and_after_a_reopening() {
    let env = MemoryEnv::new();
    let db = Db::open("/db", memory_options(&env)).unwrap();
    put(&db, "a", "1");
    put(&db, "b", "2");
    put(&db, "a", "3");
    db.delete(b"b", WriteOptions::default()).unwrap();
    assert_eq!(get(&db, "a").as_deref(), Some("3"));
    assert_eq!(get(&db, "b"), None);
    db.close().unwrap();
    assert!(matches!(db.get(b"a"), Err(Error::Closed)));

    let db = Db::open("/db", memory_options(&env)).unwrap();
    assert_eq!(db.recovery_report().writes, 4);
    assert_eq!(get(&db, "a").as_deref(), Some("3"));
    assert_eq!(get(&db, "b"), None);
}

#[test]
fn a_load_through_flushes_and_compactions_keeps_every_key() {
    let env = MemoryEnv::new();
    let db = Db::open("/db", memory_options(&env)).unwrap();
    let key = |index: u32| format!("key-{:08}", index.wrapping_mul(2_654_435_761));
    for index in 0..20_000 {
        put(&db, &key(index), &format!("value-{index}"));
    }
    for index in (0..20_000).step_by(3) {
        db.delete(key(index).as_bytes(), Durability::Interval).unwrap();
    }
    let check = |db: &Db| {
        for index in 0..20_000 {
            let expected = (index % 3 != 0).then(|| format!("value-{index}"));
            assert_eq!(get(db, &key(index)), expected, "{index}");
        }
        let forward: Vec<_> =
            Entries::forward(db.iter(Range::all()).unwrap()).collect::<Result<_, _>>().unwrap();
        let mut backward: Vec<_> =
            Entries::backward(db.iter(Range::all()).unwrap()).collect::<Result<_, _>>().unwrap();
        backward.reverse();
        assert_eq!(forward.len(), 13_333);
        assert!(forward.is_sorted());
        assert_eq!(forward, backward);
    };
    check(&db);
    assert!(db.verify().unwrap().is_whole());
    db.compact_range(None, None).unwrap();
    check(&db);
    assert_eq!(db.property("leveldb.num-files-at-level0").unwrap().as_deref(), Some("0"));
    db.close().unwrap();
    check(&Db::open("/db", memory_options(&env)).unwrap());
}

#[test]
fn a_batch_is_one_write_and_a_snapshot_sees_none_or_all_of_it() {
    let env = MemoryEnv::new();
    let db = Db::open("/db", memory_options(&env)).unwrap();
    put(&db, "a", "old");
    let before = db.snapshot().unwrap();
    let mut batch = WriteBatch::new();
    batch.put(b"a", b"new");
    batch.put(b"b", b"new");
    batch.delete(b"a");
    db.write(batch, Durability::Sync).unwrap();
    assert_eq!(get(&db, "a"), None);
    assert_eq!(get(&db, "b").as_deref(), Some("new"));
    assert_eq!(db.get_at(&before, b"a").unwrap().as_deref(), Some(b"old".as_slice()));
    assert_eq!(db.get_at(&before, b"b").unwrap(), None);
    assert_eq!(Entries::forward(db.iter_at(&before, Range::all()).unwrap()).count(), 1);
}

#[test]
fn opening_says_what_is_missing_or_in_the_way() {
    let env = MemoryEnv::new();
    let options = || Options { create_if_missing: false, ..memory_options(&env) };
    assert!(matches!(Db::open("/db", options()), Err(Error::DoesNotExist { .. })));
    let db = Db::open("/db", memory_options(&env)).unwrap();
    assert!(matches!(Db::open("/db", options()), Err(Error::Locked { holder: Some(_), .. })));
    drop(db);
    let exclusive = Options { error_if_exists: true, ..memory_options(&env) };
    assert!(matches!(Db::open("/db", exclusive), Err(Error::AlreadyExists { .. })));
    destroy("/db", &options()).unwrap();
    assert!(matches!(Db::open("/db", options()), Err(Error::DoesNotExist { .. })));
}

#[test]
fn a_follower_sees_what_the_writer_wrote_when_it_refreshes() {
    let env = MemoryEnv::new();
    let db = Db::open("/db", memory_options(&env)).unwrap();
    put(&db, "a", "1");
    let follower = Db::open("/db", Options { read_only: true, ..memory_options(&env) }).unwrap();
    assert_eq!(get(&follower, "a").as_deref(), Some("1"));
    assert!(matches!(follower.put(b"a", b"2", Durability::Process), Err(Error::ReadOnly)));
    put(&db, "a", "2");
    assert_eq!(get(&follower, "a").as_deref(), Some("1"));
    assert!(follower.refresh().unwrap());
    assert_eq!(get(&follower, "a").as_deref(), Some("2"));
    assert!(!follower.refresh().unwrap());
    for index in 0..10_000 {
        put(&db, &format!("k{index}"), "x");
    }
    db.compact_range(None, None).unwrap();
    assert_eq!(get(&follower, "a").as_deref(), Some("2"));
    assert!(follower.refresh().unwrap());
    assert_eq!(get(&follower, "k9999").as_deref(), Some("x"));
}

#[test]
fn a_checkpoint_is_a_database_of_its_own() {
    let env = MemoryEnv::new();
    let db = Db::open("/db", memory_options(&env)).unwrap();
    for index in 0..5_000 {
        put(&db, &format!("k{index}"), "x");
    }
    db.checkpoint("/copy").unwrap();
    put(&db, "k0", "changed");
    let copy = Db::open("/copy", memory_options(&env)).unwrap();
    assert_eq!(get(&copy, "k0").as_deref(), Some("x"));
    put(&copy, "k1", "changed");
    copy.compact_range(None, None).unwrap();
    assert_eq!(get(&db, "k1").as_deref(), Some("x"));
    assert!(matches!(db.checkpoint("/copy"), Err(Error::AlreadyExists { .. })));
}
