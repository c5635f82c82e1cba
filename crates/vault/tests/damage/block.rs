//! A store goes on with a damaged block in its database: what comes is saved,
//! what was in the block can be saved again and deleted, pages lead around it, and a backup that was
//! verified is restored.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sigil_leveldb::env::MemoryEnv;
use sigil_leveldb::{Db, Options as EngineOptions};
use sigil_storage::{Before, Change, Kind, Page, Query, Store, Verification};

use crate::common::{
    Events, PASSWORD, ROOT, delete, item, message, message_with, newest_table, noise, of_peer,
    open, options, with_changed_bytes,
};

const COUNT: u32 = 120;

/// A value that begins with the time; a block has only a few.
fn value(time: f64) -> Vec<u8> {
    [&time.to_le_bytes()[..], &noise(time as u32, 300)].concat()
}

fn save(store: &Store, id: &str, time: f64) {
    store.write(message_with(id, time, "alice", "bob", &value(time))).unwrap();
}

fn sample() -> MemoryEnv {
    let env = MemoryEnv::new();
    let store = open(&env);
    for id in 0..COUNT {
        save(&store, &id.to_string(), f64::from(id));
    }
    store.purge().unwrap();
    store.close().unwrap();
    env
}

fn times(store: &Store) -> Vec<f64> {
    times_of(&store.messages(&Query { limit: 1_000, ..Query::default() }).unwrap())
}

fn times_of(page: &Page) -> Vec<f64> {
    page.values.iter().map(|value| time_of(value)).collect()
}

fn time_of(value: &[u8]) -> f64 {
    f64::from_le_bytes(value[..8].try_into().unwrap())
}

/// Calls with stores of which some messages are in a damaged block.
fn with_damage(mut body: impl FnMut(&Store)) {
    let mut damaged = 0;
    for env in with_changed_bytes(&sample(), 25) {
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
        assert!(found.is_sorted_by(|a, b| a >= b), "{found:?}");
        let path = store.backup().unwrap();
        let report = store.verify_backup(&path, None).unwrap();
        assert_eq!(store.restore(&path, None).unwrap(), report);
        let restored = times(store);
        assert!(restored.is_sorted_by(|a, b| a >= b), "{restored:?}");
        assert_eq!(restored.len() as u64, report.messages);
        // An id that was in the block is not in the backup; its message is.
        let found = store.verify().unwrap();
        assert!(Verification { loose_ends: 0, ..found.clone() }.is_whole(), "{found:?}");
    });
}

#[test]
fn what_was_in_the_block_can_be_saved_again_and_deleted() {
    with_damage(|store| {
        for id in 0..COUNT {
            save(store, &id.to_string(), f64::from(id) + 0.25);
        }
        let expected: Vec<_> = (0..COUNT).rev().map(|id| f64::from(id) + 0.25).collect();
        assert_eq!(times(store), expected);
        for id in 0..COUNT {
            store.write(delete(&id.to_string())).unwrap();
        }
        assert_eq!(store.stats().unwrap().messages, 0);
    });
}

