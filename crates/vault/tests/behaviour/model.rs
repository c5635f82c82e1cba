//! Random changes, restarts, backups and rotations against a model that is a list.

use proptest::prelude::*;
use sigil_leveldb::env::MemoryEnv;
use sigil_storage::{Kind, Store};

use crate::common::{delete, message, of_peer, open, recent};

#[derive(Debug, Clone)]
enum Step {
    Save { id: u8, time: u8, sender: u8, recipient: u8 },
    Delete { id: u8 },
    Restart,
    Rotate,
    Clear,
    Backup,
    Restore,
}

fn step() -> impl Strategy<Value = Step> {
    let save = (0_u8..20, 0_u8..9, 0_u8..4, 0_u8..4);
    prop_oneof![
        30 => save.prop_map(|(id, time, sender, recipient)| Step::Save { id, time, sender, recipient }),
        8 => (0_u8..20).prop_map(|id| Step::Delete { id }),
        2 => Just(Step::Restart),
        1 => Just(Step::Rotate),
        1 => Just(Step::Clear),
        2 => Just(Step::Backup),
        2 => Just(Step::Restore),
    ]
}

/// A message: id, time, when it came to that time, peers.
type Row = (u8, u8, usize, [String; 2]);

fn peer(number: u8) -> String {
    if number == 0 { String::new() } else { format!("peer {number}") }
}

fn newest(rows: &[Row]) -> Vec<String> {
    let mut rows: Vec<_> = rows.iter().map(|(id, time, came, _)| (*time, *came, *id)).collect();
    rows.sort();
    rows.iter().rev().map(|(_, _, id)| id.to_string()).collect()
}

fn check(store: &Store, rows: &[Row]) {
    assert_eq!(recent(store, 100), newest(rows));
    assert_eq!(store.stats().unwrap().messages, rows.len() as u64);
    for number in 1..4 {
        let peer = peer(number);
        let of: Vec<_> = rows.iter().filter(|(.., peers)| peers.contains(&peer)).cloned().collect();
        assert_eq!(of_peer(store, &peer, 100), newest(&of));
    }
    for id in 0..20_u8 {
        let is_there = store.get(Kind::Message, &id.to_string()).unwrap().is_some();
        assert_eq!(is_there, rows.iter().any(|(other, ..)| *other == id));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_store_is_a_list_of_messages(steps in prop::collection::vec(step(), 1..80)) {
        let env = MemoryEnv::new();
        let mut store = open(&env);
        let mut rows: Vec<Row> = Vec::new();
        let mut backup = None;
        for (now, step) in steps.into_iter().enumerate() {
            match step {
                Step::Save { id, time, sender, recipient } => {
                    let peers = [peer(sender), peer(recipient)];
                    store.write(message(&id.to_string(), time.into(), &peers[0], &peers[1])).unwrap();
                    let old = rows.iter().position(|row| row.0 == id).map(|at| rows.remove(at));
                    let came = old.filter(|old| old.1 == time).map_or(now, |old| old.2);
                    rows.push((id, time, came, peers));
                }
                Step::Delete { id } => {
                    store.write(delete(&id.to_string())).unwrap();
                    rows.retain(|row| row.0 != id);
                }
                Step::Restart => {
                    store.close().unwrap();
                    store = open(&env);
                }
                Step::Rotate => store.rotate_key().unwrap(),
                Step::Clear => {
                    store.clear().unwrap();
                    rows.clear();
                }
                Step::Backup => backup = Some((store.backup().unwrap(), rows.clone())),
                Step::Restore => {
                    if let Some((path, then)) = &backup {
                        store.restore(path, None).unwrap();
                        rows.clone_from(then);
                    }
                }
            }
            check(&store, &rows);
        }
        let verification = store.verify().unwrap();
        prop_assert!(verification.is_whole(), "{:?}", verification);
    }
}
