//! Properties, under LevelDB's names.

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
