//! Other software of the format reads our tables, with filters and without, and we read its.

use std::fs;

use super::*;

const KEYS: u64 = 3000;

fn key(index: u64) -> Vec<u8> {
    format!("user/{index:06}").into_bytes()
}

fn value(index: u64) -> Vec<u8> {
    format!("value of {index} ").repeat(1 + index as usize % 20).into_bytes()
}

fn rusty(directory: &Path, compressor: u8) -> rusty_leveldb::DB {
    let options = rusty_leveldb::Options {
        create_if_missing: true,
        reuse_logs: false,
        compressor,
        ..rusty_leveldb::Options::default()
    };
    rusty_leveldb::DB::open(directory, options).unwrap()
}

fn check(db: &mut rusty_leveldb::DB) {
    for index in 0..KEYS {
        let expected = (index % 7 != 0).then(|| value(index));
        assert_eq!(db.get(&key(index)).map(|found| found.to_vec()), expected, "{index}");
    }
    assert!(db.get(b"user/").is_none() && db.get(b"user/999999").is_none());
}

fn tables(directory: &Path) -> Vec<PathBuf> {
    let names = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    names.filter(|path| path.extension().is_some_and(|extension| extension == "ldb")).collect()
}

/// Lets rusty-leveldb write a database, reads its tables, writes them again with this engine, and
/// lets rusty-leveldb read those.
fn exchange(compressor: u8, options: &TableOptions) {
    let directory = tempfile::tempdir().unwrap();
    let mut db = rusty(directory.path(), compressor);
    for index in 0..KEYS {
        db.put(&key(index), &value(index)).unwrap();
    }
    for index in (0..KEYS).step_by(7) {
        db.delete(&key(index)).unwrap();
    }
    db.close().unwrap();
    drop(db);
    // The log becomes a table when the database is opened again.
    drop(rusty(directory.path(), compressor));
    let files = tables(directory.path());
    assert!(!files.is_empty());
    for file in files {
        let theirs = open(&fs::read(&file).unwrap(), None).unwrap();
        let counted = theirs.verify().unwrap();
        assert!(counted.entries > 0);
        let env = MemoryEnv::new();
        env.create_dir_all(Path::new("/db")).unwrap();
        let output = env.create(&path()).unwrap();
        let mut builder = TableBuilder::new(output, path(), options.clone());
        for (key, value) in scan(&mut theirs.iter(false)).unwrap() {
            builder.add(&key, &value).unwrap();
        }
        assert_eq!(builder.finish().unwrap().statistics, counted);
        fs::write(&file, env.read_file(&path()).unwrap()).unwrap();
    }
    check(&mut rusty(directory.path(), compressor));
}

#[test]
fn rusty_leveldb_reads_our_tables_and_we_read_its() {
    for (compressor, compression) in [(0, Compression::None), (1, Compression::Snappy)] {
        for bloom_bits_per_key in [0, 10] {
            let options = TableOptions {
                block_size: 4096,
                restart_interval: 16,
                compression,
                bloom_bits_per_key,
            };
            exchange(compressor, &options);
        }
    }
}
