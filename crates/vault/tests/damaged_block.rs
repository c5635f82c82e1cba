//! A store goes on with a damaged block in its database: what comes is saved,
//! what was in the block can be saved again and deleted, and a backup that was verified is restored.
// The lints know tests by their attribute; most of this is called by tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::{Path, PathBuf};

use sigil_leveldb::env::MemoryEnv;
use sigil_storage::{Query, Store};

use common::{PASSWORD, ROOT, delete, files, message_with, open, options};

#[path = "common/mod.rs"]
mod common;

const COUNT: u32 = 120;

/// A value that begins with the time, and that nothing can compress: a block has only a few.
fn value(time: f64) -> Vec<u8> {
    let noise = (0..300_u32)
        .map(|at| (at.wrapping_add(time as u32 * 300).wrapping_mul(2_654_435_761) >> 24) as u8);
    time.to_le_bytes().into_iter().chain(noise).collect()
}

fn save(store: &Store, id: &str, time: f64) {
    store.write(message_with(id, time, "alice", "bob", &value(time))).unwrap();
}

fn sample() -> (MemoryEnv, PathBuf, Vec<u8>) {
    let env = MemoryEnv::new();
    let store = open(&env);
    for id in 0..COUNT {
        save(&store, &id.to_string(), f64::from(id));
    }
    store.purge().unwrap();
    store.close().unwrap();
    let tables = files(&env, &Path::new(ROOT).join("data-1"));
    let is_table = |path: &Path| path.extension().is_some_and(|ending| ending == "ldb");
    let (path, bytes) = tables.into_iter().find(|(path, _)| is_table(path)).unwrap();
    (env, path, bytes)
}

fn times(store: &Store) -> Vec<f64> {
    let page = store.messages(&Query { limit: 1_000, ..Query::default() }).unwrap();
    page.values.iter().map(|value| f64::from_le_bytes(value[..8].try_into().unwrap())).collect()
}

/// Calls with stores of which some messages are in a damaged block.
fn with_damage(mut body: impl FnMut(&Store)) {
    let (whole, path, bytes) = sample();
    let mut damaged = 0;
    for index in (0..bytes.len()).step_by(bytes.len() / 25) {
        let env = whole.deep_clone();
        let mut changed = bytes.clone();
        changed[index] ^= 1;
        env.write_file(&path, changed).unwrap();
        // Where more than blocks of messages is damaged it is not opened, or nothing is found.
        let Ok(store) = Store::open(ROOT, PASSWORD, options(&env)) else { continue };
        let page = store.messages(&Query { limit: 1_000, ..Query::default() });
        let Ok(page) = page else { continue };
        if (COUNT as usize - 20..COUNT as usize).contains(&page.values.len()) {
            damaged += 1;
            body(&store);
        }
    }
    assert!(damaged > 10, "{damaged}");
}

#[test]
fn what_comes_is_saved_and_a_backup_of_it_is_restored_in_order() {
    with_damage(|store| {
        for (id, time) in [("a", 5.5), ("b", 118.5), ("c", -1.0), ("d", 60.5), ("e", 200.0)] {
            save(store, id, time);
        }
        let found = times(store);
        for time in [5.5, 118.5, -1.0, 60.5, 200.0] {
            assert!(found.contains(&time), "{time} is missing");
        }
        let path = store.backup().unwrap();
        let report = store.verify_backup(&path, None).unwrap();
        assert_eq!(store.restore(&path, None).unwrap(), report);
        let restored = times(store);
        assert!(restored.is_sorted_by(|a, b| a >= b), "{restored:?}");
        assert_eq!(restored.len() as u64, report.messages);
        assert!(store.verify().unwrap().is_whole());
    });
}

#[test]
fn what_was_in_the_block_can_be_saved_again_and_deleted() {
    with_damage(|store| {
        for id in 0..COUNT {
            save(store, &id.to_string(), f64::from(id) + 0.25);
        }
        for id in 0..COUNT {
            store.write(delete(&id.to_string())).unwrap();
        }
        assert_eq!(store.stats().unwrap().messages, 0);
    });
}
