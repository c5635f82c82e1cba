//! A table without its index: the blocks are found one behind the other, and only those.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sigil_leveldb::env::{Env, MemoryEnv};
use sigil_leveldb::{Compression, Db, Durability, Options, RepairReport, repair};

use crate::sample::{Content, DIRECTORY, content, files, options};

fn key(index: u32) -> Vec<u8> {
    format!("key-{index:05}").into_bytes()
}

/// A database of one table with these values, and that table.
fn one_table(values: &[Vec<u8>], options: Options) -> (PathBuf, Vec<u8>) {
    let env = MemoryEnv::new();
    let options = Options { create_if_missing: true, ..options };
    let db = Db::open(DIRECTORY, Options { env: std::sync::Arc::new(env.clone()), ..options });
    let db = db.unwrap();
    for (index, value) in (0..).zip(values) {
        db.put(&key(index), value, Durability::Process).unwrap();
    }
    db.flush().unwrap();
    db.close().unwrap();
    files(&env)
        .into_iter()
        .find(|(path, _)| path.extension().is_some_and(|it| it == "ldb"))
        .unwrap()
}

/// What is read of a table that is all there is.
fn read_alone(path: &Path, bytes: Vec<u8>) -> (RepairReport, Content) {
    let env = MemoryEnv::new();
    env.create_dir_all(Path::new(DIRECTORY)).unwrap();
    env.write_file(path, bytes).unwrap();
    let report = repair(DIRECTORY, &options(env.clone())).unwrap();
    (report, content(&env))
}

fn all_of(values: &[Vec<u8>]) -> Content {
    (0..).zip(values).map(|(index, value)| (key(index), value.clone())).collect()
}

#[test]
fn every_block_is_found_without_index_and_footer() {
    let values: Vec<_> = (0..100).map(|index: u32| index.to_string().repeat(30).into()).collect();
    for compression in [Compression::None, Compression::Snappy, Compression::Zstd(1)] {
        for bloom_bits_per_key in [0, 10] {
            let options = Options { compression, bloom_bits_per_key, ..options(MemoryEnv::new()) };
            let (path, bytes) =
                one_table(&values, Options { write_buffer_size: 1 << 20, ..options });
            for gone in [1, 48, 60, 100] {
                let mut changed = bytes.clone();
                changed.truncate(bytes.len() - gone);
                let (report, found) = read_alone(&path, changed.clone());
                assert_eq!(found, all_of(&values), "{report}");
                assert_eq!(report.salvaged_tables, 1);
                changed.resize(bytes.len(), 0xa5);
                assert_eq!(read_alone(&path, changed).1, all_of(&values));
            }
        }
    }
}

#[test]
fn a_damaged_block_ends_the_search() {
    let values: Vec<_> = (0..100).map(|index: u32| index.to_string().repeat(30).into()).collect();
    let options = Options { compression: Compression::None, ..options(MemoryEnv::new()) };
    let (path, mut bytes) = one_table(&values, Options { write_buffer_size: 1 << 20, ..options });
    let size = bytes.len();
    bytes[size - 5] ^= 1;
    bytes[3_500] ^= 1;
    let (report, found) = read_alone(&path, bytes);
    assert!((20..60).contains(&found.len()), "{report}");
    assert!(found.iter().all(|(key, value)| all_of(&values).get(key) == Some(value)));
    let search = report.damages.last().unwrap();
    assert!(search.offset < 3_500 && search.offset + search.bytes == size as u64, "{search}");
}

#[test]
fn blocks_inside_of_a_value_do_not_come_alive() {
    let inner: Vec<_> = (50..90).map(|index: u32| index.to_string().repeat(30).into()).collect();
    let plain = Options {
        compression: Compression::None,
        write_buffer_size: 1 << 20,
        ..options(MemoryEnv::new())
    };
    let (_, table) = one_table(&inner, plain.clone());
    let values = [b"first".to_vec(), table, b"last".to_vec()];
    let (path, bytes) = one_table(&values, plain);
    for damage in (0..bytes.len()).step_by(97) {
        let mut changed = bytes.clone();
        changed[damage] ^= 1;
        let size = changed.len();
        changed[size - 1] ^= 1;
        let (report, found) = read_alone(&path, changed);
        let written: BTreeSet<_> = values.iter().collect();
        assert!(found.values().all(|value| written.contains(value)), "{damage}: {report}");
    }
}
