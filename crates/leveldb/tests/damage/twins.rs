//! Tables that stand in each other's places, are as large as each other and whole in themselves:
//! only what the manifest says of their keys tells them apart.

use std::path::PathBuf;

use sigil_leveldb::env::MemoryEnv;
use sigil_leveldb::{Compression, Db, Durability, FileKind, Options};

use crate::guard::watched;
use crate::sample::{DIRECTORY, files, options};

const ROUNDS: usize = 6;

fn value(round: usize) -> String {
    format!("value {round}")
}

fn key(round: usize, index: usize) -> String {
    format!("{}{index}", if round.is_multiple_of(2) { "a" } else { "b" })
}

/// Two tables beside each other on each of three levels: those below are older.
fn database() -> MemoryEnv {
    let env = MemoryEnv::new();
    let plain = Options { compression: Compression::None, ..options(env.clone()) };
    let db = Db::open(DIRECTORY, plain).unwrap();
    // Sequence numbers of as many bytes in all the tables that follow.
    for _ in 0..200 {
        db.put(b"z", b"z", Durability::Process).unwrap();
    }
    db.flush().unwrap();
    for round in 0..ROUNDS {
        for index in 10..40 {
            let (key, value) = (key(round, index), value(round));
            db.put(key.as_bytes(), value.as_bytes(), Durability::Process).unwrap();
        }
        db.flush().unwrap();
    }
    for level in 0..3 {
        assert!(
            db.property(&format!("leveldb.num-files-at-level{level}"))
                .unwrap()
                .is_some_and(|count| count != "0")
        );
    }
    db.close().unwrap();
    env
}

#[test]
fn never_answer_for_each_other() {
    let env = database();
    let mut tables: Vec<(PathBuf, Vec<u8>)> = files(&env);
    tables.retain(|(path, _)| matches!(FileKind::of(path), FileKind::Table(_)));
    tables.remove(0);
    assert_eq!(tables.len(), ROUNDS);
    for (index, (first, first_bytes)) in tables.iter().enumerate() {
        for (second, second_bytes) in tables.iter().skip(index + 1) {
            assert_eq!(first_bytes.len(), second_bytes.len());
            let env = env.deep_clone();
            env.write_file(first, &second_bytes[..]).unwrap();
            env.write_file(second, &first_bytes[..]).unwrap();
            watched(format!("{} and {}", first.display(), second.display()), || read(&env));
        }
    }
}

fn read(env: &MemoryEnv) {
    let db = Db::open(DIRECTORY, options(env.clone())).unwrap();
    for round in [ROUNDS - 2, ROUNDS - 1] {
        for index in 10..40 {
            match db.get(key(round, index).as_bytes()) {
                Ok(found) => assert_eq!(found.as_deref(), Some(value(round).as_bytes())),
                Err(error) => assert!(error.is_corruption(), "{error}"),
            }
        }
    }
    assert_eq!(db.verify().unwrap().damages.len(), 2);
    assert!(db.compact_range(None, None).is_err_and(|error| error.is_corruption()));
}
