//! Every compression can be read whatever the present one is, and changes nothing but the size.

use sigil_leveldb::env::{Env, MemoryEnv};
use sigil_leveldb::{Compression, Db, Durability, Options};

use super::{DIRECTORY, options};

const ALL: [Compression; 4] =
    [Compression::None, Compression::Zstd(-7), Compression::Snappy, Compression::Zstd(22)];

fn value(key: u32) -> Vec<u8> {
    format!("the value of {key}, and of {key} again. ").repeat(8).into_bytes()
}

#[test]
fn a_database_is_read_and_continued_with_any_compression() {
    let env = MemoryEnv::new();
    for (round, compression) in (0..).zip(ALL) {
        let db = Db::open(DIRECTORY, Options { compression, ..options(&env) }).unwrap();
        let keys = || (0..4_u32).flat_map(|part| (0..500).map(move |key| key * 4 + part));
        for key in keys().filter(|key| key % 4 == round) {
            db.put(&key.to_be_bytes(), &value(key), Durability::Process).unwrap();
        }
        db.flush().unwrap();
        for key in keys() {
            let found = db.get(&key.to_be_bytes()).unwrap();
            assert_eq!(found.is_some(), key % 4 <= round, "{key} in round {round}");
            assert!(found.is_none_or(|found| found == value(key)));
        }
        assert!(db.verify().unwrap().is_whole());
        db.close().unwrap();
    }
}

#[test]
fn zstd_and_snappy_make_tables_smaller() {
    let size = |compression| {
        let env = MemoryEnv::new();
        let db = Db::open(DIRECTORY, Options { compression, ..options(&env) }).unwrap();
        for key in 0..1_000_u32 {
            db.put(&key.to_be_bytes(), &value(key), Durability::Process).unwrap();
        }
        db.compact_range(None, None).unwrap();
        db.close().unwrap();
        let names = env.list(DIRECTORY.as_ref()).unwrap();
        let tables = names.iter().filter(|name| name.extension().is_some_and(|end| end == "ldb"));
        let paths = tables.map(|name| std::path::Path::new(DIRECTORY).join(name));
        paths.map(|path| env.size(&path).unwrap()).sum::<u64>()
    };
    let [none, fast, snappy, small] = ALL.map(size);
    assert!(small < fast && fast < none && snappy < none && small < snappy);
}
