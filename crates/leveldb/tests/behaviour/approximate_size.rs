//! `approximate_size` follows what is in the tables, block by block.

use sigil_leveldb::Durability;
use sigil_leveldb::env::MemoryEnv;

use super::{noise, open};

fn key(index: u32) -> Vec<u8> {
    format!("{index:06}").into_bytes()
}

#[test]
fn sizes_follow_the_data_and_add_up() {
    let db = open(&MemoryEnv::new());
    assert_eq!(db.approximate_size(b"", b"\xff").unwrap(), 0);
    for index in 0..2_000 {
        db.put(&key(index), &noise(index.into(), 1_000), Durability::Process).unwrap();
    }
    db.flush().unwrap();
    for _ in 0..2 {
        let whole = db.approximate_size(b"", b"\xff").unwrap();
        assert!((1_900_000..2_300_000).contains(&whole), "{whole}");
        let mut sum = 0;
        for from in (0..2_000).step_by(200) {
            let part = db.approximate_size(&key(from), &key(from + 200)).unwrap();
            assert!((150_000..250_000).contains(&part), "{part} from {from}");
            sum += part;
        }
        assert!(sum <= whole && whole - sum < 100_000, "{sum} of {whole}");
        db.compact_range(None, None).unwrap();
    }
}

#[test]
fn ranges_without_data_or_turned_around_have_no_size() {
    let db = open(&MemoryEnv::new());
    for index in 0..500 {
        db.put(&key(index), &noise(index.into(), 1_000), Durability::Process).unwrap();
    }
    db.flush().unwrap();
    assert_eq!(db.approximate_size(b"a", b"z").unwrap(), 0);
    assert_eq!(db.approximate_size(&key(100), &key(100)).unwrap(), 0);
    assert_eq!(db.approximate_size(&key(400), &key(100)).unwrap(), 0);
}