#[test]
fn pages_around_the_block_have_what_the_whole_list_has() {
    with_damage(|store| {
        for (id, time) in [("a", 5.5), ("b", -1.0), ("c", 200.0), ("d", 60.5)] {
            save(store, id, time);
        }
        let all = times(store);
        for peer in [None, Some("alice"), Some("bob")] {
            for time in [-5.0, -1.0, 3.0, 60.5, 61.0, 118.0, 300.0] {
                let before = Some(Before::Time(time));
                let page = store.messages(&Query { limit: 1_000, peer, before }).unwrap();
                let expected = all.iter().filter(|other| **other < time);
                assert_eq!(times_of(&page), expected.copied().collect::<Vec<_>>(), "{time}");
            }
            let (mut paged, mut cursor) = (Vec::new(), None);
            loop {
                let before = cursor.as_deref().map(Before::Cursor);
                let page = store.messages(&Query { limit: 7, peer, before }).unwrap();
                paged.extend(times_of(&page));
                cursor = page.cursor;
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(paged, all);
        }
    });
}

/// What was deleted or overwritten stands below. It must not show again where what hides it is
/// damaged.
#[test]
fn older_versions_do_not_come_back() {
    let env = sample();
    let (old, _) = newest_table(&env);
    let store = open(&env);
    for id in 0..COUNT {
        store.write(item(Kind::Session, &id.to_string(), &value(f64::from(id)))).unwrap();
    }
    store.purge().unwrap();
    for number in 0..COUNT {
        let (kind, id, time) = (Kind::Session, number.to_string(), f64::from(number));
        if number % 8 == 1 {
            store.write(delete(&id)).unwrap();
            store.write(Change::DeleteItem { kind, id }).unwrap();
        } else {
            let newer = value(time + 0.5);
            store.write(message_with(&id, time, "alice", "bob", &newer)).unwrap();
            store.write(item(kind, &id, &newer)).unwrap();
        }
    }
    store.close().unwrap();
    let directory = Path::new(ROOT).join("data-1");
    let whole = EngineOptions {
        env: Arc::new(env.clone()),
        erase_within: Duration::from_secs(86_400),
        ..EngineOptions::default()
    };
    let db = Db::open(&directory, whole).unwrap();
    db.flush().unwrap();
    db.close().unwrap();
    assert!(newest_table(&env).0 > old);
    let mut damaged = 0;
    for env in with_changed_bytes(&env, 40) {
        let Ok(store) = Store::open(ROOT, PASSWORD, options(&env)) else { continue };
        damaged += u32::from(store.verify().unwrap().damaged_files > 0);
        let is_newest = |time: &f64| time.fract() == 0.5 && time.trunc() % 8.0 != 1.0;
        for _ in 0..2 {
            let found = times(&store);
            assert!(found.iter().all(is_newest), "{found:?}");
            for (_, value) in store.items(Kind::Session).unwrap().found {
                assert!(is_newest(&time_of(&value)));
            }
            let path = store.backup().unwrap();
            store.restore(&path, None).unwrap();
        }
    }
    assert!(damaged > 10, "{damaged}");
}

/// The key is replaced although a block is damaged, and nothing but what is in the block goes with
/// the old one. Where the files cannot be compacted, that is what makes deleted things unreadable.
#[test]
fn a_key_is_replaced_and_deleted_things_are_purged() {
    with_damage(|store| {
        save(store, "goes", 300.0);
        let before = times(store);
        store.rotate_key().unwrap();
        assert_eq!(times(store), before);
        let resealed = store.metrics().resealed;
        assert!(resealed >= u64::from(COUNT), "{resealed}");
        store.write(delete("goes")).unwrap();
        store.purge().unwrap();
        // What cannot be compacted was encrypted again, with a key that is destroyed.
        assert!(store.metrics().resealed > resealed + u64::from(COUNT));
        assert_eq!(times(store), before[1..]);
    });
}

#[test]
fn a_block_of_the_database_that_is_damaged_hides_no_more_than_it_has() {
    let (mut hidden, mut rescued) = (0, 0);
    for env in with_changed_bytes(&sample(), 40) {
        let events = Events::default();
        let Ok(store) = Store::open(ROOT, PASSWORD, events.watch(options(&env))) else { continue };
        // A backup has the rest, and takes it to where nothing is damaged.
        if let Ok(path) = store.backup() {
            let report = store.verify_backup(&path, None).unwrap();
            assert!(report.messages >= u64::from(COUNT) - 20);
            assert!(report.messages == u64::from(COUNT) || report.skipped > 0);
            rescued += u32::from(report.skipped > 0);
        }
        // What comes is saved, and is the newest.
        store.write(message("new", 1e9, "carol", "dave")).unwrap();
        assert_eq!(of_peer(&store, "carol", 9), ["new"]);
        store.write(delete("new")).unwrap();
        events.take();
        for peer in [None, Some("bob")] {
            let query = Query { peer, limit: 1_000, before: None };
            let Ok(page) = store.messages(&query) else { continue };
            let missing = COUNT as usize - page.values.len();
            assert!(missing <= 20, "{missing} are missing");
            if missing > 0 {
                hidden += 1;
                let told = events.take();
                assert!(!told.is_empty(), "{missing} are missing without a word");
            }
        }
    }
    assert!(hidden > 5 && rescued > 5, "{hidden} {rescued}");
}
