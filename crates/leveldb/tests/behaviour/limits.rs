//! What is too large is refused as a whole, and nothing that was written before is touched.

use sigil_leveldb::env::MemoryEnv;
use sigil_leveldb::{Durability, Error, MAX_KEY_SIZE, MAX_VALUE_SIZE, WriteBatch};

use super::open;

fn refused(result: Result<(), Error>) {
    assert!(matches!(result, Err(Error::InvalidArgument(_))), "{result:?}");
}

#[test]
fn keys_and_values_over_the_limits_are_refused_and_nothing_is_lost() {
    let env = MemoryEnv::new();
    let db = open(&env);
    db.put(b"a", b"1", Durability::Sync).unwrap();
    let long_key = vec![b'k'; MAX_KEY_SIZE + 1];
    refused(db.put(&long_key, b"", Durability::Process));
    refused(db.delete(&long_key, Durability::Process));
    // The pages of zeros are never touched, so they take no memory.
    let long_value = vec![0; MAX_VALUE_SIZE + 1];
    refused(db.put(b"a", &long_value, Durability::Process));

    let mut batch = WriteBatch::new();
    batch.put(b"a", b"2");
    batch.put(b"b", b"2");
    batch.put(&long_key, b"");
    batch.put(b"c", b"2");
    refused(db.try_write(&mut batch, Durability::Process));
    refused(db.write(batch, Durability::Process));

    db.put(b"d", b"1", Durability::Process).unwrap();
    drop(db);
    let db = open(&env);
    let entries: Vec<_> = db.range(..).unwrap().map(|entry| entry.unwrap().0).collect();
    assert_eq!(entries, [b"a", b"d"]);
    assert_eq!(db.get(b"a").unwrap().unwrap(), "1");
}

#[test]
fn the_longest_key_is_accepted_and_found() {
    let env = MemoryEnv::new();
    let db = open(&env);
    let key = vec![0xff; MAX_KEY_SIZE];
    db.put(&key, b"1", Durability::Process).unwrap();
    db.flush().unwrap();
    assert_eq!(db.get(&key).unwrap().unwrap(), "1");
    assert_eq!(db.get(&key[1..]).unwrap(), None);
    let mut cursor = db.iter(sigil_leveldb::Range::all()).unwrap();
    cursor.seek_to_last().unwrap();
    assert!(cursor.key() == key);
}
