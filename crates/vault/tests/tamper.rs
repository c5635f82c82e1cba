//! Whatever is done to a file, what a store answers is right or a typed error: never a wrong value,
//! never a panic, and never more missing than is told.
// The lints know tests by their attribute; most of this is called by tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::path::Path;

use sigil_leveldb::env::MemoryEnv;
use sigil_storage::{Error, Kind, Query, Result, Store};

use common::{Events, PASSWORD, ROOT, content, delete, files, item, message, open, options};

#[path = "common/mod.rs"]
mod common;

const MESSAGES: usize = 6;

fn sample(in_tables: bool) -> MemoryEnv {
    let env = MemoryEnv::new();
    let store = open(&env);
    for id in 0..MESSAGES {
        store.write(message(&id.to_string(), id as f64, "alice", "bob")).unwrap();
    }
    store.write(message("gone", 9.0, "alice", "bob")).unwrap();
    store.write(delete("gone")).unwrap();
    for kind in [Kind::Session, Kind::Proof, Kind::Peer] {
        store.write(item(kind, "id", format!("value of {kind}").as_bytes())).unwrap();
    }
    if in_tables {
        store.purge().unwrap();
    }
    store.close().unwrap();
    env
}

/// Asks for everything and checks what is answered. What is missing was reported, or a direct
/// question for it fails.
fn interrogate(env: &MemoryEnv) -> Result<()> {
    let events = Events::default();
    let store = Store::open(ROOT, PASSWORD, events.watch(options(env)))?;
    for id in 0..MESSAGES {
        let id = id.to_string();
        // A failure is typed; that it is there and answered with nothing would be a wrong answer.
        if let Ok(value) = store.get(Kind::Message, &id) {
            assert_eq!(value.expect("lost without a word"), id);
        }
    }
    assert!(!matches!(store.get(Kind::Message, "gone"), Ok(Some(_))));
    for kind in [Kind::Session, Kind::Proof, Kind::Peer] {
        if let Ok(value) = store.get(kind, "id") {
            assert_eq!(value.expect("lost without a word"), format!("value of {kind}"));
        }
        if let Ok(items) = store.items(kind) {
            assert!(items.found.len() + items.unreadable.len() <= 1);
            let told = !events.take().is_empty() || items.found.len() == 1;
            assert!(told, "a {kind} is missing without a word");
        }
    }
    for peer in [None, Some("alice"), Some("bob")] {
        let query = Query { peer, limit: 100, before: None };
        let Ok(page) = store.messages(&query) else { continue };
        let told = events.take().len() + page.unreadable.len();
        let seen: Vec<usize> = page
            .values
            .iter()
            .map(|value| String::from_utf8(value.to_vec()).unwrap().parse().unwrap())
            .collect();
        let distinct: BTreeSet<_> = seen.iter().collect();
        assert_eq!(distinct.len(), seen.len(), "one is listed twice");
        assert!(seen.is_sorted_by(|a, b| a > b), "{seen:?}");
        assert!(seen.len() == MESSAGES || told > 0, "{seen:?} of {peer:?} without a word");
    }
    check_verdict(&store);
    Ok(())
}

/// A store that says that nothing is wrong has everything, and counts it.
fn check_verdict(store: &Store) {
    let stats = store.stats();
    let Ok(verification) = store.verify() else { return };
    if !verification.is_whole() {
        return;
    }
    let stats = stats.unwrap();
    let counts = (stats.messages, stats.sessions, stats.proofs, stats.peers);
    assert_eq!(counts, (MESSAGES as u64, 1, 1, 1), "whole, with something missing");
    for id in 0..MESSAGES {
        assert!(store.get(Kind::Message, &id.to_string()).unwrap().is_some());
    }
}

fn flip_everything(in_tables: bool) {
    let whole = sample(in_tables);
    interrogate(&whole).unwrap();
    let whole = sample(in_tables);
    let mut refused = 0;
    let mut count = 0;
    for (path, bytes) in files(&whole, Path::new(ROOT)) {
        // What stands in the engine's own log for people is read by nobody.
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.starts_with("LOG") {
            continue;
        }
        for index in 0..bytes.len() {
            let env = whole.deep_clone();
            let mut changed = bytes.clone();
            changed[index] ^= 1 << (index % 8);
            env.write_file(&path, changed).unwrap();
            let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| interrogate(&env)));
            match told {
                Ok(outcome) => refused += usize::from(outcome.is_err()),
                Err(_) => panic!("byte {index} of {}", path.display()),
            }
            count += 1;
        }
    }
    assert!(refused > 0 && count > 1_500, "{refused} of {count}");
}

#[test]
fn every_byte_of_a_store_in_its_log() {
    flip_everything(false);
}

#[test]
fn every_byte_of_a_store_in_tables() {
    flip_everything(true);
}

#[test]
fn files_that_are_cut_off() {
    let whole = sample(true);
    for (path, bytes) in files(&whole, Path::new(ROOT)) {
        for length in (0..bytes.len()).step_by(17) {
            let env = whole.deep_clone();
            env.write_file(&path, bytes[..length].to_vec()).unwrap();
            let _ = interrogate(&env);
        }
    }
}

/// A log that was cut off looks like what a power cut leaves: what it had up to there is there, as it
/// was then, and a log with nothing left is no empty store.
#[test]
fn a_log_that_is_cut_off() {
    let env = MemoryEnv::new();
    let store = open(&env);
    let mut states = vec![content(&store).unwrap()];
    for id in 0..MESSAGES {
        let id = id.to_string();
        store.write(message(&id, 1.0, "alice", "bob")).unwrap();
        states.push(content(&store).unwrap());
        store.write(item(Kind::Peer, &id, id.as_bytes())).unwrap();
        states.push(content(&store).unwrap());
        store.write(delete("2")).unwrap();
        states.push(content(&store).unwrap());
    }
    store.close().unwrap();
    let is_log = |path: &Path| path.extension().is_some_and(|ending| ending == "log");
    let (path, bytes) =
        files(&env, Path::new(ROOT)).into_iter().rfind(|(path, _)| is_log(path)).unwrap();
    let (mut opened, mut refused) = (BTreeSet::new(), 0);
    for length in 0..bytes.len() {
        let env = env.deep_clone();
        env.write_file(&path, bytes[..length].to_vec()).unwrap();
        match Store::open(ROOT, PASSWORD, options(&env)) {
            Ok(store) => {
                let found = content(&store).unwrap();
                let state = states.iter().position(|state| *state == found);
                opened.insert(state.expect("a state that never was"));
                assert!(store.verify().unwrap().is_whole());
                assert_eq!(
                    store.stats().unwrap().messages + store.stats().unwrap().peers,
                    found.len() as u64
                );
            }
            Err(error) => {
                assert!(matches!(error, Error::DataMissing(_)), "{length}: {error:?}");
                refused += 1;
            }
        }
    }
    assert!(opened.len() > 10 && refused > 20, "{opened:?} {refused}");
}
