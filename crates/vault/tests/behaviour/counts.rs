//! Counts are exact at any time and after any restart, and the size is that of the files.

use sigil_leveldb::env::MemoryEnv;
use sigil_storage::Kind;

use crate::common::{ROOT, delete, files, item, message, open};

#[test]
fn counts_follow_every_change() {
    let env = MemoryEnv::new();
    let store = open(&env);
    let mut changes = Vec::new();
    for index in 0..20 {
        changes.push(message(&(index % 12).to_string(), f64::from(index), "x", "y"));
        changes.push(item(Kind::Peer, &(index % 3).to_string(), b""));
        changes.push(item(Kind::Proof, &(index % 4).to_string(), b""));
    }
    changes.push(delete("3"));
    changes.push(delete("3"));
    store.write_all(&changes).into_iter().for_each(Result::unwrap);
    for restarted in [false, true] {
        if restarted {
            store.close().unwrap();
        }
        let reopened = restarted.then(|| open(&env));
        let stats = reopened.as_ref().unwrap_or(&store).stats().unwrap();
        assert_eq!((stats.messages, stats.sessions, stats.proofs, stats.peers), (11, 0, 4, 3));
        assert_eq!(stats.last_backup, None);
    }
}

#[test]
fn the_size_is_that_of_the_files() {
    let env = MemoryEnv::new();
    let store = open(&env);
    store.write(message("1", 1.0, "x", "y")).unwrap();
    let on_disk: usize = files(&env, ROOT.as_ref()).iter().map(|(_, bytes)| bytes.len()).sum();
    assert_eq!(store.stats().unwrap().total_size, on_disk as u64);
    assert!(on_disk > 500);
}
