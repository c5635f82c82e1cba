//! Messages are listed by time, the newest first, and those of one time by when they were saved;
//! not by id, and whatever the order in which they came.

use proptest::prelude::*;
use sigil_leveldb::env::MemoryEnv;

use crate::common::{message, of_peer, open, recent};

#[test]
fn by_time_and_not_by_id() {
    let store = open(&MemoryEnv::new());
    for (id, time) in [("b", 3.0), ("c", 1.0), ("a", 2.0)] {
        store.write(message(id, time, "x", "y")).unwrap();
    }
    assert_eq!(recent(&store, 10), ["b", "a", "c"]);
    assert_eq!(recent(&store, 2), ["b", "a"]);
    assert!(recent(&store, 0).is_empty());
}

#[test]
fn the_same_peer_and_millisecond_overwrite_nothing() {
    let store = open(&MemoryEnv::new());
    for id in ["1", "2", "3"] {
        store.write(message(id, 5.0, "x", "y")).unwrap();
    }
    assert_eq!(of_peer(&store, "x", 10), ["3", "2", "1"]);
    // Saved again at the same time it keeps its place.
    store.write(message("1", 5.0, "x", "y")).unwrap();
    assert_eq!(of_peer(&store, "y", 10), ["3", "2", "1"]);
}

#[test]
fn times_below_zero_and_between_milliseconds() {
    let store = open(&MemoryEnv::new());
    let times = [0.0, -1.0, 0.5, f64::INFINITY, f64::NEG_INFINITY, 1e300, 1.0];
    for (index, time) in times.into_iter().enumerate() {
        store.write(message(&index.to_string(), time, "", "")).unwrap();
    }
    assert_eq!(recent(&store, 10), ["3", "5", "6", "2", "0", "1", "4"]);
}

#[test]
fn one_message_of_the_future_does_not_disturb_those_after_it() {
    let env = MemoryEnv::new();
    let store = open(&env);
    store.write(message("future", 1e15, "x", "y")).unwrap();
    let ids: Vec<_> = (0..300).map(|index| index.to_string()).collect();
    for (time, id) in ids.iter().enumerate() {
        store.write(message(id, time as f64, "x", "y")).unwrap();
    }
    let expected: Vec<_> = ids.iter().rev().take(5).cloned().collect();
    assert_eq!(recent(&store, 6)[1..], expected);
    store.close().unwrap();
    assert_eq!(recent(&open(&env), 6)[1..], expected);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_times_in_groups_of_any_size(
        times in prop::collection::vec(0_u8..40, 1..120),
        group in 1_usize..40,
        restarts in any::<bool>(),
    ) {
        let env = MemoryEnv::new();
        let mut store = open(&env);
        let change = |(id, time): (usize, &u8)| message(&id.to_string(), f64::from(*time), "x", "y");
        let changes: Vec<_> = times.iter().enumerate().map(change).collect();
        for group in changes.chunks(group) {
            for result in store.write_all(group) {
                result.unwrap();
            }
            if restarts {
                store.close().unwrap();
                store = open(&env);
            }
        }
        let mut expected: Vec<_> = times.iter().zip(0_usize..).collect();
        expected.sort();
        let expected: Vec<_> = expected.into_iter().rev().map(|(_, id)| id.to_string()).collect();
        prop_assert_eq!(recent(&store, 1_000), expected.clone());
        prop_assert_eq!(of_peer(&store, "x", 7), expected.into_iter().take(7).collect::<Vec<_>>());
        prop_assert!(store.verify().unwrap().is_whole());
    }
}
