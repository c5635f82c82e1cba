//! Properties, under LevelDB's names, and what one of them shows of the tables.

use sigil_leveldb::Durability;
use sigil_leveldb::env::MemoryEnv;

use super::{noise, open};

#[test]
fn properties_tell_what_is_there_and_other_names_mean_nothing() {
    let db = open(&MemoryEnv::new());
    let number = |name: &str| db.property(name).unwrap().unwrap().parse::<u64>().unwrap();
    assert_eq!(number("leveldb.num-files-at-level0"), 0);
    let empty = number("leveldb.approximate-memory-usage");
    for index in 0..3_000_u32 {
        db.put(format!("{index:05}").as_bytes(), &noise(index.into(), 300), Durability::Process)
            .unwrap();
    }
    assert!(number("leveldb.approximate-memory-usage") > empty);
    db.compact_range(None, None).unwrap();
    let files: u64 =
        (0..7).map(|level| number(&format!("leveldb.num-files-at-level{level}"))).sum();
    assert!(files >= 10, "{files}");
    assert_eq!(number("leveldb.num-files-at-level0"), 0);

    let tables = db.property("leveldb.sstables").unwrap().unwrap();
    assert_eq!(tables.matches("--- level ").count(), 7);
    assert_eq!(tables.lines().filter(|line| line.starts_with(' ')).count() as u64, files);
    assert!(tables.contains("['00000' .. '"), "{tables}");
    assert!(tables.contains(".. '02999']"), "{tables}");
    let stats = db.property("leveldb.stats").unwrap().unwrap();
    assert_eq!(stats.lines().count(), 3, "{stats}");

    for name in [
        "",
        "leveldb.",
        "stats",
        "leveldb.num-files-at-level",
        "leveldb.num-files-at-level7",
        "leveldb.num-files-at-level-1",
        "leveldb.num-files-at-level0x",
        "leveldb.nothing",
    ] {
        assert_eq!(db.property(name).unwrap(), None, "{name}");
    }
}

/// Compacted apart, the older ones would come to stand above the newer ones.
#[test]
fn all_versions_of_a_key_stay_in_one_table() {
    let db = open(&MemoryEnv::new());
    let mut snapshots = Vec::new();
    for round in 0..20_u64 {
        for key in [b"a", b"b", b"c"] {
            db.put(key, &noise(round, 10_000), Durability::Process).unwrap();
        }
        snapshots.push(db.snapshot().unwrap());
    }
    db.compact_range(None, None).unwrap();
    let tables = db.property("leveldb.sstables").unwrap().unwrap();
    for key in ["'a'", "'b'", "'c'"] {
        let having = tables.lines().filter(|line| line.contains(key)).count();
        assert_eq!(having, 1, "{tables}");
    }
    for (snapshot, round) in snapshots.iter().zip(0..) {
        assert_eq!(&db.get_at(snapshot, b"b").unwrap().unwrap()[..], noise(round, 10_000));
    }
}
